"""PalmUpReorient: bring a cube from one orientation to the next."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from deploy_robot import PoseTerm
from randomizers import WorldDistribution
from randomizers.channels import Sources
from sim2real.tasks.goal_orientations import GoalOrientations, Turns
from sim2real.tasks.goals import METRICS, TERMS, GoalSimulation
from sim2real.tasks.palm_up import PalmUp, PalmUpSimulation
from sim2real.tasks.robot_simulation import GOAL, OBJECT
from sim2real.tasks.sensing import distance_to_others


class PalmUpReorient(PalmUp):
    """Goals are drawn and counted as in Dactyl (arXiv 1808.00177): any orientation, reached within 0.4 rad.

    MuJoCo Playground's LeapCubeReorient (arXiv 2502.08844) asks for 0.1 rad instead. Cameras tell the policy where the cube
    is, from its place on the palm, and the rotation vector from it to its goal.
    """

    turns: ClassVar[Turns] = "xyz"
    """Which orientations goals are drawn from."""

    episode_steps = 400
    reward_terms: tuple[str, ...] = TERMS
    metrics = METRICS
    tracked: ClassVar[dict[str, int]] = {"object_position": 3, "goal_rotation": 3}
    tracked_units: ClassVar[dict[str, str]] = {"object_position": "m", "goal_rotation": "rad"}
    tracked_by: ClassVar[dict[str, tuple[str, ...]]] = {
        "object_position": ("object",) * 3,
        "goal_rotation": ("object",) * 3,
    }

    @property
    def pose_terms(self) -> tuple[PoseTerm, ...]:  # type: ignore[override]
        return (
            PoseTerm("object_position", "offset", tuple(self.cube_start), OBJECT),
            PoseTerm("goal_rotation", "rotation", OBJECT, GOAL, goal=True),
        )

    @property
    def privileged_size(self) -> int:  # type: ignore[override]
        """The hand and the cube, and the goal both as an orientation and as a rotation vector."""
        return super().privileged_size + 4 + 3

    @property
    def recipe(self) -> dict[str, Any]:
        return {"gamma": 0.99}

    def simulate(
        self, worlds: int, threads: int = 0, distribution: WorldDistribution | None = None
    ) -> PalmUpReorientSimulation:
        return PalmUpReorientSimulation(self, worlds, threads, distribution)


class PalmUpReorientSimulation(PalmUpSimulation, GoalSimulation):
    """n hands that reorient a cube each."""

    task: PalmUpReorient
    goal_shown_at = (-0.075, -0.07, 0.05)

    def __init__(
        self,
        task: PalmUpReorient,
        worlds: int,
        threads: int = 0,
        distribution: WorldDistribution | None = None,
    ) -> None:
        self.orientations = GoalOrientations(task.turns)
        super().__init__(task, worlds, threads, distribution)

    def sources(self) -> Sources:
        return {**super().sources(), "clearance": self._clearance}

    def _clearance(self) -> np.ndarray:
        """Distance [m] from the cube's center to the nearest fingertip (n, 1)."""
        points = np.concatenate((self.object_pose[:, None, :3], self._tips[:, self._tip_ids]), axis=1)
        return distance_to_others(points, 1)

    def track(self, rows: slice | np.ndarray) -> np.ndarray:
        return np.concatenate((self.object_pose[rows, :3] - self.task.cube_start, self.goal_rotation[rows]), axis=1)

    def privileged(self, rows: slice | np.ndarray) -> np.ndarray:
        return np.concatenate((super().privileged(rows), self.goal[rows], self.goal_rotation[rows]), axis=1)
