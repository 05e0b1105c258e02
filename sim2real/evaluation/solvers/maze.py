"""Solvers of mazes."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from sim2real.tasks.task import Task


class Mazes(Protocol):
    """A simulation of n mazes that knows the ways through them."""

    def shortest_way(self) -> np.ndarray:
        """Actions (n,) along the shortest ways to the targets."""


class ShortestPath:
    """Takes the shortest way to the target, which it knows. No memory."""

    def __init__(self, task: Task, seed: int) -> None:
        self._mazes: Mazes | None = None

    def inform(self, simulation: Mazes) -> None:
        """Show it the mazes and where the agents stand."""
        self._mazes = simulation

    def initial_memory(self, worlds: int) -> np.ndarray:
        return np.zeros((worlds, 0))

    def step(self, observation: np.ndarray, memory: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        assert self._mazes is not None
        return self._mazes.shortest_way(), memory


SOLVERS = {"shortest_path": ShortestPath}
