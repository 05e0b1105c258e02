"""GridMaze: mazes seen from within, a cell at a time."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from gymnasium import spaces

from randomizers import WorldDistribution, Worlds
from sim2real.tasks.mazes.layout import HEADINGS, distances, passages, start_and_target, walls, ways
from sim2real.tasks.mazes.window import WIDTH, windows
from sim2real.tasks.seeded_worlds import refuse_terms, seeded_worlds
from sim2real.tasks.task import Outcome, Simulation, Task

FORWARD, LEFT, RIGHT = range(3)
"""Actions."""
TRAINING_MAZES = 1000

_TURNS = np.array([0, -1, 1])
"""Change of heading by action."""
_KEPT = 4096
"""Mazes whose tables are kept, more than are trained in."""


class GridMaze(Task):
    """Find the target of a maze of `size` by `size` cells, and again in the next episode (RL^2: Duan et al. 2016).

    Maze, start and target stay over the trial. Going forward leads to the next cell, turning a quarter round. Each step
    costs 0.04 and one into a wall 0.001 more; the target pays 1 and ends the episode. In the paper an agent walks by
    smaller steps, has 250 of them in 5x5 and 1000 in 9x9, and needs 39 and 152 once it knows the way; here it is 100 and
    400, and shortest ways take 13 and 34 on average, so that the time allowed stands in a similar proportion.

    The policy sees a window of the grid ahead of it (walls, then the target, `WIDTH` by `WIDTH` each), the previous
    action (one-hot), the previous reward, and whether the episode begins. The critic also sees the cell, the way from it
    to the target (row and column each) and the moves left, in sizes of the maze, and the heading (one-hot).
    """

    summary = "grid maze seen from within: find the target, and find it faster in the next episode"
    solvers = ("shortest_path",)
    control_period = 1.0
    episodes_per_trial = 2
    action_space = spaces.Discrete(3)
    reward_terms = ("target", "bump", "step")

    def __init__(self, size: int) -> None:
        self.name = f"maze/grid-{size}x{size}"
        self.size = size
        self.episode_steps = {5: 100, 9: 400}[size]
        policy = 2 * WIDTH**2 + 3 + 2
        self.observation_sizes = {"policy": policy, "critic": policy + 5 + 4}
        self.metrics = {"success": "1", "steps": "1"}
        self.worlds = seeded_worlds(self.name, TRAINING_MAZES)
        self.target = self.worlds.target

    @property
    def recipe(self) -> dict[str, Any]:
        return {
            "value_cut": "trial",
            "worlds": {5: 256, 9: 128}[self.size],
            "rollout": {5: 128, 9: 256}[self.size],
            "epochs": 3,
            "minibatches": {5: 4, 9: 8}[self.size],
            "memory_span": self.episode_steps,
            "gamma": 0.99,
            "entropy": 0.01,
            "entropy_final": 0.0,
            "steps": {5: 6_000_000, 9: 10_000_000}[self.size],
        }

    def simulate(
        self, worlds: int, threads: int = 0, distribution: WorldDistribution | None = None
    ) -> GridMazeSimulation:
        refuse_terms(self.name, distribution)
        return GridMazeSimulation(self, worlds)


@dataclass(frozen=True)
class Maze:
    """One maze as tables by cell (k,), cells counted row by row."""

    start: int
    """Cell."""
    heading: int
    """Heading at the start."""
    target: int
    """Cell."""
    passages: np.ndarray
    """(k, 4) bool: a move in that heading is free."""
    windows: np.ndarray
    """(k, 4, 2 * WIDTH**2) uint8: what is seen in that heading."""
    distances: np.ndarray
    """(k,) moves to the target."""
    ways: np.ndarray
    """(k,) heading of the shortest way to the target."""


@lru_cache(_KEPT)
def maze(seed: int, size: int) -> Maze:
    """The maze of the world with `seed`."""
    grid = walls(seed, size)
    (row, column), heading, target = start_and_target(seed, size)
    moves = distances(grid, target)
    return Maze(
        start=row * size + column,
        heading=heading,
        target=target[0] * size + target[1],
        passages=passages(grid).reshape(-1, 4),
        windows=windows(grid, target).reshape(size * size, 4, -1),
        distances=moves.ravel(),
        ways=ways(grid, moves).ravel(),
    )


class GridMazeSimulation(Simulation):
    """n mazes side by side; each world's seed decides all of it, whatever the other worlds do."""

    def __init__(self, task: GridMaze, worlds: int) -> None:
        self.task = task
        self.diverged_steps = 0
        cells = task.size**2
        self._rows = np.arange(worlds)
        self._onward = np.array([down * task.size + right for down, right in HEADINGS])
        self._passages = np.zeros((worlds, cells, 4), dtype=bool)
        self._windows = np.zeros((worlds, cells, 4, 2 * WIDTH**2), dtype=np.uint8)
        self._distances = np.zeros((worlds, cells), dtype=np.int64)
        self._ways = np.zeros((worlds, cells), dtype=np.int64)
        self._target = np.zeros(worlds, dtype=np.int64)
        self._start = np.zeros((worlds, 2), dtype=np.int64)
        self._seeds = np.zeros(worlds, dtype=np.uint64)
        self.cell = np.zeros(worlds, dtype=np.int64)
        self.heading = np.zeros(worlds, dtype=np.int64)
        self._action = np.full(worlds, -1)
        self._reward = np.zeros(worlds)
        self._steps = np.zeros(worlds, dtype=np.int64)
        self._arrived = np.zeros(worlds, dtype=bool)

    def load(self, ids: np.ndarray, worlds: Worlds, picks: np.ndarray) -> None:
        self._seeds[ids] = worlds.seeds[picks]
        self._build(ids)
        self._action[ids] = -1
        self._reward[ids] = 0.0

    def _build(self, ids: np.ndarray) -> None:
        """Fill the tables of the rows `ids` (m,) as their seeds say."""
        for i, seed in zip(ids, self._seeds[ids].tolist(), strict=True):
            tables = maze(seed, self.task.size)
            self._passages[i] = tables.passages
            self._windows[i] = tables.windows
            self._distances[i] = tables.distances
            self._ways[i] = tables.ways
            self._target[i] = tables.target
            self._start[i] = tables.start, tables.heading

    def rewrite(self, ids: np.ndarray, worlds: Worlds) -> None:
        """Nothing changes: worlds have no parameters."""

    def reset(self, ids: np.ndarray, episodes: np.ndarray) -> None:
        self.cell[ids], self.heading[ids] = self._start[ids].T
        self._steps[ids] = 0

    def step(self, action: np.ndarray) -> Outcome:
        """Take actions (n,). Raises ValueError for an action that is none."""
        self._action[:] = action
        if self._action.min() < 0 or self._action.max() > RIGHT:
            raise ValueError(f"actions are 0 to {RIGHT}, got {self._action.min()} to {self._action.max()}")
        forward = self._action == FORWARD
        free = self._passages[self._rows, self.cell, self.heading]
        self.cell += np.where(forward & free, self._onward[self.heading], 0)
        self.heading += _TURNS[self._action]
        self.heading %= 4
        self._steps += 1
        self._arrived[:] = self.cell == self._target
        rewards = {
            "target": 1.0 * self._arrived,
            "bump": -0.001 * (forward & ~free),
            "step": np.full(len(forward), -0.04),
        }
        self._reward[:] = sum(rewards.values())
        never = np.zeros(len(forward), dtype=bool)
        return Outcome(rewards, self._arrived.copy(), never, never)

    def observe(self, ids: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        rows = self._rows if ids is None else ids
        cell, heading, size = self.cell[rows], self.heading[rows], self.task.size
        places = np.stack((*divmod(cell, size), *divmod(self._target[rows], size)), axis=1) / size
        policy = np.concatenate(
            (
                self._windows[rows, cell, heading],
                self._action[rows, None] == np.arange(3),
                self._reward[rows, None],
                self._steps[rows, None] == 0,
            ),
            axis=1,
            dtype=np.float32,
        )
        truth = (
            places[:, :2],
            places[:, 2:] - places[:, :2],
            self._distances[rows, cell, None] / size,
            heading[:, None] == np.arange(4),
        )
        return policy, np.concatenate((policy, *truth), axis=1, dtype=np.float32)

    def shortest_way(self) -> np.ndarray:
        """Actions (n,) along the shortest ways to the targets."""
        turn = (self._ways[self._rows, self.cell] - self.heading) % 4
        return np.array([FORWARD, RIGHT, RIGHT, LEFT])[turn]

    def measure(self, ids: np.ndarray) -> dict[str, np.ndarray]:
        arrived = self.cell[ids] == self._target[ids]
        return {"success": arrived.astype(np.float64), "steps": self._steps[ids].astype(np.float64)}

    def progress(self) -> np.ndarray:
        return self._arrived.astype(np.float64)

    def state(self) -> dict[str, Any]:
        return {name: array.copy() for name, array in self._arrays().items()}

    def restore(self, state: dict[str, Any]) -> None:
        for name, array in self._arrays().items():
            array[:] = state[name]
        self._build(self._rows)

    def _arrays(self) -> dict[str, np.ndarray]:
        """Every array (n,) that the future depends on, tables aside."""
        return {
            "seeds": self._seeds,
            "cell": self.cell,
            "heading": self.heading,
            "action": self._action,
            "reward": self._reward,
            "steps": self._steps,
            "arrived": self._arrived,
        }
