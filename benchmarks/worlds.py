"""What randomization costs: drawing a published preset anew, and stepping in its worlds, beside stepping without it.

`sim2real bench worlds --json` prints what `measure` returns. Stepping is compared twice, both times with worlds without any
term, which have neither channels nor fields of their own:

- under the same random actions. The preset's noise shakes the hand, so that other things touch than do without; MuJoCo takes
  longer where more touch. This is how much slower a training step gets, and says as much of the hand as of the code.
- in the same motion: every control step of the run without starts from the state that the run with had, and is given the very
  controls and forces that came out of its channels. MuJoCo has the same contacts to solve on both sides, and what is left is
  the cost of randomizing: channels, random numbers, and fields of each world's own. This is the figure that is asked for.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.rows import Row
from randomizers import WorldDistribution, preset
from sim2real.tasks.robot_simulation import RobotSimulation
from sim2real.tasks.robot_task import RobotTask
from sim2real.trials.trial_env import TrialEnv

PRESET = "dactyl2018"
REDRAWN = 1024
MOST_SECONDS = 0.5
LEAST_SHARE = 0.9
CHUNK = 40


def measure(task: RobotTask, worlds: Sequence[int], seconds: float, threads: int) -> Iterator[Row]:
    """All rows of one task."""
    distribution = preset(PRESET, task.target)
    redrawn = _redraw(task, distribution, threads)
    name = f"{task.name} {PRESET}"
    yield Row(f"{name}, all of {REDRAWN} worlds redrawn", redrawn, "s", f"< {MOST_SECONDS}", redrawn < MOST_SECONDS)
    for n in worlds:
        with_it, without, same_motion = _stepping(task, distribution, n, seconds, threads)
        yield Row(f"{name} {n} worlds, stepping", with_it.speed, "env steps/s", "", None)
        yield Row(f"{name} {n} worlds, of a step in MuJoCo", with_it.physics, "1", "", None)
        yield Row(f"{name} {n} worlds, without, same actions", without.speed, "env steps/s", "", None)
        yield Row(f"{name} {n} worlds, without, same motion", same_motion.speed, "env steps/s", "", None)
        yield Row(f"{name} {n} worlds, share of that at the same actions", with_it.speed / without.speed, "1", "", None)
        share = with_it.speed / same_motion.speed
        wanted = f">= {LEAST_SHARE}"
        yield Row(f"{name} {n} worlds, share of that in the same motion", share, "1", wanted, share >= LEAST_SHARE)


def _redraw(task: RobotTask, distribution: WorldDistribution, threads: int) -> float:
    """Time to draw so many worlds, compute their fields and write them, constants recomputed; the best of three."""
    simulation = task.simulate(REDRAWN, threads, distribution)
    rng, everything = np.random.default_rng(0), np.arange(REDRAWN)
    best = float("inf")
    for _ in range(3):
        began = time.perf_counter()
        simulation.load(everything, distribution.sample(rng, REDRAWN), everything)
        best = min(best, time.perf_counter() - began)
    return best


@dataclass
class _Side:
    """Worlds that are stepped, and the time that takes."""

    simulation: RobotSimulation
    seconds: float = 0.0
    """In whole steps and observations."""
    inside: float = 0.0
    """Of these in MuJoCo."""
    steps: int = 0
    """Control steps of a world."""

    @property
    def speed(self) -> float:
        """Control steps of a world per second."""
        return self.steps / self.seconds

    @property
    def physics(self) -> float:
        """Share of the time that is spent in MuJoCo."""
        return self.inside / self.seconds

    def step(self, action: np.ndarray) -> None:
        """One control step with action (n, a), and what is observed then."""
        began = time.perf_counter()
        self.simulation.step(action)
        self.simulation.observe()
        self.seconds += time.perf_counter() - began
        self.steps += self.simulation.n

    def forget(self) -> None:
        """What was timed until now was to warm up."""
        self.seconds, self.inside, self.steps = 0.0, 0.0, 0


def _stepping(task: RobotTask, distribution: WorldDistribution, n: int, seconds: float, threads: int) -> list[_Side]:
    """Worlds of the preset, worlds without any term under the same random actions, and such worlds in the motion of the
    first.

    They take turns, control step by control step, episodes starting together and not counted.
    """
    bare = WorldDistribution((), task.target, task.name)
    sides = [_Side(_started(task, chosen, n, threads)) for chosen in (distribution, bare, bare)]
    rng, everything, episodes = np.random.default_rng(0), np.arange(n), np.zeros(n, np.int64)
    _follow(*(_time_physics(side) for side in sides))
    steps = 0
    while sum(side.seconds for side in sides) < 3 * seconds or steps < 2 * CHUNK:
        if steps % CHUNK == 0:
            for side in sides:
                side.simulation.reset(everything, episodes)
        action = rng.uniform(-1, 1, (n, *task.action_space.shape)).astype(np.float32)
        for side in sides:
            side.step(action)
        steps += 1
        if steps == CHUNK:
            for side in sides:
                side.forget()
    return sides


def _time_physics(side: _Side) -> _Side:
    """Adds up the time of its physics steps from now on."""
    step = side.simulation.sim.step

    def timed(substeps: int, **options: Any) -> np.ndarray:
        began = time.perf_counter()
        diverged = step(substeps, **options)
        side.inside += time.perf_counter() - began
        return diverged

    side.simulation.sim.step = timed  # type: ignore[method-assign]
    return side


def _follow(first: _Side, _: _Side, last: _Side) -> None:
    """Has the last side make every physics step that the first made, from the same states with the same controls and
    forces; the time that takes to set is no part of what it takes to step."""
    leader, follower = first.simulation.sim, last.simulation.sim
    lead, follow, made = leader.step, follower.step, {}

    def leading(substeps: int, **options: Any) -> np.ndarray:
        began = time.perf_counter()
        made.update(state=leader.state(), ctrl=leader.ctrl.copy(), force=leader.xfrc_applied.copy())
        first.seconds -= time.perf_counter() - began
        return lead(substeps, **options)

    def following(substeps: int, **options: Any) -> np.ndarray:
        began = time.perf_counter()
        follower.restore(made["state"])
        follower.ctrl[:], follower.xfrc_applied[:] = made["ctrl"], made["force"]
        last.seconds -= time.perf_counter() - began
        return follow(substeps, **options)

    leader.step, follower.step = leading, following  # type: ignore[method-assign]


def _started(task: RobotTask, distribution: WorldDistribution, n: int, threads: int) -> RobotSimulation:
    env = TrialEnv(task, n, distribution, seed=0, threads=threads)
    env.reset()
    assert isinstance(env.simulation, RobotSimulation)
    return env.simulation
