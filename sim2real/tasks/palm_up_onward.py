"""PalmUpOnward: goals that begin with one more tumble and widen to all orientations as they are reached."""

from __future__ import annotations

from typing import Any

import numpy as np

from deploy_robot.quaternions import from_rotation_vector, multiply, rotate, rotation_between
from randomizers import WorldDistribution
from sim2real.tasks.cube_faces import heights, lean
from sim2real.tasks.goal_orientations import directions
from sim2real.tasks.goals import METRICS, GoalReward
from sim2real.tasks.palm_up_reorient import PalmUpReorient, PalmUpReorientSimulation
from sim2real.tasks.task import Outcome

STEP = 0.01
"""How much a goal that was reached widens the next ones, and one that was not narrows them."""
UP = 0.45
"""A face is up when it leans by less [rad]."""
MEASURED = METRICS | {"spread": "1"}
_AXES = np.concatenate((np.eye(3), -np.eye(3)))
_VERTICAL = np.array([0.0, 0.0, 1.0])


class PalmUpOnward(PalmUpReorient):
    """A stage between `tumble`, from which it starts, and `reorient`, which starts from it.

    A goal is first the cube's last tumble once more, which a hand that tumbles cubes reaches without knowing of goals; then
    that, turned further about any axis by up to `spread` half turns. Each row has its own spread, which grows with each
    goal reached and shrinks with each that was not (a staircase: Levitt 1971, doi 10.1121/1.1912375), so that it comes to
    rest where half of the goals are reached; it goes on from episode to episode and from world to world. Where goals are
    as wide as they get, they may be no more uniform than `reorient`'s are.
    """

    metrics = MEASURED

    @property
    def recipe(self) -> dict[str, Any]:
        return {"worlds": 128, "rollout": 16, "gamma": 0.97}

    def simulate(
        self, worlds: int, threads: int = 0, distribution: WorldDistribution | None = None
    ) -> PalmUpOnwardSimulation:
        return PalmUpOnwardSimulation(self, worlds, threads, distribution)


class PalmUpOnwardSimulation(PalmUpReorientSimulation):
    """n hands that bring a cube each to goals that widen."""

    task: PalmUpOnward
    reward = GoalReward(drop=-8.0, closest=True, patience=3.0)

    def __init__(self, *arguments, **options) -> None:  # type: ignore[no-untyped-def]
        super().__init__(*arguments, **options)
        self._spread = np.zeros(self.n)
        self._axis = np.zeros((self.n, 3))
        self._face = np.zeros(self.n, dtype=np.int64)
        self._settled = np.tile([1.0, 0.0, 0.0, 0.0], (self.n, 1))

    def begin(self, ids: np.ndarray, rngs: list[np.random.Generator]) -> None:
        pose = self.object_pose[ids, 3:]
        self._face[ids] = heights(pose).argmax(axis=1)
        self._settled[ids] = pose
        super().begin(ids, rngs)

    def evaluate(self, diverged: np.ndarray) -> Outcome:
        outcome = super().evaluate(diverged)
        self._spread += STEP * self._reached - STEP * self._missed
        np.clip(self._spread, 0.0, 1.0, out=self._spread)
        self._follow()
        return outcome

    def _follow(self) -> None:
        """Keep about which axis cubes were last tumbled."""
        pose = self.object_pose[:, 3:]
        up = heights(pose)
        face = up.argmax(axis=1)
        new = np.flatnonzero((face != self._face) & (lean(up.max(axis=1)) < UP))
        axis = rotation_between(self._settled[new], pose[new]) * (1.0, 1.0, 0.0)
        self._axis[new] = axis / np.maximum(np.linalg.norm(axis, axis=1, keepdims=True), 1e-9)
        self._face[new], self._settled[new] = face[new], pose[new]

    def _draw(self, ids: np.ndarray, chance: np.ndarray) -> np.ndarray:
        pose, spread = self.object_pose[ids, 3:], self._spread[ids]
        onward = self._tumbled(pose, self._about(ids, chance))
        further = (np.pi * chance[:, 0] * spread)[:, None] * directions(chance[:, 1:])
        goal = multiply(from_rotation_vector(further), onward)
        near = np.linalg.norm(self.orientations.rotation(pose, goal), axis=1) < self.reward.nearest
        return np.where(near[:, None], onward, goal)

    def _about(self, ids: np.ndarray, chance: np.ndarray) -> np.ndarray:
        """The axes (m, 3) that cubes were last tumbled about; any horizontal one where they have not been."""
        longitude = 2.0 * np.pi * chance[:, 2]
        some = np.stack((np.cos(longitude), np.sin(longitude), np.zeros(len(ids))), axis=1)
        return np.where(self._axis[ids].any(axis=1, keepdims=True), self._axis[ids], some)

    def _tumbled(self, pose: np.ndarray, about: np.ndarray) -> np.ndarray:
        """Cubes (m, 4), laid down and tumbled once about the edge that is nearest to the axes `about` (m, 3)."""
        rows = np.arange(len(pose))
        normal = rotate(pose, _AXES[heights(pose).argmax(axis=1)])
        tilt = np.cross(normal, _VERTICAL)
        sine = np.linalg.norm(tilt, axis=1, keepdims=True)
        lying = multiply(from_rotation_vector(tilt * (np.arcsin(np.minimum(sine, 1.0)) / np.maximum(sine, 1e-9))), pose)
        edges = np.stack([rotate(lying, np.broadcast_to(axis, (len(pose), 3))) for axis in _AXES], axis=1)
        edge = edges[rows, np.einsum("nek,nk->ne", edges, about).argmax(axis=1)]
        return multiply(from_rotation_vector(0.5 * np.pi * edge), lying)

    def measure(self, ids: np.ndarray) -> dict[str, np.ndarray]:
        return super().measure(ids) | {"spread": self._spread[ids].copy()}

    def _arrays(self) -> dict[str, np.ndarray]:
        return super()._arrays() | {
            "spread": self._spread,
            "axis": self._axis,
            "face": self._face,
            "settled": self._settled,
        }
