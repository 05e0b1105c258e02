"""Reaching with a robot of one's own: an arm's end effector, or fingertips."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

import numpy as np

from randomizers import WorldDistribution
from sim2real.simulation.batch_sim import BatchSim
from sim2real.tasks.own.description import Reach
from sim2real.tasks.own.own_task import OwnTask
from sim2real.tasks.point_goals import METRICS, TERMS, PointGoalReward, goal_offsets
from sim2real.tasks.tools import ToolReachSimulation, ToolTask

_TRIES = 512
_HELD = 40
"""Control steps in which poses come to rest."""


class OwnReach(OwnTask, ToolTask):
    """Kind reach: goals are where the tips really are in some pose, so all can be reached. Cameras track the goals."""

    description: Reach
    reward_terms = TERMS
    metrics = METRICS

    def __init__(self, path: Path, description: Reach, files: Mapping[str, str]) -> None:
        super().__init__(path, description, files)
        self.tools = description.tips
        columns = 3 * len(self.tools)
        self.pose_terms = goal_offsets(self.tools)
        self.tool_sites = {tip: tip for tip in self.tools}
        self.tracked = {"goal_offset": columns}  # type: ignore[misc]
        self.tracked_units = {"goal_offset": "m"}  # type: ignore[misc]
        self.tracked_by = {"goal_offset": tuple(tip for tip in self.tools for _ in range(3))}  # type: ignore[misc]

    def simulate(
        self, worlds: int, threads: int = 0, distribution: WorldDistribution | None = None
    ) -> OwnReachSimulation:
        return OwnReachSimulation(self, worlds, threads, distribution)

    def settle(self) -> np.ndarray:
        rng = np.random.default_rng(0)
        noise = rng.normal(0.0, self.spread, (_TRIES // 2, len(self.joints)))
        sim, kept = self._rested(self.start_pose + noise)
        return sim.qpos[kept].copy()

    @cached_property
    def goals(self) -> np.ndarray:
        """Where the tips are in many poses, one after the other [m] (m, 3 tips)."""
        rng = np.random.default_rng(1)
        low, high = np.array(self.action.lower), np.array(self.action.upper)
        share = self.description.goal_range
        first, last = (self.start_pose + share * (end - self.start_pose) for end in (low, high))
        sim, kept = self._rested(rng.uniform(first, last, (_TRIES, len(self.joints))))
        places = sim.bind("site_xpos")
        sim.forward()
        sites = [self.model.site(name).id for name in self.tools]
        return places[kept][:, sites].reshape(int(kept.sum()), -1)

    def _rested(self, pose: np.ndarray) -> tuple[BatchSim, np.ndarray]:
        """Hold the joints in these poses (m, j); returns the simulation and which rows came to rest (m,)."""
        qpos = np.tile(self.model.qpos0, (len(pose), 1))
        places = [self.model.joint(name).qposadr[0] for name in self.joints]
        qpos[:, places] = np.clip(pose, self.action.lower, self.action.upper)
        sim, broken = self.hold(qpos, _HELD)
        kept = ~broken & (np.abs(sim.qvel).max(axis=1) < 0.1)
        if not kept.any():
            raise self.no_start()
        return sim, kept


class OwnReachSimulation(ToolReachSimulation):
    """n robots with goals for their tips each."""

    task: OwnReach

    @property
    def reward(self) -> PointGoalReward:  # type: ignore[override]
        """The file's weights, and when goals are reached."""
        return self.task.description.rewards

    def draw_goal(self, rng: np.random.Generator, world: int) -> np.ndarray:
        return self.task.goals[rng.integers(len(self.task.goals))]
