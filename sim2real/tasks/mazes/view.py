"""ViewMaze: mazes seen in the first person, in ViZDoom."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces

from randomizers import WorldDistribution, Worlds, episode_generator
from sim2real.tasks.mazes.doom import FRICTION, IMAGE, THRUST, TIC, TICS, Doom
from sim2real.tasks.mazes.layout import HEADINGS, distances, start_and_target, walls, ways
from sim2real.tasks.mazes.wad import CELL, TEXTURES, maze_wad, objects_wad
from sim2real.tasks.seeded_worlds import refuse_terms, seeded_worlds
from sim2real.tasks.task import Outcome, Simulation, Task

FORWARD, LEFT, RIGHT = range(3)
"""Actions."""
TURN = 30.0
"""What one action turns by [deg]."""
TRAINING_MAZES = 1000

_ENGINE = {FORWARD: (True, 0.0), LEFT: (False, TURN), RIGHT: (False, -TURN)}
"""Actions as the games take them."""
_GLIDE = (1 - FRICTION**TICS) / (1 - FRICTION)
"""How far a velocity carries in one action [tics]."""
_WALK = sum((1 - FRICTION**k) / (1 - FRICTION) for k in range(1, TICS + 1))
"""How far a thrust in every tic of one action carries [tics^2]."""
_TOUCH = 1.0
"""How far short of where it would have come a player must stay to have bumped into a wall [map units]."""


class ViewMaze(Task):
    """Find the target of a maze of `size` by `size` cells, and again in the next episode (RL^2: Duan et al. 2016).

    As there: images of 30 x 40; forward, left or right; each step costs 0.04 and one that a wall stops 0.001 more; the
    target pays 1 and ends the episode; 250 steps in 5x5 and 1000 in 9x9; 1000 mazes to train in, two episodes each. Of
    mazes and steps the paper does not say more; here maze, start and target are the grid maze's, the target is a magenta
    pillar and reached on entering its cell, every square of wall has one of eight textures, a step is `TICS` tics of
    walking or a turn by `TURN` at once, and the engine's inertia stays.

    The policy sees the image, the previous action (one-hot), the previous reward, and whether the episode begins. The
    critic also sees the position, the velocity, the vector to the target (row and column each; [size of the maze], the
    velocity [cells / tic]), the sine and cosine of the heading clockwise from up, and the moves from cell to cell that
    are left [size of the maze].
    """

    summary = "maze in the first person (ViZDoom): find the target, and find it faster in the next episode"
    solvers = ("shortest_path",)
    control_period = TICS * TIC
    episodes_per_trial = 2
    action_space = spaces.Discrete(3)
    image = IMAGE
    side_by_side = 64
    reward_terms = ("target", "bump", "step")

    def __init__(self, size: int) -> None:
        self.name = f"maze/view-{size}x{size}"
        self.size = size
        self.episode_steps = {5: 250, 9: 1000}[size]
        policy = int(np.prod(IMAGE)) + 3 + 2
        self.observation_sizes = {"policy": policy, "critic": policy + 9}
        self.metrics = {"success": "1", "steps": "1"}
        self.worlds = seeded_worlds(self.name, TRAINING_MAZES)
        self.target = self.worlds.target

    @property
    def recipe(self) -> dict[str, Any]:
        return {
            "encoder": "cnn",
            "value_cut": "trial",
            "gamma": 0.99,
            "gae_lambda": 0.99,
            "entropy": 0.01,
            "steps": 30_000_000,
        }

    def simulate(
        self, worlds: int, threads: int = 0, distribution: WorldDistribution | None = None
    ) -> ViewMazeSimulation:
        refuse_terms(self.name, distribution)
        return ViewMazeSimulation(self, worlds, threads)


class ViewMazeSimulation(Simulation):
    """n mazes side by side, a game each; each world's seed decides all of it, whatever the other worlds do."""

    def __init__(self, task: ViewMaze, worlds: int, threads: int = 0) -> None:
        self.task = task
        self.diverged_steps = 0
        self.doom = Doom(worlds, objects_wad(), threads)
        """The games: `images` and `poses` are what is seen and where the players stand."""
        self._rows = np.arange(worlds)
        self._seeds = np.zeros(worlds, dtype=np.uint64)
        self._distances = np.zeros((worlds, task.size, task.size), dtype=np.int64)
        self._ways = np.zeros((worlds, task.size, task.size), dtype=np.int64)
        self._target = np.zeros((worlds, 2), dtype=np.int64)
        self._actions = np.full((worlds, task.episode_steps), -1, dtype=np.int8)
        self._steps = np.zeros(worlds, dtype=np.int64)
        self._action = np.full(worlds, -1)
        self._reward = np.zeros(worlds)

    @property
    def cell(self) -> np.ndarray:
        """Cell (n, 2), row and column, that each player stands in."""
        return np.floor(self._place()).astype(np.int64)

    def _place(self) -> np.ndarray:
        """Position (n, 2), row and column [cells]."""
        return self.doom.poses[:, [1, 0]] * (-1, 1) / CELL

    def load(self, ids: np.ndarray, worlds: Worlds, picks: np.ndarray) -> None:
        self._seeds[ids] = worlds.seeds[picks]
        self._build(ids)
        self._action[ids] = -1
        self._reward[ids] = 0.0

    def _build(self, ids: np.ndarray) -> None:
        """Give the rows `ids` (m,) the mazes that their seeds say."""
        levels = []
        for i, seed in zip(ids, self._seeds[ids].tolist(), strict=True):
            grid = walls(seed, self.task.size)
            start, heading, target = start_and_target(seed, self.task.size)
            # The layout takes its chance from the generator of episode 0.
            textures = episode_generator(seed, 1).integers(len(TEXTURES), size=grid.shape)
            levels.append(maze_wad(grid, start, heading, target, textures))
            self._target[i] = target
            self._distances[i] = distances(grid, target)
            self._ways[i] = ways(grid, self._distances[i])
        self.doom.load(ids, levels)

    def rewrite(self, ids: np.ndarray, worlds: Worlds) -> None:
        """Nothing changes: worlds have no parameters."""

    def reset(self, ids: np.ndarray, episodes: np.ndarray) -> None:
        self._steps[ids] = 0
        self.doom.start(ids)

    def step(self, action: np.ndarray) -> Outcome:
        """Take actions (n,). Raises ValueError for an action that is none."""
        self._action[:] = action
        if self._action.min() < 0 or self._action.max() > RIGHT:
            raise ValueError(f"actions are 0 to {RIGHT}, got {self._action.min()} to {self._action.max()}")
        self._actions[self._rows, self._steps] = self._action
        self._steps += 1
        before = self.doom.poses.copy()
        self.doom.play(self._rows, [[_ENGINE[a]] for a in self._action.tolist()])
        rewards = {
            "target": 1.0 * self._arrived(),
            "bump": -0.001 * self._bumped(before),
            "step": np.full(len(self._rows), -0.04),
        }
        self._reward[:] = sum(rewards.values())
        never = np.zeros(len(self._rows), dtype=bool)
        return Outcome(rewards, self._arrived(), never, never)

    def _arrived(self) -> np.ndarray:
        return (self.cell == self._target).all(axis=1)

    def _bumped(self, before: np.ndarray) -> np.ndarray:
        """Whether a wall stopped some of the last action's motion (n,), which began from the poses `before` (n, 5)."""
        angle = np.radians(before[:, 2])
        thrust = THRUST * (self._action == FORWARD) * np.stack((np.cos(angle), np.sin(angle)))
        free = before[:, 3:].T * _GLIDE + thrust * _WALK
        moved = (self.doom.poses - before)[:, :2].T
        return np.abs(free - moved).max(axis=0) > _TOUCH

    def observe(self, ids: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        rows = self._rows if ids is None else ids
        size, poses = self.task.size, self.doom.poses[rows]
        place, cell = self._place()[rows], self.cell[rows]
        policy = np.concatenate(
            (
                self.doom.images[rows],
                self._action[rows, None] == np.arange(3),
                self._reward[rows, None],
                self._steps[rows, None] == 0,
            ),
            axis=1,
            dtype=np.float32,
        )
        angle = np.radians(poses[:, [2]])
        truth = (
            place / size,
            poses[:, [4, 3]] * (-1, 1) / CELL,
            (self._target[rows] + 0.5 - place) / size,
            np.cos(angle),
            np.sin(angle),
            self._distances[rows, cell[:, 0], cell[:, 1]][:, None] / size,
        )
        return policy, np.concatenate((policy, *truth), axis=1, dtype=np.float32)

    def shortest_way(self) -> np.ndarray:
        """Actions (n,) that follow the shortest ways to the targets: towards the next cell, from where a player would come
        to rest."""
        row, column = self.cell.T
        onward = np.array(HEADINGS)[self._ways[self._rows, row, column]]
        rest = self._place() + self.doom.poses[:, [4, 3]] * (-1, 1) / (CELL * (1 - FRICTION))
        down, right = (self.cell + onward + 0.5 - rest).T
        left = (np.degrees(np.arctan2(-down, right)) - self.doom.poses[:, 2] + 180) % 360 - 180
        return np.where(left > TURN / 2, LEFT, np.where(left < -TURN / 2, RIGHT, FORWARD))

    def measure(self, ids: np.ndarray) -> dict[str, np.ndarray]:
        return {"success": self._arrived()[ids].astype(np.float64), "steps": self._steps[ids].astype(np.float64)}

    def progress(self) -> np.ndarray:
        return self._arrived().astype(np.float64)

    def state(self) -> dict[str, Any]:
        return {name: array.copy() for name, array in self._arrays().items()}

    def close(self) -> None:
        self.doom.close()

    def restore(self, state: dict[str, Any]) -> None:
        """Go on exactly where `state` was taken, by playing each episode again from its start."""
        for name, array in self._arrays().items():
            array[:] = state[name]
        self._build(self._rows)
        self.doom.start(self._rows)
        taken = [row[:steps].tolist() for row, steps in zip(self._actions, self._steps, strict=True)]
        self.doom.play(self._rows, [[_ENGINE[a] for a in actions] for actions in taken])

    def _arrays(self) -> dict[str, np.ndarray]:
        """Every array (n, ...) that the future depends on, what seeds and actions decide aside."""
        return {
            "seeds": self._seeds,
            "actions": self._actions,
            "steps": self._steps,
            "action": self._action,
            "reward": self._reward,
        }
