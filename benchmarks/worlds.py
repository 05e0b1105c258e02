"""What randomization costs: drawing a published preset anew, and stepping in its worlds, beside stepping without it.

`sim2real bench worlds --json` prints what `measure` returns. Stepping is compared twice, both times with worlds without any
term, which have neither channels nor model fields of their own:

- in the worlds that are drawn, under the same random actions. The preset's noise shakes the hand, so that other things touch
  than do without, and MuJoCo takes longer where more touch. This is how much slower a training step gets; it says as much of
  the hand as of the code.
- in the same motion: the channels do all that they do, but the model fields, though each world has its own, hold the nominal
  numbers, and the worlds without are given the very controls and forces that came out of the channels. Both sides then move
  alike to the last bit, which is checked, MuJoCo has the same contacts to solve, and what is left is the cost of randomizing:
  random numbers, channels, and reading every world's own fields.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.rows import Row
from randomizers import WorldDistribution, preset
from randomizers.fields import nominal_rows
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
        with_it, without = _in_the_same_worlds(task, distribution, n, seconds, threads)
        yield Row(f"{name} {n} worlds, stepping", with_it.speed, "env steps/s", "", None)
        yield Row(f"{name} {n} worlds, of which MuJoCo", with_it.physics, "1", "", None)
        yield Row(f"{name} {n} worlds, without, same actions", without.speed, "env steps/s", "", None)
        share = with_it.speed / without.speed
        yield Row(f"{name} {n} worlds, share, same actions", share, "1", f">= {LEAST_SHARE}", share >= LEAST_SHARE)
        with_it, without = _in_the_same_motion(task, distribution, n, seconds, threads)
        share = with_it.speed / without.speed
        yield Row(f"{name} {n} worlds, stepping in nominal fields", with_it.speed, "env steps/s", "", None)
        yield Row(f"{name} {n} worlds, without, same motion", without.speed, "env steps/s", "", None)
        yield Row(f"{name} {n} worlds, share, same motion", share, "1", f">= {LEAST_SHARE}", share >= LEAST_SHARE)


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


def _in_the_same_worlds(
    task: RobotTask, distribution: WorldDistribution, n: int, seconds: float, threads: int
) -> list[_Side]:
    """Worlds of the preset, and worlds without any term, under the same random actions."""
    sides = [_Side(_started(task, chosen, n, threads)) for chosen in (distribution, _bare(task))]
    for side in sides:
        _time_physics(side)
    for chunk in _chunks(task, n, sides, seconds):
        for action in chunk:
            for side in sides:
                side.step(action)
    return sides


def _in_the_same_motion(
    task: RobotTask, distribution: WorldDistribution, n: int, seconds: float, threads: int
) -> list[_Side]:
    """Worlds of the preset with nominal model fields, and worlds without any term that make the same motion."""
    sides = [_Side(_started(task, chosen, n, threads)) for chosen in (distribution, _bare(task))]
    leader, follower = (side.simulation.sim for side in sides)
    everything = np.arange(n)
    nominal = {field: nominal_rows(distribution.target, (field,), n)[field] for field in leader.fields}
    leader.load(everything, nominal, distribution.recompute)
    _follow(*sides, nominal)
    for chunk in _chunks(task, n, sides, seconds):
        follower.restore(leader.state())
        for action in chunk:
            for side in sides:
                side.step(action)
        assert np.array_equal(leader.qpos, follower.qpos) or leader.diverged_steps, "they have not made the same motion"
    return sides


def _bare(task: RobotTask) -> WorldDistribution:
    return WorldDistribution((), task.target, task.name)


def _chunks(task: RobotTask, n: int, sides: Sequence[_Side], seconds: float) -> Iterator[np.ndarray]:
    """Random actions (steps, n, a) of one chunk after the other, until each side has been stepped for so long. Each begins
    with an episode, which is not counted, so that as many objects are still in hand on both sides; sides take turns step by
    step, so that what else the machine does takes as much of either."""
    rng, everything, episodes = np.random.default_rng(0), np.arange(n), np.zeros(n, np.int64)
    warm = False
    while not warm or sum(side.seconds for side in sides) < len(sides) * seconds:
        for side in sides:
            side.simulation.reset(everything, episodes)
        yield rng.uniform(-1, 1, (CHUNK, n, *task.action_space.shape)).astype(np.float32)
        if not warm:
            warm = True
            for side in sides:
                side.forget()


def _time_physics(side: _Side) -> None:
    """Adds up the time of its physics steps from now on."""
    step = side.simulation.sim.step

    def timed(substeps: int, **options: Any) -> np.ndarray:
        began = time.perf_counter()
        diverged = step(substeps, **options)
        side.inside += time.perf_counter() - began
        return diverged

    side.simulation.sim.step = timed  # type: ignore[method-assign]


def _follow(first: _Side, last: _Side, fields: Mapping[str, np.ndarray]) -> None:
    """Has the last side make every step with the controls and forces that the first made it with just before, whose time
    steps stay those in `fields`; the time that takes to set is no part of what it takes to step."""
    leader, follower = first.simulation.sim, last.simulation.sim
    lead, follow = leader.step, follower.step
    controls, forces = leader.ctrl.copy(), leader.xfrc_applied.copy()

    def leading(substeps: int, **options: Any) -> np.ndarray:
        began = time.perf_counter()
        leader.fields["timestep"][:] = fields["timestep"]
        controls[:], forces[:] = leader.ctrl, leader.xfrc_applied
        first.seconds -= time.perf_counter() - began
        return lead(substeps, **options)

    def following(substeps: int, **options: Any) -> np.ndarray:
        began = time.perf_counter()
        follower.ctrl[:], follower.xfrc_applied[:] = controls, forces
        last.seconds -= time.perf_counter() - began
        return follow(substeps, **options)

    leader.step, follower.step = leading, following  # type: ignore[method-assign]


def _started(task: RobotTask, distribution: WorldDistribution, n: int, threads: int) -> RobotSimulation:
    env = TrialEnv(task, n, distribution, seed=0, threads=threads)
    env.reset()
    assert isinstance(env.simulation, RobotSimulation)
    return env.simulation
