"""How fast randomized worlds are stepped, as a ratio to the batched physics alone, taken in one run.

`sim2real bench sim --json` prints what `measure` returns.
"""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any

import mjbatch
import numpy as np

from benchmarks.rows import Row
from sim2real.tasks.robot_simulation import RobotSimulation
from sim2real.tasks.robot_task import RobotTask
from sim2real.trials.trial_env import TrialEnv

LEAST_RATIO = 0.85
MOST_MEMORY = 100.0  # kB
MOST_DRAWING = 0.02
LEAST_SPEED = {"leap/rotate-z": 10_000.0}  # env steps/s on two idle cores
CHUNK = 40
FURTHER = 1024  # worlds


def measure(task: RobotTask, worlds: Sequence[int], seconds: float, threads: int) -> Iterator[Row]:
    """All rows of one task."""
    fastest = 0.0
    for n in worlds:
        speed, alone = _against_physics(task, n, seconds, threads)
        fastest = max(fastest, speed)
        yield Row(f"{task.name} {n} worlds, TrialEnv", speed, "env steps/s", "", None)
        yield Row(f"{task.name} {n} worlds, mjbatch.Batch.step alone", alone, "env steps/s", "", None)
        ratio = speed / alone
        yield Row(f"{task.name} {n} worlds, share of that limit", ratio, "1", f">= {LEAST_RATIO}", ratio >= LEAST_RATIO)
    if task.name in LEAST_SPEED:
        least = LEAST_SPEED[task.name]
        yield Row(f"{task.name} fastest", fastest, "env steps/s", f"> {least:g}", fastest > least)
    memory = (_memory(task.name, 64 + FURTHER) - _memory(task.name, 64)) / FURTHER / 1000
    yield Row(f"{task.name} memory per further world", memory, "kB", f"< {MOST_MEMORY:g}", memory < MOST_MEMORY)
    share = _drawing(task, 256, threads)
    yield Row(
        f"{task.name} drawing and writing worlds, share of stepping",
        share,
        "1",
        f"< {MOST_DRAWING}",
        share < MOST_DRAWING,
    )


def _against_physics(task: RobotTask, n: int, seconds: float, threads: int) -> tuple[float, float]:
    """Env steps/s of TrialEnv under random actions, and of bare `Batch.step` from the very same states and controls.

    They take turns, chunk by chunk, so that a machine that slows down slows both.
    """
    env = TrialEnv(task, n, seed=0, threads=threads)
    env.reset()
    simulation = env.simulation
    assert isinstance(simulation, RobotSimulation)
    batch = mjbatch.Batch(task.model, n, threads)
    state = batch.bind("state")
    rng = np.random.default_rng(0)
    before_physics: list[np.ndarray] = []
    step = simulation.sim.step

    recording = 0.0

    def recorded(substeps: int, **options: Any) -> np.ndarray:
        nonlocal recording
        began = time.perf_counter()
        before_physics.append(simulation.sim.state())
        recording += time.perf_counter() - began
        return step(substeps, **options)

    simulation.sim.step = recorded  # type: ignore[method-assign]
    whole = alone = 0.0
    steps = 0
    while whole + alone < 2 * seconds or steps < 2 * CHUNK:
        actions = rng.uniform(-1, 1, (CHUNK, n, *task.action_space.shape)).astype(np.float32)
        before_physics.clear()
        recording = 0.0
        began = time.perf_counter()
        for action in actions:
            env.step(action)
        took = time.perf_counter() - began - recording
        replayed = 0.0
        for row in before_physics:
            state[:] = row
            began = time.perf_counter()
            batch.step(nstep=task.substeps)
            replayed += time.perf_counter() - began
        if steps:  # the first chunk warms up
            whole, alone = whole + took, alone + replayed
        steps += CHUNK
    counted = (steps - CHUNK) * n
    return counted / whole, counted / alone


def _memory(task: str, n: int) -> int:
    """Resident bytes of a fresh process that has stepped n worlds."""
    code = (
        "import numpy as np, sys\n"
        "from sim2real.tasks import make_task\n"
        "from sim2real.trials.trial_env import TrialEnv\n"
        f"task = make_task({task!r})\n"
        f"env = TrialEnv(task, {n}, seed=0)\n"
        "env.reset()\n"
        f"for _ in range(3): env.step(np.zeros(({n}, *task.action_space.shape), np.float32))\n"
        "import gc; gc.collect()\n"
        "print([int(l.split()[1]) * 1024 for l in open('/proc/self/status') if l.startswith('VmRSS')][0])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=dict(os.environ)
    )
    return int(done.stdout.split()[-1])


def _drawing(task: RobotTask, n: int, threads: int) -> float:
    """Time to draw and write a world, one at a time as trials end, over the time to step its whole trial."""
    env = TrialEnv(task, n, seed=0, threads=threads)
    env.reset()
    everything = np.arange(n)
    gc.collect()
    rng = np.random.default_rng(0)
    began = time.perf_counter()
    for _ in range(CHUNK):
        env.step(rng.uniform(-1, 1, (n, *task.action_space.shape)).astype(np.float32))
    step = (time.perf_counter() - began) / CHUNK / n
    simulation, distribution = env.simulation, env.distribution
    began = time.perf_counter()
    for start in range(0, n, 64):
        drawn = distribution.sample(rng, 64)
        for pick in range(64):
            simulation.load(everything[start + pick : start + pick + 1], drawn, np.array([pick]))
    load = (time.perf_counter() - began) / n
    return load / (step * task.episode_steps * env.episodes_per_trial)
