"""How a policy does in given worlds, one trial in each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from randomizers import WorldDistribution, Worlds
from sim2real.evaluation.bootstrap import Interval, bootstrap_mean
from sim2real.evaluation.players import InformedPlayer, Player
from sim2real.tasks.task import Task
from sim2real.trials.stock import Draw
from sim2real.trials.trial_env import TrialEnv

TIME_BINS = 8
"""Parts of an episode over which the first metric's course is averaged."""


@dataclass(frozen=True)
class Evaluation:
    """What one player did in m worlds, K episodes in each."""

    metrics: dict[str, np.ndarray]
    """Metrics (m, K), a column per episode of the trial."""
    diverged: np.ndarray
    """(m, K) bool: the physics broke down; counted as a failure, never left out."""
    course: np.ndarray
    """(m, K, TIME_BINS): the first metric's rate of progress over the episode; zero after its end."""
    seconds_simulated: float
    """Simulated time of all worlds together [s]."""

    def over_worlds(self, name: str) -> Interval:
        """Mean over worlds of the trial's mean, with the interval over worlds, which are independent."""
        return bootstrap_mean(self.metrics[name].mean(axis=1))

    def over_episodes(self, name: str) -> list[Interval]:
        """The same by position within the trial: adaptation shows as its change."""
        return [bootstrap_mean(column) for column in self.metrics[name].T]

    def summary(self) -> dict[str, Any]:
        """Plain data for JSON and reports."""
        names = list(self.metrics)
        return {
            "worlds": len(self.diverged),
            "episodes_per_trial": self.diverged.shape[1],
            "diverged_episodes": int(self.diverged.sum()),
            "metrics": {name: vars(self.over_worlds(name)) for name in names},
            "medians": {name: float(np.median(self.metrics[name])) for name in names},
            "by_episode": {name: [vars(i) for i in self.over_episodes(name)] for name in names},
            "course": [
                [vars(bootstrap_mean(part)) for part in episode.T] for episode in self.course.transpose(1, 0, 2)
            ],
            "by_world": {name: self.metrics[name].mean(axis=1).tolist() for name in names},
        }


def in_order(worlds: Worlds) -> Draw:
    """Draws the given worlds one after the other, and again from the first."""
    position = 0

    def draw(rng: np.random.Generator, n: int) -> Worlds:
        nonlocal position
        ids = (position + np.arange(n)) % len(worlds)
        position += n
        return worlds.take(ids)

    return draw


def evaluate(
    task: Task,
    player: Player,
    worlds: Worlds,
    distribution: WorldDistribution | None = None,
    episodes_per_trial: int | None = None,
    threads: int = 0,
) -> Evaluation:
    """Play one trial in each of the `worlds` (m of them), all chance coming from their own seeds.

    The same worlds give every player the same starts, noise and disturbances. `distribution` must know the worlds'
    names; default: the task's own. Of tasks that say how many worlds are best simulated at a time, no more are.
    """
    parts = np.array_split(np.arange(len(worlds)), -(-len(worlds) // (task.side_by_side or len(worlds))))
    played = [_play(task, player, worlds.take(ids), distribution, episodes_per_trial, threads) for ids in parts]
    return Evaluation(
        {name: np.concatenate([part.metrics[name] for part in played]) for name in played[0].metrics},
        np.concatenate([part.diverged for part in played]),
        np.concatenate([part.course for part in played]),
        sum(part.seconds_simulated for part in played),
    )


def _play(
    task: Task,
    player: Player,
    worlds: Worlds,
    distribution: WorldDistribution | None,
    episodes_per_trial: int | None,
    threads: int,
) -> Evaluation:
    count = len(worlds)
    env = TrialEnv(task, count, distribution, 0, threads, episodes_per_trial, draw=in_order(worlds))
    episodes = env.episodes_per_trial
    observation = env.reset()
    memory = player.initial_memory(count)
    if isinstance(player, InformedPlayer):
        player.inform(env.simulation)
    measured: dict[str, np.ndarray] = {}
    diverged = np.zeros((count, episodes), dtype=bool)
    course = np.zeros((count, episodes, TIME_BINS))
    playing = np.ones(count, dtype=bool)
    step = np.zeros(count, dtype=np.int64)
    episode = np.zeros(count, dtype=np.int64)
    per_bin = task.episode_steps / TIME_BINS
    steps = 0
    while playing.any():
        action, memory = player.step(observation["policy"], memory)
        observation, _, done, infos = env.step(action)
        steps += int(playing.sum())
        bins = np.minimum((step / per_bin).astype(np.int64), TIME_BINS - 1)
        rows = np.flatnonzero(playing)
        course[rows, episode[rows], bins[rows]] += env.simulation.progress()[rows] / per_bin
        step += 1
        for i in rows:
            if not infos[i]:
                continue
            for name, value in infos[i]["metrics"].items():
                measured.setdefault(name, np.zeros((count, episodes)))[i, episode[i]] = value
            diverged[i, episode[i]] = bool(infos[i]["metrics"]["diverged"])
            step[i] = 0
            episode[i] += 1
        playing &= ~done
    env.close()
    measured.pop("diverged")
    return Evaluation(measured, diverged, course, steps * task.control_period)
