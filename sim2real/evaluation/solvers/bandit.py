"""Solvers of Bernoulli bandits, as RL^2 (Duan et al. 2016) compares with.

All begin from the prior Beta(1, 1) of every arm, as if each had paid once and failed once. Of several best arms they pull
the first, which has `greedy` stay longer with the arms it has tried than ties broken at random would.
"""

from __future__ import annotations

from abc import abstractmethod
from functools import partial

import numpy as np

from sim2real.evaluation.solvers.gittins import gittins_indices
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
        return self.index(memory[:, 0], memory[:, 1]).argmax(axis=1), memory

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
        return np.where(explore, self._rng.random(alpha.shape), alpha / (alpha + beta))


class EpsilonGreedy(Greedy):
    """`Greedy` of the best epsilon in tenths: 0 where pulls are too few for exploration at random to pay."""

    def __init__(self, task: Task, seed: int) -> None:
        super().__init__(task, seed, epsilon=0.1 if task.episode_steps >= 500 else 0.0)


class UCB1(BanditSolver):
    """Posterior mean plus `c * sqrt(2 ln t / m)` at pull t, after m of the arm, prior included (Auer et al. 2002).

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
    """A draw from the posterior of the arms (Thompson 1933), the most probable one of `draws`.

    That is RL^2's optimistic Thompson sampling; May et al. (2012) mean another thing by it, no draw below its mean.
    """

    def __init__(self, task: Task, seed: int, draws: int = 1) -> None:
        super().__init__(task, seed)
        self._draws = draws

    def index(self, alpha: np.ndarray, beta: np.ndarray) -> np.ndarray:
        drawn = self._rng.beta(alpha, beta, (self._draws, *alpha.shape))
        tiny = np.finfo(np.float64).eps
        inside = np.clip(drawn, tiny, 1.0 - tiny)
        density = ((alpha - 1.0) * np.log(inside) + (beta - 1.0) * np.log(1.0 - inside)).sum(axis=2)
        return drawn[density.argmax(axis=0), np.arange(len(alpha))]


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
    "epsilon_greedy": EpsilonGreedy,
    "ucb1": UCB1,
    "thompson": Thompson,
    "optimistic_thompson": partial(Thompson, draws=20),
    "gittins": Gittins,
}
