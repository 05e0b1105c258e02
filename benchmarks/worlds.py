"""What randomization costs: drawing a published preset anew, and stepping in its worlds, beside stepping without it.

`sim2real bench worlds --json` prints what `measure` returns.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
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
        (with_it, physics_with), (without, physics_without) = _stepping(task, distribution, n, seconds, threads)
        share = with_it / without
        yield Row(f"{name} {n} worlds, stepping", with_it, "env steps/s", "", None)
        yield Row(f"{name} {n} worlds, stepping without", without, "env steps/s", "", None)
        yield Row(f"{name} {n} worlds, share of that", share, "1", f">= {LEAST_SHARE}", share >= LEAST_SHARE)
        # What noise makes the robot do costs MuJoCo time too: the same share as if its physics cost as much on both sides.
        own = (1 / with_it - physics_with) + physics_without
        yield Row(f"{name} {n} worlds, share of that but for what physics costs", 1 / without / own, "1", "", None)


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


def _stepping(
    task: RobotTask, distribution: WorldDistribution, n: int, seconds: float, threads: int
) -> list[tuple[float, float]]:
    """Control steps/s in the preset's worlds and in nominal ones without any term, under random actions, and the time [s]
    of each step of a world that is spent in MuJoCo.

    They take turns, chunk by chunk, each from start states, so that as many objects are still in hand on both sides;
    starting episodes is not counted.
    """
    bare = WorldDistribution((), task.target, task.name)
    simulations = [_started(task, chosen, n, threads) for chosen in (distribution, bare)]
    rng, everything, episodes = np.random.default_rng(0), np.arange(n), np.zeros(n, np.int64)
    inside = [_timed_physics(simulation) for simulation in simulations]
    took = [0.0, 0.0]
    steps = 0
    while sum(took) < 2 * seconds or steps < 2 * CHUNK:
        actions = rng.uniform(-1, 1, (CHUNK, n, *task.action_space.shape)).astype(np.float32)
        for side, simulation in enumerate(simulations):
            simulation.reset(everything, episodes)
            began = time.perf_counter()
            for action in actions:
                simulation.step(action)
                simulation.observe()
            if steps:  # the first chunk warms up
                took[side] += time.perf_counter() - began
            else:
                inside[side].clear()
        steps += CHUNK
    counted = (steps - CHUNK) * n
    return [(counted / took[side], sum(inside[side]) / counted) for side in (0, 1)]


def _timed_physics(simulation: RobotSimulation) -> list[float]:
    """The seconds of every physics step from now on."""
    taken: list[float] = []
    step = simulation.sim.step

    def timed(substeps: int, **options: Any) -> np.ndarray:
        began = time.perf_counter()
        diverged = step(substeps, **options)
        taken.append(time.perf_counter() - began)
        return diverged

    simulation.sim.step = timed  # type: ignore[method-assign]
    return taken


def _started(task: RobotTask, distribution: WorldDistribution, n: int, threads: int) -> RobotSimulation:
    env = TrialEnv(task, n, distribution, seed=0, threads=threads)
    env.reset()
    assert isinstance(env.simulation, RobotSimulation)
    return env.simulation
