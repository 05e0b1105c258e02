"""arm/pick-and-place: bring a block to a point on a table or above it with a Franka arm."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import numpy as np

from randomizers import WorldDistribution
from sim2real.tasks.arm_block import ArmBlock, ArmBlockSimulation
from sim2real.tasks.franka_arm import OVER_TABLE
from sim2real.tasks.point_goals import METRICS

HIGHEST = 0.45
"""Goals in the air are at most so high above a block on the table [m]."""
NEAR, KEPT_OPEN = 0.02, 0.004
"""Fingers press on the block when it is this near [m] and keeps each of them so far from its target [m]."""


class ArmPickAndPlace(ArmBlock):
    """The open gripper starts above the table; half of the goals are in the air."""

    name = "arm/pick-and-place"
    summary = "bring a block to a point on a table or above it with a Franka arm, joint by joint"
    worlds_path = Path(str(files("sim2real") / "assets" / "arm_pick_and_place_worlds.yaml"))
    gripper = True
    start_pose = np.append(OVER_TABLE, 0.04)
    reward_terms = (*ArmBlock.reward_terms, "grasp")
    metrics = METRICS

    def simulate(
        self, worlds: int, threads: int = 0, distribution: WorldDistribution | None = None
    ) -> ArmPickAndPlaceSimulation:
        return ArmPickAndPlaceSimulation(self, worlds, threads, distribution)


class ArmPickAndPlaceSimulation(ArmBlockSimulation):
    """n arms that pick and place a block each."""

    def draw_goal(self, rng: np.random.Generator, world: int) -> np.ndarray:
        goal = self.on_table(rng, world)
        if rng.random() < 0.5:
            goal[2] += rng.uniform(0.0, HIGHEST)
        return goal

    def shaping(self) -> dict[str, np.ndarray]:
        near = np.linalg.norm(self.object_offset, axis=1) < NEAR
        kept_open = self.joint_position[:, -1] - self.target_angle[:, -1] > KEPT_OPEN
        return super().shaping() | {"grasp": self.reward.grasp * (near & kept_open)}
