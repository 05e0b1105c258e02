"""arm/push: push a block across a table with a Franka arm."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import numpy as np

from randomizers import WorldDistribution
from sim2real.tasks.arm_block import ArmBlock, ArmBlockSimulation
from sim2real.tasks.franka_arm import AT_TABLE
from sim2real.tasks.point_goals import METRICS


class ArmPush(ArmBlock):
    """The closed gripper starts as low as the block; goals lie on the table."""

    name = "arm/push"
    summary = "push a block to a point on a table with a Franka arm, joint by joint"
    worlds_path = Path(str(files("sim2real") / "assets" / "arm_push_worlds.yaml"))
    start_pose = AT_TABLE
    start_noise = 0.01
    metrics = METRICS

    def simulate(
        self, worlds: int, threads: int = 0, distribution: WorldDistribution | None = None
    ) -> ArmPushSimulation:
        return ArmPushSimulation(self, worlds, threads, distribution)


class ArmPushSimulation(ArmBlockSimulation):
    """n arms that push a block each."""

    def draw_goal(self, rng: np.random.Generator, world: int) -> np.ndarray:
        return self.on_table(rng, world)
