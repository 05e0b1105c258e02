"""How fast the Shadow hand's and Fetch tasks of gymnasium-robotics are stepped, beside the ways people step them today.

`sim2real bench sim --task gym/HandManipulateBlockRotateXYZ-v1 --json` prints what `measure` returns. Peers step the original
in its nominal world; ours steps it at the same physics with a whole published randomization on, and, where there is one,
this project's fast task of the same object beside it, as many control steps a second of time but larger physics steps, and
how far its physics departs from stock (`benchmarks.departure`). All take random actions, two threads, in turns of a second.

- `gymnasium.vector.AsyncVectorEnv`, a process for each environment;
- EnvPool's C++ environments, if `envpool` is installed (extra `peers`).
"""

from __future__ import annotations

import enum
import sys
import time
import types
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import gymnasium
import mujoco
import numpy as np

from benchmarks import departure
from benchmarks.rows import Row
from randomizers import preset
from sim2real.tasks import make_task
from sim2real.tasks.shadow_hand import ShadowHand
from sim2real.tasks.task import Task
from sim2real.trials.trial_env import TrialEnv

PRESET = "dactyl2018"
PROCESSES = 8
FAST = {"HandManipulateBlock": "shadow/block-rotate-z", "HandReach": "shadow/reach"}
"""This project's fast task by how the original's name begins."""
LEAST = {"AsyncVectorEnv": (2.0, 5.0), "EnvPool": (1.2, 2.5)}
"""What our speed is to be of each peer's: at the original's physics, and at the fast one's."""
DEPARTING = 64
"""Worlds in which the fast task's physics is held against stock."""
TURN = 1.0  # s

Turn = Callable[[float], tuple[int, float]]
"""Steps for so many seconds; the control steps made and the time it took."""


def measure(task: Task, worlds: Sequence[int], seconds: float, threads: int) -> Iterator[Row]:
    """All rows of one task for each number of worlds."""
    name = task.name.removeprefix("gym/")
    fast = next((fast for start, fast in FAST.items() if name.startswith(start)), None)
    peers = {"AsyncVectorEnv": _async(name), **_envpool(name, threads)}
    for n in worlds:
        turns = {**peers, "ours": _ours(task.name, n, threads)}
        if fast is not None:
            turns["fast"] = _ours(fast, n, threads)
        speeds = _in_turns(turns, seconds)
        ours = f"{name} {n} worlds, {PRESET}"
        yield Row(f"{ours}, ours", speeds["ours"], "env steps/s", "", None)
        if fast is not None:
            yield Row(f"{fast} {n} worlds, {PRESET}", speeds["fast"], "env steps/s", "", None)
        for peer in peers:
            yield Row(f"{name}, {peer}", speeds[peer], "env steps/s", "", None)
            exact, least_fast = LEAST[peer]
            ratio = speeds["ours"] / speeds[peer]
            yield Row(f"{ours}, ours to {peer}", ratio, "1", f">= {exact:g}", ratio >= exact)
            if fast is not None:
                ratio = speeds["fast"] / speeds[peer]
                yield Row(f"{fast} {n} worlds to {peer}", ratio, "1", f">= {least_fast:g}", ratio >= least_fast)
    if fast is not None:
        hand = make_task(fast)
        assert isinstance(hand, ShadowHand)
        yield from departure.measure(hand, DEPARTING, threads)


def _in_turns(turns: dict[str, Turn], seconds: float) -> dict[str, float]:
    """Control steps/s of each, measured for so many seconds; the first turn of each warms up."""
    steps = dict.fromkeys(turns, 0)
    took = dict.fromkeys(turns, 0.0)
    for turn in turns.values():
        turn(TURN)
    while min(took.values()) < seconds:
        for name, turn in turns.items():
            made, time_taken = turn(TURN)
            steps[name], took[name] = steps[name] + made, took[name] + time_taken
    return {name: steps[name] / took[name] for name in turns}


def _stepping(step: Callable[[np.ndarray], object], n: int, actions: int, seconds: float) -> tuple[int, float]:
    rng = np.random.default_rng(0)
    made, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        step(rng.uniform(-1, 1, (n, actions)).astype(np.float32))
        made += n
    return made, time.perf_counter() - began


def _ours(name: str, n: int, threads: int) -> Turn:
    task = make_task(name)
    env = TrialEnv(task, n, preset(PRESET, task.target), seed=0, threads=threads)
    env.reset()
    assert task.action_space.shape is not None
    return partial(_stepping, env.step, n, task.action_space.shape[0])


def _async(name: str) -> Turn:
    vector = gymnasium.vector.AsyncVectorEnv([partial(_original, name)] * PROCESSES)
    vector.reset(seed=0)
    assert vector.single_action_space.shape is not None
    return partial(_stepping, vector.step, PROCESSES, vector.single_action_space.shape[0])


def _envpool(name: str, threads: int) -> dict[str, Turn]:
    try:
        import envpool
    except ImportError:
        print("EnvPool is not measured: it is not installed; pip install 'sim2real[peers]'", file=sys.stderr)
        return {}
    if name not in envpool.list_all_envs():
        print(f"EnvPool is not measured: it has no {name}", file=sys.stderr)
        return {}
    worlds = 64
    pool = envpool.make_gymnasium(name, num_envs=worlds, num_threads=threads or 2)
    pool.reset()
    return {"EnvPool": partial(_stepping, pool.step, worlds, pool.action_space.shape[0])}


def _original(name: str) -> gymnasium.Env:
    """The original, which from mujoco 3.12 on compares enums with NumPy's integers, to which they are not equal."""
    import gymnasium_robotics
    from gymnasium_robotics.utils import mujoco_utils

    class Comparable(types.ModuleType):
        def __getattr__(self, attribute: str) -> object:
            return getattr(mujoco, attribute)

    patched = Comparable("mujoco")
    for kind in (mujoco.mjtJoint, mujoco.mjtEq):
        members = {member: int(value) for member, value in kind.__members__.items()}
        setattr(patched, kind.__name__, enum.IntEnum(kind.__name__, members))
    mujoco_utils.mujoco = patched
    gymnasium.register_envs(gymnasium_robotics)
    return gymnasium.make(name)
