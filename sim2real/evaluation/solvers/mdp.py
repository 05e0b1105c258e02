"""Solvers of tabular MDPs, as RL^2 (Duan et al. 2016) compares with.

They follow Osband's TabulaRL (https://github.com/iosband/TabulaRL), which the published scores were made with. At an
episode's beginning they plan for it by backward induction; the state an episode's last step leads to is not observed.
`optimum` alone is told the process, and plans with that.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np

from sim2real.evaluation.solvers.ties import argmax
from sim2real.tasks.tabular_mdp import ACTIONS, HORIZON, STATES, TabularMDPSimulation
from sim2real.tasks.task import Task

_MEMORY = np.dtype(
    [
        ("moves", np.float64, (STATES, ACTIONS, STATES)),
        ("tried", np.float64, (STATES, ACTIONS)),
        ("earned", np.float64, (STATES, ACTIONS)),
        ("values", np.float64, (HORIZON, STATES, ACTIONS)),
        ("state", np.int64),
        ("time", np.int64),
    ]
)
"""Counts of moves and tries, sums of rewards, the values planned with, the last state and the step of the episode."""


_DELTA = 0.05
"""Chance at which the confidence bounds of UCRL2 may fail."""


class Prior(NamedTuple):
    """What is believed of a process before it is seen; rewards are known to carry noise N(0, 1)."""

    mean: float
    """Mean of the mean rewards."""
    tries: float
    """Weight of that mean, in tries: mean rewards are drawn from N(mean, 1 / tries)."""
    moves: float
    """Weight of each next state, in moves: transitions are drawn from Dirichlet(moves, ..., moves)."""


UNIT = Prior(mean=0.0, tries=1.0, moves=1.0)
"""TabulaRL's. Processes are drawn with a mean of 1, which makes this one wary of what was never tried."""

NONE = Prior(mean=0.0, tries=1e-4, moves=1e-4)
"""Too weak to matter but for what was never tried: that is worth 0 and leads anywhere."""

DRAWN = Prior(mean=1.0, tries=1.0, moves=1.0)
"""That which the processes are drawn from."""


def action_values(rewards: np.ndarray, transitions: np.ndarray) -> np.ndarray:
    """Values (n, h, s, a) of actions with h steps gone, of mean rewards (n, s, a), or (n, h, s, a) where they depend on
    the step, and transitions (n, s, a, s)."""
    n, states, actions = transitions.shape[:3]
    moves = transitions.reshape(n, states * actions, states)
    return _backward_induction(rewards, lambda following: (moves @ following[:, :, None]).reshape(n, states, actions))


def _backward_induction(rewards: np.ndarray, expected: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Values (n, h, s, a), where `expected` is the value (n, s, a) of being led to states of values (n, s)."""
    n, *_, states, actions = rewards.shape
    values = np.empty((n, HORIZON, states, actions))
    values[:] = rewards if rewards.ndim == 4 else rewards[:, None]
    for time in range(HORIZON - 2, -1, -1):
        values[:, time] += expected(values[:, time + 1].max(axis=2))
    return values


class MDPSolver:
    """Takes the action of the highest planned value, any one of several. Memory (n,) of `_MEMORY`."""

    def __init__(self, task: Task, seed: int, prior: Prior) -> None:
        self._prior = prior
        self._rng = np.random.default_rng(seed)

    def initial_memory(self, worlds: int) -> np.ndarray:
        return np.zeros(worlds, dtype=_MEMORY)

    def step(self, observation: np.ndarray, memory: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        memory = memory.copy()
        state, previous, (reward, starting) = (
            observation[:, :STATES].argmax(axis=1),
            observation[:, STATES : STATES + ACTIONS],
            observation[:, STATES + ACTIONS : STATES + ACTIONS + 2].T,
        )
        acted = np.flatnonzero(previous.any(axis=1))
        came_from, action = memory["state"][acted], previous[acted].argmax(axis=1)
        memory["tried"][acted, came_from, action] += 1.0
        memory["earned"][acted, came_from, action] += reward[acted]
        within = starting[acted] == 0.0
        memory["moves"][acted[within], came_from[within], action[within], state[acted[within]]] += 1.0
        memory["time"] = np.where(starting, 0, memory["time"] + 1)
        begins = np.flatnonzero(starting)
        if begins.size:
            memory["values"][begins] = self.plan(memory[begins])
        memory["state"] = state
        rows = np.arange(len(memory))
        return self.choose(memory["values"][rows, memory["time"], state]), memory

    def choose(self, values: np.ndarray) -> np.ndarray:
        """Actions (n,) by their values (n, a)."""
        return argmax(values, self._rng)

    @abstractmethod
    def plan(self, memory: np.ndarray) -> np.ndarray:
        """Values (m, h, s, a) to act by in the episode that begins."""

    def weights(self, memory: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Tries (n, s, a) and moves (n, s, a, s), those of the prior included."""
        return self._prior.tries + memory["tried"], self._prior.moves + memory["moves"]

    def means(self, memory: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Posterior means of the mean rewards (n, s, a) and of the transitions (n, s, a, s)."""
        tries, moves = self.weights(memory)
        rewards = (self._prior.mean * self._prior.tries + memory["earned"]) / tries
        return rewards, moves / moves.sum(axis=-1, keepdims=True)


class Greedy(MDPSolver):
    """Plans with the means of what was seen; with probability `epsilon` takes any action."""

    def __init__(self, task: Task, seed: int, prior: Prior = NONE, epsilon: float = 0.0) -> None:
        super().__init__(task, seed, prior)
        self._epsilon = epsilon

    def plan(self, memory: np.ndarray) -> np.ndarray:
        return action_values(*self.means(memory))

    def choose(self, values: np.ndarray) -> np.ndarray:
        explore = self._rng.random((len(values), 1)) < self._epsilon
        return argmax(np.where(explore, 0.0, values), self._rng)


class PSRL(MDPSolver):
    """Plans with draws from the posterior (Strens 2000; Osband et al. 2013); with the highest values that several of them
    promise, optimistic PSRL."""

    def __init__(self, task: Task, seed: int, prior: Prior = UNIT, draws: int = 1) -> None:
        super().__init__(task, seed, prior)
        self._draws = draws

    def plan(self, memory: np.ndarray) -> np.ndarray:
        values = action_values(*self.draw(memory))
        for _ in range(self._draws - 1):
            np.maximum(values, action_values(*self.draw(memory)), out=values)
        return values

    def draw(self, memory: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean rewards (n, s, a) and transitions (n, s, a, s) from the posterior."""
        tries, moves = self.weights(memory)
        noise = self._rng.standard_normal(tries.shape) / np.sqrt(tries)
        shares = self._rng.standard_gamma(moves)
        return self.means(memory)[0] + noise, shares / shares.sum(axis=-1, keepdims=True)


class BEB(MDPSolver):
    """Plans with the posterior mean and a bonus for what is little known (Kolter and Ng 2009), in TabulaRL's form: of a
    horizon H with i steps to go after this one, `1 / (1 + tries) + 2 H^3 scale i / (1 + moves)`."""

    def __init__(self, task: Task, seed: int, prior: Prior = UNIT, scale: float = 10**-2.8) -> None:
        super().__init__(task, seed, prior)
        self._scale = scale

    def plan(self, memory: np.ndarray) -> np.ndarray:
        rewards, transitions = self.means(memory)
        tries, moves = self.weights(memory)
        per_step = 2.0 * HORIZON**3 * self._scale / (1.0 + moves.sum(axis=-1))
        to_go = np.arange(HORIZON - 1.0, -1.0, -1.0)[:, None, None]
        bonus = (1.0 / (1.0 + tries))[:, None] + to_go * per_step[:, None]
        return action_values(rewards[:, None] + bonus, transitions)


class UCRL2(MDPSolver):
    """Plans with the most promising process within `scale` times the confidence bounds of Jaksch et al. (2010, equations
    3 and 4), per episode instead of per doubled count."""

    def __init__(self, task: Task, seed: int, prior: Prior = NONE, scale: float = 10**-0.4) -> None:
        super().__init__(task, seed, prior)
        self._scale = scale

    def plan(self, memory: np.ndarray) -> np.ndarray:
        tried = memory["tried"]
        moved = memory["moves"].sum(axis=-1)
        chances = 2.0 * ACTIONS * (1.0 + tried.sum(axis=(1, 2), keepdims=True)) / _DELTA
        slack = self._scale * np.sqrt(3.5 * np.log(STATES * chances) / np.maximum(1.0, tried))
        radius = self._scale * np.sqrt(14.0 * STATES * np.log(chances) / np.maximum(1.0, moved))
        rewards, transitions = self.means(memory)
        return _backward_induction(rewards + slack, lambda following: _most_promising(transitions, radius, following))


def _most_promising(transitions: np.ndarray, radius: np.ndarray, following: np.ndarray) -> np.ndarray:
    """Highest expectation (n, s, a) of values `following` (n, s) over transitions (n, s, a, s) within an L1 distance
    `radius` (n, s, a): mass moves from the worst next states to the best one."""
    order = following.argsort(axis=1)
    ranked = np.take_along_axis(following, order, axis=1)[:, None, None, :]
    likely = np.take_along_axis(transitions, order[:, None, None, :], axis=3)
    moved = np.minimum(radius / 2.0, 1.0 - likely[..., -1])
    before = likely.cumsum(axis=3) - likely
    taken = np.clip(moved[..., None] - before, 0.0, likely)
    taken[..., -1] = -moved
    return ((likely - taken) * ranked).sum(axis=3)


class Optimum:
    """Acts by the plan made with the true process. Memory (n,): the step of the episode."""

    def __init__(self, task: Task, seed: int) -> None:
        self._values = np.zeros((0, HORIZON, STATES, ACTIONS))

    def inform(self, simulation: TabularMDPSimulation) -> None:
        """Plan for the processes of the n worlds whose trials begin."""
        self._values = action_values(simulation.means, simulation.transitions)

    def initial_memory(self, worlds: int) -> np.ndarray:
        return np.zeros(worlds, dtype=np.int64)

    def step(self, observation: np.ndarray, memory: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        time = np.where(observation[:, STATES + ACTIONS + 1], 0, memory + 1)
        state = observation[:, :STATES].argmax(axis=1)
        return self._values[np.arange(len(state)), time, state].argmax(axis=1), time


SOLVERS = {
    "greedy": Greedy,
    "epsilon_greedy": partial(Greedy, epsilon=0.1),
    "psrl": PSRL,
    "opsrl": partial(PSRL, draws=20),
    "ucrl2": UCRL2,
    "beb": BEB,
    "optimum": Optimum,
}
