"""ArmBlock: tasks of an arm that brings a block to a point."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from deploy_robot import PoseTerm
from sim2real.tasks.franka_arm import REACH, FrankaArm
from sim2real.tasks.point_goals import TERMS, PointGoalReward, at, goal_offsets
from sim2real.tasks.robot_simulation import OBJECT
from sim2real.tasks.tools import ToolSimulation

CLEARANCE = 0.1
"""A block starts at least this far beside the gripper [m]."""
LOWEST = -0.05
"""A block whose centre is below has fallen off the table [m]."""


@dataclass(frozen=True)
class BlockReward(PointGoalReward):
    """Also pays for what comes before the block moves."""

    approach: float = -1.0
    """Per m between gripper and block."""
    grasp: float = 0.2
    """While the fingers press on the block, where the gripper is moved."""


class ArmBlock(FrankaArm):
    """A block of 5 cm starts beside the gripper, within 15 cm along each axis. Cameras also see it, from the gripper."""

    object_body = "block"
    reward_terms: tuple[str, ...] = (*TERMS, "approach")
    tracked: ClassVar[dict[str, int]] = {"goal_offset": 3, "object_offset": 3}
    tracked_units: ClassVar[dict[str, str]] = {"goal_offset": "m", "object_offset": "m"}
    tracked_by: ClassVar[dict[str, tuple[str, ...]]] = {
        "goal_offset": ("object",) * 3,
        "object_offset": ("object",) * 3,
    }
    pose_terms = (*goal_offsets((OBJECT,)), PoseTerm("object_offset", "offset", "gripper", OBJECT))

    @property
    def privileged_size(self) -> int:  # type: ignore[override]
        """Also the block's orientation and velocity, and where it is from the gripper."""
        return super().privileged_size + 4 + 6 + 3


class ArmBlockSimulation(ToolSimulation):
    """n arms with a block and a goal each."""

    task: ArmBlock

    reward = BlockReward()

    def __init__(self, *arguments, **options) -> None:  # type: ignore[no-untyped-def]
        super().__init__(*arguments, **options)
        self._block = self.task.model.geom("block").id
        self._half = float(self.task.model.geom_size[self._block, 2])

    @property
    def achieved(self) -> np.ndarray:
        return self.object_pose[:, :3]

    @property
    def object_offset(self) -> np.ndarray:
        """From gripper to block [m] (n, 3)."""
        return self.achieved - self.tools

    def poses(self) -> dict[str, np.ndarray]:
        return super().poses() | {"gripper": at(self.tools)}

    def half_block(self, ids: np.ndarray) -> np.ndarray:
        """Half the edge of the blocks of the worlds `ids` [m] (m,)."""
        size = self.sim.fields.get("geom_size")
        return np.full(len(ids), self._half) if size is None else size[ids, self._block, 2]

    def place(self, ids: np.ndarray, starts: np.ndarray, rngs: list[np.random.Generator]) -> np.ndarray:
        first = self._object_q.start
        for row, rng in zip(starts, rngs, strict=True):
            beside = np.zeros(2)
            while np.linalg.norm(beside) < CLEARANCE:
                beside = rng.uniform(-REACH, REACH, 2)
            row[first : first + 2] = self.task.grip_start[:2] + beside
        starts[:, first + 2] = self.half_block(ids)
        return starts

    def on_table(self, rng: np.random.Generator, world: int) -> np.ndarray:
        """A point (3,) where the centre of that world's block can be when it lies on the table."""
        goal = self.task.grip_start + rng.uniform(-REACH, REACH, 3)
        goal[2] = self.half_block(np.array([world]))[0]
        return goal

    def failed(self) -> np.ndarray:
        return self.object_pose[:, 2] < LOWEST

    def shaping(self) -> dict[str, np.ndarray]:
        return {"approach": self.reward.approach * np.linalg.norm(self.object_offset, axis=1)}

    def track(self, rows: slice | np.ndarray) -> np.ndarray:
        return np.concatenate((self.goal_offset[rows], self.object_offset[rows]), axis=1)

    def privileged(self, rows: slice | np.ndarray) -> np.ndarray:
        return np.concatenate(
            (
                super().privileged(rows),
                self.object_pose[rows, 3:],
                self.object_velocity[rows],
                self.object_offset[rows],
            ),
            axis=1,
        )
