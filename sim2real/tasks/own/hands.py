"""Tasks of hands of one's own: palm up, with an object on it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

import numpy as np

from randomizers import WorldDistribution
from sim2real.tasks.goals import GoalReward
from sim2real.tasks.own.description import HandDescription, Reorient, RotateZ
from sim2real.tasks.own.own_task import OwnTask
from sim2real.tasks.palm_up import PalmUp
from sim2real.tasks.palm_up_reorient import PalmUpReorient, PalmUpReorientSimulation
from sim2real.tasks.palm_up_rotate_z import PalmUpRotateZ, PalmUpRotateZSimulation
from sim2real.tasks.rotation import RotationReward


class OwnHand(OwnTask, PalmUp):
    """Everything that the file says; the critic sees the object from where it is let go."""

    description: HandDescription

    def __init__(self, path: Path, description: HandDescription, files: Mapping[str, str]) -> None:
        super().__init__(path, description, files)
        self.tips = description.tips
        self.cube_start = np.array(description.object_start)
        self.lowest = description.lowest
        self.start_noise = self.spread

    @property
    def lowest_start(self) -> float:
        return (self.lowest + float(self.cube_start[2])) / 2

    @cached_property
    def base(self) -> np.ndarray:
        return self.cube_start

    def settle(self) -> np.ndarray:
        starts = super().settle()
        if not len(starts):
            raise self.no_start()
        return starts


class OwnRotateZ(OwnHand, PalmUpRotateZ):
    """Kind rotate-z."""

    description: RotateZ

    def simulate(
        self, worlds: int, threads: int = 0, distribution: WorldDistribution | None = None
    ) -> OwnRotateZSimulation:
        return OwnRotateZSimulation(self, worlds, threads, distribution)


class OwnRotateZSimulation(PalmUpRotateZSimulation):
    """n hands, rewarded as the file says."""

    task: OwnRotateZ

    @property
    def reward(self) -> RotationReward:  # type: ignore[override]
        """The file's weights."""
        return self.task.description.rewards


class OwnReorient(OwnHand, PalmUpReorient):
    """Kind reorient."""

    description: Reorient

    def simulate(
        self, worlds: int, threads: int = 0, distribution: WorldDistribution | None = None
    ) -> OwnReorientSimulation:
        return OwnReorientSimulation(self, worlds, threads, distribution)


class OwnReorientSimulation(PalmUpReorientSimulation):
    """n hands, rewarded as the file says."""

    task: OwnReorient

    @property
    def reward(self) -> GoalReward:  # type: ignore[override]
        """The file's weights, and when goals are reached."""
        return self.task.description.rewards
