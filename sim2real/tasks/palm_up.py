"""PalmUp: tasks of a hand that lies palm up with a cube on it."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from deploy_robot import ActionMapping, ObservationTerm
from randomizers import WorldDistribution
from sim2real.simulation.batch_sim import BatchSim
from sim2real.simulation.quaternions import from_yaw, multiply, rotate
from sim2real.tasks.robot_simulation import RobotSimulation
from sim2real.tasks.robot_task import RobotTask


class PalmUp(RobotTask):
    """20 Hz, position targets relative to the last ones (as Dactyl, arXiv 1808.00177); every joint is driven.

    The policy group begins with what the real hand measures without a camera: joint angles, the last targets, and whether
    an episode has just begun. The critic also sees the cube and the fingertips. A hand's model calls its base "palm", its
    cube "cube" and the end of a finger "<finger>_tip".
    """

    fingers: ClassVar[tuple[str, ...]]
    """Names of the fingers."""
    stride: ClassVar[float]
    """How far an action of 1 moves a joint's target in one control step [rad]."""
    fastest_target: ClassVar[float]
    """Fastest change of a joint's target [rad/s]."""
    cube_start: ClassVar[np.ndarray]
    """(3,) where a cube is let go before it settles [m]."""
    lowest: ClassVar[float]
    """A cube whose centre is below has left the palm [m]."""

    object_body = "cube"
    substeps = 5
    episodes_per_trial = 2

    def __init__(self) -> None:
        low, high = self.model.jnt_range[[self.model.joint(name).id for name in self.joints]].T
        offset, scale = tuple(((high + low) / 2).tolist()), tuple((2 / (high - low)).tolist())
        self.observation = (
            ObservationTerm("joint_position", "joint_position", self.joints, "rad", offset, scale),
            ObservationTerm("previous_target", "previous_target", self.joints, "rad", offset, scale),
            ObservationTerm("episode_start", "episode_start", (), "1", (0.0,), (1.0,)),
        )
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
        return 3 * len(self.joints) + 7 + 6 + 3 * len(self.fingers)

    def settle(self) -> np.ndarray:
        rng = np.random.default_rng(0)
        tries, model = 256, self.model
        sim = BatchSim(model, tries)
        qpos = np.tile(model.qpos0, (tries, 1))
        low, high = np.array(self.action.lower), np.array(self.action.upper)
        angles = np.clip(self.start_pose + rng.normal(0.0, 0.1, (tries, len(self.joints))), low, high)
        ids = [model.joint(name).id for name in self.joints]
        qpos[:, model.jnt_qposadr[ids]] = angles
        free = model.body(self.object_body).jntadr[0]
        place, motion = (
            slice(first[free], first[free] + n) for first, n in ((model.jnt_qposadr, 7), (model.jnt_dofadr, 6))
        )
        cube = qpos[:, place]
        cube[:, :3] = self.cube_start + rng.uniform(-0.008, 0.008, (tries, 3))
        cube[:, 3:] = multiply(from_yaw(rng.uniform(-np.pi, np.pi, tries)), cube[:, 3:])
        moved = [ids.index(joint) for joint in model.actuator_trnid[:, 0]]
        sim.reset(np.arange(tries), qpos, np.zeros((tries, model.nv)), angles[:, moved])
        broken = np.zeros(tries, dtype=bool)
        for _ in range(30):
            broken |= sim.step(self.substeps)
        at_rest = np.abs(sim.qvel[:, motion]).max(axis=1) < 0.3
        cube = sim.qpos[:, place]
        upright = rotate(cube[:, 3:], np.array([0.0, 0.0, 1.0]))[:, 2] > 0.9
        return sim.qpos[~broken & at_rest & upright & (cube[:, 2] > self.lowest + 0.04)].copy()


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
        self._tip_ids = [model.site(f"{finger}_tip").id for finger in task.fingers]
        self._palm = model.body("palm").pos.copy()
        self._cube = model.geom("cube").id
        self._half = float(model.geom_size[self._cube, 2])

    def place(self, ids: np.ndarray, starts: np.ndarray, rngs: list[np.random.Generator]) -> np.ndarray:
        size = self.sim.fields.get("geom_size")
        if size is not None:
            starts[:, self._object_q.start + 2] += np.maximum(size[ids, self._cube, 2] - self._half, 0.0)
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
                pose[:, :3] - self._palm,
                pose[:, 3:],
                self.object_velocity[rows],
                tips.reshape(len(pose), -1),
            ),
            axis=1,
        )
