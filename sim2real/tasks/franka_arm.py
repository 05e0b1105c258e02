"""FrankaArm: tasks of a Franka Emika Panda at a table."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar

import mujoco
import numpy as np

from deploy_robot import ActionMapping, ObservationTerm
from sim2real.errors import UserError
from sim2real.simulation.physics_model import load_spec
from sim2real.tasks.point_goals import goal_offsets
from sim2real.tasks.robot_task import EPISODE_START, joint_terms
from sim2real.tasks.tools import ToolTask

ARM = tuple(f"panda_joint{number}" for number in range(1, 8))
GRIPPER, OTHER_FINGER = "panda_finger_joint1", "panda_finger_joint2"
"""How far each finger is from the middle [m]."""
COUPLING = "panda_fingers"
"""What lets one motor move both."""
OVER_TABLE = np.array([0.0, 0.0, 0.0, -2.36, 0.0, 2.36, np.pi / 4])
"""The gripper points down, 22 cm above the table [rad]."""
AT_TABLE = np.array([0.0, 0.4316, 0.0, -2.3729, 0.0, 2.8045, np.pi / 4])
"""The same place, 4 cm above the table [rad]: the fingers are as low as a block, the hand is not."""
STRIDE, GRIPPER_STRIDE = 0.1, 0.005
"""How far an action of 1 moves a joint's target in one control step [rad], and the gripper's [m]."""
FASTEST, GRIPPER_FASTEST = (2.175,) * 4 + (2.61,) * 3, 0.1
"""Fastest change of the targets: what the maker says of the joints [rad/s]; that of the gripper [m/s]."""
REACH = 0.15
"""Goals and blocks lie within this of where the gripper starts, along each axis [m], as in the Fetch tasks."""


def _meshes() -> Path:
    """The arm's meshes in gymnasium-robotics, found without importing it: that would register environments and print."""
    package = find_spec("gymnasium_robotics")
    if package is None or package.origin is None:
        raise UserError("the arm's meshes are those of the package gymnasium-robotics, which is not installed")
    assets = Path(package.origin).parent / "envs" / "assets"
    return assets / "kitchen_franka" / "franka_assets" / "meshes" / "visual"


class FrankaArm(ToolTask):
    """7 joints, 20 Hz, position targets relative to the last ones; the gripper is an eighth where a task moves it.

    The policy group begins with what the arm measures: joint angles, the last targets, and whether an episode has just
    begun; cameras track the goal and what is to be brought there. Goals are those of gymnasium-robotics' Fetch tasks
    (arXiv 1802.09464), to be reached within 5 cm when 5 s are over.
    """

    model_path = Path(str(files("sim2real") / "assets" / "franka_arm.xml"))
    tools = ("grip",)
    gripper: ClassVar[bool] = False
    """Whether the policy moves the gripper; closed otherwise."""
    start_noise: ClassVar[float] = 0.05
    """Standard deviation of the arm's start around `start_pose` [rad]."""
    substeps = 10
    episode_steps = 100
    episodes_per_trial = 4
    tracked: ClassVar[Mapping[str, int]] = {"goal_offset": 3}
    tracked_units: ClassVar[Mapping[str, str]] = {"goal_offset": "m"}
    tracked_by: ClassVar[Mapping[str, tuple[str, ...]]] = {"goal_offset": ("gripper",) * 3}
    pose_terms = goal_offsets(("gripper",))
    tool_sites: Mapping[str, str] = MappingProxyType({"gripper": "grip"})

    def __init__(self) -> None:
        self.joints = (*ARM, GRIPPER) if self.gripper else ARM
        count = len(self.joints)
        low, high = self.model.jnt_range[[self.model.joint(name).id for name in self.joints]].T
        self.observation = (
            *self._terms("joint_position", "previous_target", ARM, "rad"),
            *(self._terms("gripper_position", "previous_gripper", (GRIPPER,), "m") if self.gripper else ()),
            EPISODE_START,
        )
        self.action = ActionMapping(
            joints=self.joints,
            kind="relative",
            center=(0.0,) * count,
            scale=(*[STRIDE] * 7, GRIPPER_STRIDE)[:count],
            lower=tuple(low),
            upper=tuple(high),
            max_velocity=(*FASTEST, GRIPPER_FASTEST)[:count],
        )

    def _terms(self, position: str, target: str, joints: tuple[str, ...], unit: str) -> tuple[ObservationTerm, ...]:
        """Where joints are and where they were last told to be, by these names, their ranges brought to [-1, 1]."""
        limits = self.model.jnt_range[[self.model.joint(joint).id for joint in joints]]
        return joint_terms(position, target, joints, limits, joints, unit)

    @cached_property
    def spec(self) -> mujoco.MjSpec:
        """With the meshes; without the block where the task has none, and with fingers fixed where it does not move them."""
        spec = load_spec(self.model_path)
        spec.meshdir = str(_meshes())
        if not self.object_body:
            spec.delete(spec.body("block"))
        if not self.gripper:
            fingers = spec.joint(GRIPPER), spec.joint(OTHER_FINGER)
            for thing in (spec.actuator(GRIPPER), spec.equality(COUPLING), *fingers):
                spec.delete(thing)
        return spec

    @cached_property
    def grip_start(self) -> np.ndarray:
        """Where the gripper is in the start pose [m] (3,)."""
        data = mujoco.MjData(self.model)
        data.qpos[[self.model.joint(name).qposadr[0] for name in self.joints]] = self.start_pose
        mujoco.mj_kinematics(self.model, data)
        return data.site("grip").xpos.copy()

    def settle(self) -> np.ndarray:
        rng = np.random.default_rng(0)
        tries, model = 256, self.model
        joints = [int(model.joint(name).qposadr[0]) for name in self.joints]
        wanted = self.start_pose + np.zeros((tries, 1))
        wanted[:, :7] += rng.normal(0.0, self.start_noise, (tries, 7))
        qpos = np.tile(model.qpos0, (tries, 1))
        qpos[:, joints] = wanted
        if self.gripper:
            qpos[:, int(model.joint(OTHER_FINGER).qposadr[0])] = wanted[:, 7]
        sim, broken = self.hold(qpos, 20)
        at_rest = np.abs(sim.qvel).max(axis=1) < 0.01
        unhindered = np.abs(sim.qpos[:, joints] - wanted).max(axis=1) < 0.005
        return sim.qpos[~broken & at_rest & unhindered].copy()
