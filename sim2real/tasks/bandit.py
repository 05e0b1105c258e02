"""Bandit: Bernoulli bandits, each world one draw of its arms."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces

from randomizers import WorldDistribution, Worlds, WorldStreams, episode_generator
from sim2real.tasks.seeded_worlds import SeededSimulation, refuse_terms, seeded_worlds
from sim2real.tasks.task import Outcome, Task

_BLOCK = 100
"""Most pulls whose chances are drawn ahead."""


class Bandit(Task):
    """k arms that pay 1 with probabilities drawn from U[0, 1], else 0, over n pulls (RL^2: Duan et al. 2016).

    A trial is one episode of n pulls, and ends for good with the last: nothing is to be expected after it. The policy
    sees RL^2's input: the previous action (k, one-hot), the previous payoff, and whether the episode begins; the critic
    also sees the arms' probabilities.

    What is scored, `total_reward`, are the payoffs, as published. What is learnt from is minus the regret: the pulled
    arm's probability less the best arm's. The two differ by what no action changes and by chance of mean zero, so that
    the best policies are the same; the simulator knows both parts, and without them far fewer trials tell as much.
    """

    summary = "Bernoulli bandit: k arms, n pulls, total reward"
    solvers = ("greedy", "epsilon_greedy", "ucb1", "thompson", "optimistic_thompson", "gittins")
    control_period = 1.0
    episodes_per_trial = 1
    reward_terms = ("regret",)

    def __init__(self, arms: int, pulls: int) -> None:
        self.name = f"bandit/k{arms}-n{pulls}"
        self.arms = arms
        self.episode_steps = pulls
        self.action_space = spaces.Discrete(arms)
        self.observation_sizes = {"policy": arms + 2, "critic": 2 * arms + 2}
        self.metrics = {"total_reward": "1"}
        self.worlds = seeded_worlds(self.name)
        self.target = self.worlds.target

    @property
    def recipe(self) -> dict[str, Any]:
        """Long trials want estimates that trust the critic, which knows the arms, over what chance a whole trial brings."""
        long = self.episode_steps >= 100
        return {
            "value_cut": "trial",
            "stagger": False,
            "worlds": max((102_400 if long else 12_800) // self.episode_steps // 64, 1) * 64,
            "rollout": self.episode_steps,
            "epochs": 3,
            "minibatches": 8 if long else 4,
            "hidden": 64,
            "gamma": 1.0,
            "gae_lambda": 0.6 if long else 0.95,
            "entropy": 0.02 if long else 0.0,
            "entropy_final": 0.0,
            "learning_rate": 3e-3,
            "desired_kl": None,
            "anneal": True,
            "steps": max(15_000_000 + 30_000 * self.episode_steps, 800_000 * self.arms) if long else 6_000_000,
        }

    def simulate(
        self, worlds: int, threads: int = 0, distribution: WorldDistribution | None = None
    ) -> BanditSimulation:
        refuse_terms(self.name, distribution)
        return BanditSimulation(self, worlds)


class BanditSimulation(SeededSimulation):
    """n bandits side by side; arms and payments come from each world's seed, whatever the other worlds do."""

    def __init__(self, task: Bandit, worlds: int) -> None:
        self.task = task
        self.diverged_steps = 0
        self._rows = np.arange(worlds)
        self._streams = WorldStreams(worlds, normals=0, uniforms=1, block=min(task.episode_steps, _BLOCK))
        self.means = np.zeros((worlds, task.arms))
        self._action = np.full(worlds, -1)
        self._reward = np.zeros(worlds)
        self._starting = np.ones(worlds, dtype=bool)
        self._pulls = np.zeros(worlds, dtype=np.int64)
        self._total = np.zeros(worlds)

    def load(self, ids: np.ndarray, worlds: Worlds, picks: np.ndarray) -> None:
        seeds = worlds.seeds[picks]
        self._streams.load(ids, seeds)
        for i, seed in zip(ids, seeds.tolist(), strict=True):
            episode_generator(seed, 0).random(out=self.means[i])
        self._action[ids] = -1
        self._reward[ids] = 0.0

    def reset(self, ids: np.ndarray, episodes: np.ndarray) -> None:
        self._starting[ids] = True
        self._pulls[ids] = 0
        self._total[ids] = 0.0

    def step(self, action: np.ndarray) -> Outcome:
        """Pull arms (n,). Raises ValueError for an arm that is none."""
        self._action[:] = action
        if self._action.min() < 0 or self._action.max() >= self.task.arms:
            raise ValueError(f"arms are 0 to {self.task.arms - 1}, got {self._action.min()} to {self._action.max()}")
        chance = self._streams.next()[1][:, 0]
        mean = self.means[self._rows, self._action]
        self._reward[:] = chance < mean
        self._starting[:] = False
        self._pulls += 1
        self._total += self._reward
        never = np.zeros(len(self._rows), dtype=bool)
        regret = mean - self.means.max(axis=1)
        return Outcome({"regret": regret}, self._pulls >= self.task.episode_steps, never, never)

    def observe(self, ids: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        rows = self._rows if ids is None else ids
        arms = self.task.arms
        policy = np.zeros((len(rows), arms + 2), dtype=np.float32)
        policy[:, :arms] = self._action[rows, None] == np.arange(arms)
        policy[:, arms] = self._reward[rows]
        policy[:, arms + 1] = self._starting[rows]
        return policy, np.concatenate((policy, self.means[rows].astype(np.float32)), axis=1)

    def _arrays(self) -> dict[str, np.ndarray]:
        return {
            "means": self.means,
            "action": self._action,
            "reward": self._reward,
            "starting": self._starting,
            "pulls": self._pulls,
            "total": self._total,
        }
