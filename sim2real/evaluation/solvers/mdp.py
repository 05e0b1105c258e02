"""Solvers of tabular MDPs, as RL^2 (Duan et al. 2016) compares with.

All begin from the prior the processes are drawn from: mean rewards N(1, 1) seen through noise N(0, 1), transitions from
a flat Dirichlet. At an episode's beginning they plan for it by backward induction; the state an episode's last step
leads to is not observed. `optimum` is the value of the plan made with the true process: it is no player, as the policy
group does not show the process.
"""

from __future__ import annotations

from abc import abstractmethod
from functools import partial

import numpy as np

from randomizers import Worlds
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


def action_values(rewards: np.ndarray, transitions: np.ndarray) -> np.ndarray:
    """Values (n, h, s, a) of actions with h steps gone, by backward induction over mean rewards (n, s, a) and
    transitions (n, s, a, s)."""
    n, states, actions = rewards.shape
    values = np.empty((n, HORIZON, states, actions))
    moves = transitions.reshape(n, states * actions, states)
    following = np.zeros((n, states))
    for time in range(HORIZON - 1, -1, -1):
        values[:, time] = rewards + (moves @ following[:, :, None]).reshape(rewards.shape)
        following = values[:, time].max(axis=2)
    return values


def optimum(worlds: Worlds) -> np.ndarray:
    """Expected total reward (n,) of an episode for who knows the process; times n episodes, that of a trial."""
    simulation = TabularMDPSimulation(len(worlds))
    simulation.load(np.arange(len(worlds)), worlds, np.arange(len(worlds)))
    return action_values(simulation.means, simulation.transitions)[:, 0, 0].max(axis=1)


class MDPSolver:
    """Takes the action of the highest planned value. Memory (n,) of `_MEMORY`."""

    def __init__(self, task: Task, seed: int) -> None:
        self._rng = np.random.default_rng(seed)

    def initial_memory(self, worlds: int) -> np.ndarray:
        return np.zeros(worlds, dtype=_MEMORY)

    def step(self, observation: np.ndarray, memory: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        memory = memory.copy()
        state, previous, (reward, starting) = (
            observation[:, :STATES].argmax(axis=1),
            observation[:, STATES : STATES + ACTIONS],
            observation[:, STATES + ACTIONS :].T,
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


def mean_rewards(memory: np.ndarray) -> np.ndarray:
    """Posterior means (n, s, a) of the rewards."""
    return (1.0 + memory["earned"]) / (1.0 + memory["tried"])


def mean_transitions(memory: np.ndarray) -> np.ndarray:
    """Posterior means (n, s, a, s) of the transitions."""
    counts = 1.0 + memory["moves"]
    return counts / counts.sum(axis=-1, keepdims=True)


class Greedy(MDPSolver):
    """Plans with the posterior mean; with probability `epsilon` takes any action."""

    def __init__(self, task: Task, seed: int, epsilon: float = 0.0) -> None:
        super().__init__(task, seed)
        self._epsilon = epsilon

    def plan(self, memory: np.ndarray) -> np.ndarray:
        return action_values(mean_rewards(memory), mean_transitions(memory))

    def choose(self, values: np.ndarray) -> np.ndarray:
        explore = self._rng.random((len(values), 1)) < self._epsilon
        return argmax(np.where(explore, 0.0, values), self._rng)


class PSRL(MDPSolver):
    """Plans with one draw from the posterior (Strens 2000; Osband et al. 2013)."""

    def plan(self, memory: np.ndarray) -> np.ndarray:
        return action_values(*self.draw(memory))

    def draw(self, memory: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean rewards (n, s, a) and transitions (n, s, a, s) from the posterior."""
        noise = self._rng.standard_normal(memory["tried"].shape) / np.sqrt(1.0 + memory["tried"])
        shares = self._rng.standard_gamma(1.0 + memory["moves"])
        return mean_rewards(memory) + noise, shares / shares.sum(axis=-1, keepdims=True)


class OPSRL(PSRL):
    """PSRL that takes no drawn reward for lower than its posterior mean, as optimistic Thompson sampling does (May et al.
    2012)."""

    def draw(self, memory: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        rewards, transitions = super().draw(memory)
        return np.maximum(rewards, mean_rewards(memory)), transitions


class BEB(MDPSolver):
    """Plans with the posterior mean and a bonus of `beta / (1 + m)` for what was tried m times (Kolter and Ng 2009)."""

    def __init__(self, task: Task, seed: int, beta: float = 1.0) -> None:
        super().__init__(task, seed)
        self._beta = beta

    def plan(self, memory: np.ndarray) -> np.ndarray:
        bonus = self._beta / (1.0 + memory["tried"])
        return action_values(mean_rewards(memory) + bonus, mean_transitions(memory))


class UCRL2(MDPSolver):
    """Plans with the most promising process within `scale` times the confidence bounds (Jaksch et al. 2010).

    Per episode instead of per doubled count, around the posterior means, with bounds `sqrt(2 / m)` of a reward and
    `sqrt(2 S / m)` of a transition in the L1 norm, m tries and one more: the logarithms are part of the scale.
    """

    def __init__(self, task: Task, seed: int, scale: float = 0.2) -> None:
        super().__init__(task, seed)
        self._scale = scale

    def plan(self, memory: np.ndarray) -> np.ndarray:
        tried = 1.0 + memory["tried"]
        rewards = mean_rewards(memory) + self._scale * np.sqrt(2.0 / tried)
        radius = self._scale * np.sqrt(2.0 * STATES / tried)
        transitions = mean_transitions(memory)
        values = np.empty((len(memory), HORIZON, STATES, ACTIONS))
        following = np.zeros((len(memory), STATES))
        for time in range(HORIZON - 1, -1, -1):
            values[:, time] = rewards + _most_promising(transitions, radius, following)
            following = values[:, time].max(axis=2)
        return values


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


SOLVERS = {
    "greedy": Greedy,
    "epsilon_greedy": partial(Greedy, epsilon=0.01),
    "psrl": PSRL,
    "opsrl": OPSRL,
    "ucrl2": UCRL2,
    "beb": BEB,
}
