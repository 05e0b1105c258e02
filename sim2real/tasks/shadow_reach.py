"""shadow/reach: bring the fingertips of a Shadow hand to five points."""

from __future__ import annotations

from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any, ClassVar

import mujoco
import numpy as np

from randomizers import WorldDistribution
from randomizers.channels import Sources
from sim2real.tasks.point_goals import METRICS, TERMS, PointGoalReward, PointGoalSimulation, goal_offsets
from sim2real.tasks.sensing import distance_to_others
from sim2real.tasks.shadow_hand import (
    DRIVEN,
    JOINTS,
    TIP_SITES,
    TIPS,
    ShadowHand,
    ShadowHandSimulation,
    shadow_assets,
)

START = {
    "WR": (-0.1651, -0.3197),
    "FF": (0.1434, 0.3203, 0.7126, 0.6705),
    "MF": (0.0002, 0.3153, 0.7660, 0.7323),
    "RF": (0.0004, 0.3674, 0.7120, 0.6699),
    "LF": (0.0525, -0.1362, 0.3987, 0.7416, 0.7041),
    "TH": (0.0037, 0.5506, -0.0145, -0.0015, -0.7895),
}
"""The joint angles [rad] that episodes of HandReach start from, of wrist and fingers in the order of `JOINTS`."""
MEETING = np.array([0.0, -0.09, 0.05])
"""Where thumb and finger meet, from the palm [m]."""
SCATTER = 0.005
"""Standard deviation of that place along each axis [m]."""
APART = 0.005
"""How far thumb and finger stop before that place [m], so that both have room."""
STAY = 0.1
"""Probability that the goal is where the fingertips start."""


class ShadowReach(ShadowHand):
    """Goals of gymnasium-robotics' HandReach (arXiv 1802.09464): the thumb meets one finger, the others stay.

    Cameras tell the policy how far each fingertip is from its goal. When an episode is over, that must be less than 1 cm in
    the mean over the fingers; the original, whose hands are all alike, asks for 1 cm in the norm over all coordinates.
    """

    name = "shadow/reach"
    summary = "bring the thumb of a Shadow hand and one of its fingers together"
    model_path = shadow_assets() / "reach.xml"
    worlds_path = Path(str(files("sim2real") / "assets" / "shadow_reach_worlds.yaml"))
    stride = 0.06
    start_pose = np.concatenate(list(START.values()))
    episode_steps = 50
    episodes_per_trial = 4
    reward_terms = TERMS
    metrics = METRICS
    tracked: ClassVar[dict[str, int]] = {"goal_offset": 15}
    tracked_units: ClassVar[dict[str, str]] = {"goal_offset": "m"}
    tracked_by: ClassVar[dict[str, tuple[str, ...]]] = {"goal_offset": tuple(tip for tip in TIPS for _ in range(3))}
    pose_terms = goal_offsets(TIPS)
    tool_sites = TIP_SITES
    privileged_size = 24 + 24 + 20 + 15 + 15

    @property
    def recipe(self) -> dict[str, Any]:
        return {
            "worlds": 128,
            "rollout": 16,
            "gamma": 0.95,
            "gae_lambda": 0.9,
            "log_std": -1.0,
            # Or fingers learn to keep the joint in the palm still, without which the little one does not get there.
            "entropy": 0.005,
            "entropy_final": 0.0,
            "steps": 4_500_000,
        }

    @cached_property
    def spec(self) -> mujoco.MjSpec:
        """Without the marks that stock environments show goals with."""
        spec = super().spec
        spec.delete(spec.body("floor0"))
        return spec

    @cached_property
    def rest(self) -> tuple[np.ndarray, np.ndarray]:
        """Where palm (3,) and fingertips (5, 3) are in the start pose [m]."""
        data = mujoco.MjData(self.model)
        data.qpos[[self.model.joint(name).qposadr[0] for name in JOINTS]] = self.start_pose
        mujoco.mj_kinematics(self.model, data)
        tips = [data.site(site).xpos for site in TIP_SITES.values()]
        return data.body("robot0:palm").xpos.copy(), np.array(tips)

    def simulate(
        self, worlds: int, threads: int = 0, distribution: WorldDistribution | None = None
    ) -> ShadowReachSimulation:
        return ShadowReachSimulation(self, worlds, threads, distribution)

    def settle(self) -> np.ndarray:
        tries = 128
        noise = np.random.default_rng(0).normal(0.0, 0.02, (tries, len(DRIVEN)))
        sim, broken = self.held(np.tile(self.model.qpos0, (tries, 1)), noise)
        return sim.qpos[~broken & (np.abs(sim.qvel).max(axis=1) < 0.1)].copy()


class ShadowReachSimulation(ShadowHandSimulation, PointGoalSimulation):
    """n Shadow hands with five goals each."""

    task: ShadowReach
    reward = PointGoalReward(distance=-40.0, tolerance=0.01)
    points = 5

    def __init__(
        self, task: ShadowReach, worlds: int, threads: int = 0, distribution: WorldDistribution | None = None
    ) -> None:
        super().__init__(task, worlds, threads, distribution)
        self._torque = self.sim.bind("actuator_force")

    @property
    def achieved(self) -> np.ndarray:
        return self.tips.reshape(self.n, -1)

    def draw_goal(self, rng: np.random.Generator, world: int) -> np.ndarray:
        palm, goal = self.task.rest[0], self.task.rest[1].copy()
        finger = rng.integers(len(goal) - 1)
        meeting = palm + MEETING + rng.normal(0.0, SCATTER, 3)
        if rng.random() >= STAY:
            for tip in (finger, -1):
                way = meeting - goal[tip]
                goal[tip] = meeting - APART * way / np.linalg.norm(way)
        return goal.ravel()

    def sources(self) -> Sources:
        return {**super().sources(), "clearance": lambda: distance_to_others(self.tips, self.points)}

    def track(self, rows: slice | np.ndarray) -> np.ndarray:
        return self.goal_offset[rows]

    def privileged(self, rows: slice | np.ndarray) -> np.ndarray:
        return np.concatenate(
            (
                self.joint_position[rows],
                self.joint_velocity[rows],
                self._torque[rows],
                self.goal[rows] - np.tile(self.task.rest[0], 5),
                self.goal_offset[rows],
            ),
            axis=1,
        )
