"""arm/push: push a block across a table with a Franka arm."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from randomizers import WorldDistribution
from sim2real.tasks.arm_block import ArmBlock, ArmBlockSimulation
from sim2real.tasks.franka_arm import AT_TABLE
from sim2real.tasks.point_goals import METRICS

REACH_BEHIND = 0.035
"""The closed gripper pushes a block when it is this far from its centre [m]."""
ROOM = 0.02
"""Beside the place it pushes from, the gripper may be this far off before it had better rise [m]."""
RISE, HIGHEST = 3.0, 0.08
"""How much higher it had better be than the block's centre for each metre that it is farther away, and at most [m]."""


class ArmPush(ArmBlock):
    """The closed gripper starts as low as the block; goals lie on the table."""

    name = "arm/push"
    summary = "push a block to a point on a table with a Franka arm, joint by joint"
    worlds_path = Path(str(files("sim2real") / "assets" / "arm_push_worlds.yaml"))
    start_pose = AT_TABLE
    start_noise = 0.01
    metrics = METRICS

    @property
    def recipe(self) -> dict[str, Any]:
        return {"rollout": 16, "log_std": -1.5}

    def simulate(
        self, worlds: int, threads: int = 0, distribution: WorldDistribution | None = None
    ) -> ArmPushSimulation:
        return ArmPushSimulation(self, worlds, threads, distribution)


class ArmPushSimulation(ArmBlockSimulation):
    """n arms that push a block each."""

    def draw_goal(self, rng: np.random.Generator, world: int) -> np.ndarray:
        return self.on_table(rng, world)

    def shaping(self) -> dict[str, np.ndarray]:
        """The way that is left, over the block if need be, to behind it as seen from its goal; none once it is there."""
        push = self.goal_offset[:, :2]
        ahead = push / np.maximum(np.linalg.norm(push, axis=1, keepdims=True), 1e-6)
        beside = np.linalg.norm(self.object_offset[:, :2] - REACH_BEHIND * ahead, axis=1)
        height = np.clip(RISE * (beside - ROOM), 0.0, HIGHEST)
        way = beside + np.abs(self.object_offset[:, 2] + height)
        return {"approach": self.reward.approach * np.where(self._reached, 0.0, way)}
