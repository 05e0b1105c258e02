"""What randomization costs: drawing a published preset anew, and stepping in its worlds, beside stepping without it.

`sim2real bench worlds --json` prints what `measure` returns.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

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
        with_it, without = _stepping(task, distribution, n, seconds, threads)
        share = with_it / without
        yield Row(f"{name} {n} worlds, stepping", with_it, "env steps/s", "", None)
        yield Row(f"{name} {n} worlds, stepping without", without, "env steps/s", "", None)
        yield Row(f"{name} {n} worlds, share of that", share, "1", f">= {LEAST_SHARE}", share >= LEAST_SHARE)


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
) -> tuple[float, float]:
    """Control steps/s of a simulation in the preset's worlds and in nominal ones without any term.

    The robot holds still, so that both have the same contacts and neither starts episodes; they take turns, chunk by
    chunk.
    """
    bare = WorldDistribution((), task.target, task.name)
    simulations = [_started(task, chosen, n, threads) for chosen in (distribution, bare)]
    hold = np.zeros((n, *task.action_space.shape), np.float32)
    took = [0.0, 0.0]
    steps = 0
    while sum(took) < 2 * seconds or steps < 2 * CHUNK:
        for side, simulation in enumerate(simulations):
            began = time.perf_counter()
            for _ in range(CHUNK):
                simulation.step(hold)
                simulation.observe()
            if steps:  # the first chunk warms up
                took[side] += time.perf_counter() - began
        steps += CHUNK
    counted = (steps - CHUNK) * n
    return counted / took[0], counted / took[1]


def _started(task: RobotTask, distribution: WorldDistribution, n: int, threads: int) -> RobotSimulation:
    env = TrialEnv(task, n, distribution, seed=0, threads=threads)
    env.reset()
    assert isinstance(env.simulation, RobotSimulation)
    return env.simulation
