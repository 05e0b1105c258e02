"""PalmUp: tasks of a hand that lies palm up with a cube on it."""

from __future__ import annotations

from functools import cached_property

import mujoco
import numpy as np

from deploy_robot import ActionMapping
from deploy_robot.quaternions import conjugate, from_yaw, multiply, rotate
from randomizers import WorldDistribution
from sim2real.tasks.robot_simulation import RobotSimulation
from sim2real.tasks.robot_task import EPISODE_START, RobotTask, free_joint_of, joint_terms

_SPHERE, _CAPSULE, _CYLINDER = (
    int(kind) for kind in (mujoco.mjtGeom.mjGEOM_SPHERE, mujoco.mjtGeom.mjGEOM_CAPSULE, mujoco.mjtGeom.mjGEOM_CYLINDER)
)


class PalmUp(RobotTask):
    """20 Hz, position targets relative to the last ones (as Dactyl, arXiv 1808.00177); every joint is driven.

    The policy group begins with what the real hand measures without a camera: joint angles, the last targets, and whether
    an episode has just begun. The critic also sees the cube and the fingertips. A hand's model calls its base "palm" and its
    cube "cube".
    """

    tips: tuple[str, ...]
    """Names of the sites that the fingers end in."""
    stride: float
    """How far an action of 1 moves a joint's target in one control step [rad]."""
    fastest_target: float
    """Fastest change of a joint's target [rad/s]."""
    start_noise: float | np.ndarray = 0.1
    """Standard deviation of the hand's start around `start_pose` [rad]."""
    cube_start: np.ndarray
    """(3,) where a cube is let go before it settles [m]."""
    lowest: float
    """A cube whose centre is below has left the palm [m]."""

    object_body: str | None = "cube"
    substeps = 5
    episodes_per_trial = 2

    def __init__(self) -> None:
        limits = self.model.jnt_range[[self.model.joint(name).id for name in self.joints]]
        low, high = limits.T
        terms = joint_terms("joint_position", "previous_target", self.joints, limits, self.joints)
        self.observation = (*terms, EPISODE_START)
        joints = len(self.joints)
        self.action = ActionMapping(
            joints=self.joints,
            kind="relative",
            center=tuple(self.start_pose.tolist()),
            scale=(self.stride,) * joints,
            smoothing=0.0,
            lower=tuple(low.tolist()),
            upper=tuple(high.tolist()),
            max_velocity=(self.fastest_target,) * joints,
        )

    @property
    def privileged_size(self) -> int:  # type: ignore[override]
        """Joint angles, speeds and torques; the cube's pose and velocity; the fingertips."""
        return 3 * len(self.joints) + 7 + 6 + 3 * len(self.tips)

    @property
    def lowest_start(self) -> float:
        """A cube whose centre is below does not lie on the palm when it has settled [m]."""
        return self.lowest + 0.04

    @cached_property
    def base(self) -> np.ndarray:
        """Where the hand's base is [m] (3,)."""
        return self.model.body("palm").pos.copy()

    def settle(self) -> np.ndarray:
        rng = np.random.default_rng(0)
        model, tries = self.model, 256
        joints = [model.joint(name).qposadr[0] for name in self.joints]
        place, motion = free_joint_of(model, self.object_body)
        qpos = np.tile(model.qpos0, (tries, 1))
        noise = rng.normal(0.0, self.start_noise, (tries, len(joints)))
        qpos[:, joints] = np.clip(self.start_pose + noise, self.action.lower, self.action.upper)
        cube = qpos[:, place]
        up = rotate(conjugate(cube[:1, 3:]), np.array([0.0, 0.0, 1.0]))[0]
        cube[:, :3] = self.cube_start + rng.uniform(-0.008, 0.008, (tries, 3))
        cube[:, 3:] = multiply(from_yaw(rng.uniform(-np.pi, np.pi, tries)), cube[:, 3:])
        sim, broken = self.hold(qpos, 30)
        at_rest = np.abs(sim.qvel[:, motion]).max(axis=1) < 0.3
        cube = sim.qpos[:, place]
        upright = rotate(cube[:, 3:], up)[:, 2] > 0.9
        return sim.qpos[~broken & at_rest & upright & (cube[:, 2] > self.lowest_start)].copy()


class PalmUpSimulation(RobotSimulation):
    """n hands with a cube each."""

    task: PalmUp
    _torque: np.ndarray

    def __init__(
        self, task: PalmUp, worlds: int, threads: int = 0, distribution: WorldDistribution | None = None
    ) -> None:
        super().__init__(task, worlds, threads, distribution)
        model = task.model
        self._tips = self.sim.bind("site_xpos")
        self._tip_ids = [model.site(name).id for name in task.tips]
        cube = model.body(task.object_body)
        self._cube = np.arange(cube.geomadr[0], cube.geomadr[0] + cube.geomnum[0])
        self._extent = _extents(model.geom_type[self._cube], model.geom_size[self._cube])

    def place(self, ids: np.ndarray, starts: np.ndarray, rngs: list[np.random.Generator]) -> np.ndarray:
        size = self.sim.fields.get("geom_size")
        if size is not None:
            grown = _extents(self.task.model.geom_type[self._cube], size[ids][:, self._cube]) - self._extent
            starts[:, self._object_q.start + 2] += np.maximum(grown.max(axis=1), 0.0)
        return starts

    def dropped(self) -> np.ndarray:
        """Whether the cube has left the hand (n,)."""
        return self.object_pose[:, 2] < self.task.lowest

    def privileged(self, rows: slice | np.ndarray) -> np.ndarray:
        pose = self.object_pose[rows]
        tips = self._tips[rows][:, self._tip_ids] - pose[:, None, :3]
        return np.concatenate(
            (
                self.joint_position[rows] - self.task.start_pose,
                self.joint_velocity[rows],
                self._torque[rows],
                pose[:, :3] - self.task.base,
                pose[:, 3:],
                self.object_velocity[rows],
                tips.reshape(len(pose), -1),
            ),
            axis=1,
        )


def _extents(kinds: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """How far geoms of these kinds (g,) and sizes (..., g, 3) reach from their centre along their z axis [m] (..., g)."""
    round_ends = (kinds == _CAPSULE) * sizes[..., 0]
    along = np.where((kinds == _CAPSULE) | (kinds == _CYLINDER), sizes[..., 1], sizes[..., 2])
    return np.where(kinds == _SPHERE, sizes[..., 0], along + round_ends)
