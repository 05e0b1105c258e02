"""Solvers of Bernoulli bandits, as RL^2 (Duan et al. 2016) compares with.

All begin from the prior Beta(1, 1) of every arm, as if each had paid once and failed once, and break ties at random.
"""

from __future__ import annotations

from abc import abstractmethod
from functools import partial

import numpy as np

from sim2real.evaluation.solvers.gittins import gittins_indices
from sim2real.evaluation.solvers.ties import argmax
from sim2real.tasks.task import Task


class BanditSolver:
    """Pulls the arm of the highest index. Memory (n, 2, k): alpha and beta of each arm's Beta posterior."""

    def __init__(self, task: Task, seed: int) -> None:
        self._arms = task.observation_sizes["policy"] - 2
        self._pulls = task.episode_steps
        self._rng = np.random.default_rng(seed)

    def initial_memory(self, worlds: int) -> np.ndarray:
        return np.ones((worlds, 2, self._arms))

    def step(self, observation: np.ndarray, memory: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        pulled, reward = observation[:, : self._arms], observation[:, self._arms, None]
        memory = memory + np.stack((pulled * reward, pulled * (1.0 - reward)), axis=1)
        return argmax(self.index(memory[:, 0], memory[:, 1]), self._rng), memory

    @abstractmethod
    def index(self, alpha: np.ndarray, beta: np.ndarray) -> np.ndarray:
        """Index (n, k) of arms whose posteriors are Beta(alpha, beta), each (n, k)."""


class Greedy(BanditSolver):
    """The highest posterior mean; with probability `epsilon` any arm."""

    def __init__(self, task: Task, seed: int, epsilon: float = 0.0) -> None:
        super().__init__(task, seed)
        self._epsilon = epsilon

    def index(self, alpha: np.ndarray, beta: np.ndarray) -> np.ndarray:
        explore = self._rng.random((len(alpha), 1)) < self._epsilon
        return np.where(explore, 0.0, alpha / (alpha + beta))


class UCB1(BanditSolver):
    """Posterior mean plus `c * sqrt(2 ln t / m)` after t pulls, m of them (prior included) of the arm (Auer et al. 2002).

    The bound of the original has c = 1.
    """

    def __init__(self, task: Task, seed: int, c: float = 0.2) -> None:
        super().__init__(task, seed)
        self._c = c

    def index(self, alpha: np.ndarray, beta: np.ndarray) -> np.ndarray:
        tried = alpha + beta
        time = 1.0 + (tried - 2.0).sum(axis=1, keepdims=True)
        return alpha / tried + self._c * np.sqrt(2.0 * np.log(time) / tried)


class Thompson(BanditSolver):
    """A draw from each arm's posterior (Thompson 1933); optimistic: at least its mean (May et al. 2012)."""

    def __init__(self, task: Task, seed: int, optimistic: bool = False) -> None:
        super().__init__(task, seed)
        self._optimistic = optimistic

    def index(self, alpha: np.ndarray, beta: np.ndarray) -> np.ndarray:
        drawn = self._rng.beta(alpha, beta)
        return np.maximum(drawn, alpha / (alpha + beta)) if self._optimistic else drawn


class Gittins(BanditSolver):
    """Gittins indices (Gittins 1979) of the discount `1 - 1 / n`, whose expected horizon is the n pulls of a trial.

    They are optimal for a discounted sum without end; over n pulls an approximation, which goes on exploring to the last.
    """

    def __init__(self, task: Task, seed: int) -> None:
        super().__init__(task, seed)
        self._table = gittins_indices(self._pulls, 1.0 - 1.0 / self._pulls)

    def index(self, alpha: np.ndarray, beta: np.ndarray) -> np.ndarray:
        return self._table[alpha.astype(np.int64) - 1, beta.astype(np.int64) - 1]


SOLVERS = {
    "greedy": Greedy,
    "epsilon_greedy": partial(Greedy, epsilon=0.02),
    "ucb1": UCB1,
    "thompson": Thompson,
    "optimistic_thompson": partial(Thompson, optimistic=True),
    "gittins": Gittins,
}
