"""Players: whatever chooses actions, trained or not."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
import torch
from gymnasium import spaces
from stable_baselines3.common.policies import BasePolicy

from policies import LSTMPolicy
from sim2real.errors import UserError
from sim2real.evaluation.solvers import solver
from sim2real.tasks.task import Simulation, Task


class Player(Protocol):
    """Acts in n worlds at once. Everything it knows of the past is in `memory` (n, ...)."""

    def initial_memory(self, worlds: int) -> np.ndarray:
        """Memory at a trial's beginning (n, ...)."""

    def step(self, observation: np.ndarray, memory: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The policy group (n, p) and memory -> actions (n, a) and memory."""


@runtime_checkable
class InformedPlayer(Player, Protocol):
    """Knows the worlds it plays in, which nothing that is to be deployed can: what others are measured by."""

    def inform(self, simulation: Simulation) -> None:
        """Show it the worlds whose trials begin."""


class TrainedPlayer:
    """A trained policy: its likeliest actions, or, given a seed, actions sampled as in training."""

    def __init__(self, policy: LSTMPolicy, seed: int | None = None) -> None:
        self._policy = policy
        self._generator = None if seed is None else torch.Generator().manual_seed(seed)
        policy.set_training_mode(False)

    def initial_memory(self, worlds: int) -> np.ndarray:
        return self._policy.initial_memory(worlds)

    def step(self, observation: np.ndarray, memory: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return self._policy.step(observation, memory, self._generator)


class BaselinePlayer:
    """A policy of stable-baselines3's own; if it is recurrent, memory (n, 2, layers, H) holds its LSTM's two states.

    Its likeliest actions, or, given a seed, sampled ones, for which torch's default generator is borrowed.
    """

    def __init__(self, policy: BasePolicy, seed: int | None = None) -> None:
        self._policy = policy
        self._shape: tuple[int, int, int] | None = getattr(policy, "lstm_hidden_state_shape", None)
        self._chance = None if seed is None else torch.Generator().manual_seed(seed).get_state()

    def initial_memory(self, worlds: int) -> np.ndarray:
        if self._shape is None:
            return np.zeros((worlds, 0), np.float32)
        layers, _, width = self._shape
        return np.zeros((worlds, 2, layers, width), np.float32)

    def step(self, observation: np.ndarray, memory: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        state = None if self._shape is None else tuple(memory.transpose(1, 2, 0, 3))
        with torch.random.fork_rng(devices=[], enabled=self._chance is not None):
            if self._chance is not None:
                torch.set_rng_state(self._chance)
            action, state = self._policy.predict(observation, state, deterministic=self._chance is None)
            if self._chance is not None:
                self._chance = torch.get_rng_state()
        return action, memory if state is None else np.stack(state, axis=1).transpose(2, 1, 0, 3)


def trained_player(policy: BasePolicy, seed: int | None = None) -> Player:
    """A run's policy, whatever trained it: its likeliest actions, or, given a seed, sampled ones."""
    return TrainedPlayer(policy, seed) if isinstance(policy, LSTMPolicy) else BaselinePlayer(policy, seed)


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
