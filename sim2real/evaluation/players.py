"""Players: whatever chooses actions, trained or not."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from gymnasium import spaces

from policies import LSTMPolicy
from sim2real.errors import UserError
from sim2real.evaluation.solvers import solver
from sim2real.tasks.task import Task


class Player(Protocol):
    """Acts in n worlds at once. Everything it knows of the past is in `memory` (n, ...)."""

    def initial_memory(self, worlds: int) -> np.ndarray:
        """Memory at a trial's beginning (n, ...)."""

    def step(self, observation: np.ndarray, memory: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The policy group (n, p) and memory -> actions (n, a) and memory."""


class TrainedPlayer:
    """A trained policy, acting without exploration."""

    def __init__(self, policy: LSTMPolicy) -> None:
        self._policy = policy
        policy.set_training_mode(False)

    def initial_memory(self, worlds: int) -> np.ndarray:
        return self._policy.initial_memory(worlds)

    def step(self, observation: np.ndarray, memory: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return self._policy.step(observation, memory)


class ZeroPlayer:
    """Action zero, always: it holds the home pose; where actions are discrete it takes the first."""

    def __init__(self, task: Task) -> None:
        self._space = task.action_space

    def initial_memory(self, worlds: int) -> np.ndarray:
        return np.zeros((worlds, 0))

    def step(self, observation: np.ndarray, memory: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return np.zeros((len(observation), *(self._space.shape or ())), dtype=self._space.dtype), memory


class RandomPlayer(ZeroPlayer):
    """Uniform actions from a generator of its own."""

    def __init__(self, task: Task, seed: int = 0) -> None:
        super().__init__(task)
        self._rng = np.random.default_rng(seed)

    def step(self, observation: np.ndarray, memory: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if isinstance(self._space, spaces.Discrete):
            return self._rng.integers(self._space.n, size=len(observation)), memory
        shape = len(observation), *(self._space.shape or ())
        return self._rng.uniform(-1.0, 1.0, shape).astype(np.float32), memory


BASELINES = ("random", "zero")
"""What every task has; its own solvers come on top."""


def baseline(name: str, task: Task, seed: int = 0) -> Player:
    """An untrained player: one of `BASELINES` or of the task's solvers. Raises UserError for a name that is none."""
    if name == "zero":
        return ZeroPlayer(task)
    if name == "random":
        return RandomPlayer(task, seed)
    if name in task.solvers:
        return solver(name, task, seed)
    offered = ", ".join((*BASELINES, *task.solvers))
    raise UserError(f"unknown policy {name!r}; give a run's folder or one of: {offered}")
