"""arm/reach: bring a Franka arm's gripper to a point."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import numpy as np

from randomizers import WorldDistribution
from sim2real.tasks.franka_arm import OVER_TABLE, REACH, FrankaArm
from sim2real.tasks.point_goals import METRICS, TERMS, PointGoalReward
from sim2real.tasks.tools import ToolReachSimulation


class ArmReach(FrankaArm):
    """Goals fill a cube around where the gripper starts."""

    name = "arm/reach"
    summary = "bring a Franka arm's gripper to a point, joint by joint"
    worlds_path = Path(str(files("sim2real") / "assets" / "arm_reach_worlds.yaml"))
    start_pose = OVER_TABLE
    reward_terms = TERMS
    metrics = METRICS

    def simulate(
        self, worlds: int, threads: int = 0, distribution: WorldDistribution | None = None
    ) -> ArmReachSimulation:
        return ArmReachSimulation(self, worlds, threads, distribution)


class ArmReachSimulation(ToolReachSimulation):
    """n arms with a goal each."""

    task: ArmReach

    reward = PointGoalReward()

    def draw_goal(self, rng: np.random.Generator, world: int) -> np.ndarray:
        return self.task.grip_start + rng.uniform(-REACH, REACH, 3)
