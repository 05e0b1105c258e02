"""leap/rotate-z: turn a cube about the vertical on a LEAP hand, feeling only the joints."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from deploy_robot import ActionMapping, ObservationTerm
from randomizers import WorldDistribution
from sim2real.simulation.batch_sim import BatchSim
from sim2real.simulation.quaternions import from_yaw, multiply, rotate
from sim2real.tasks.robot_task import RobotTask
from sim2real.tasks.rotation import METRICS, TERMS, RotationReward, RotationSimulation

FINGERS = {finger: ("mcp", "rot", "pip", "dip") for finger in ("if", "mf", "rf")} | {"th": ("cmc", "axl", "mcp", "ipl")}
JOINTS = tuple(f"{finger}_{joint}" for finger, joints in FINGERS.items() for joint in joints)
HOME = np.array([0.45, 0.0, 1.2, 0.75] * 3 + [0.1, 1.0, 1.0, 1.3])
"""Fingers half closed around the cube [rad]."""
STRIDE = 0.25
"""How far an action of 1 moves a joint's target in one control step [rad]."""
FASTEST_TARGET = 8.0
"""Fastest change of a joint's target [rad/s], near the no-load speed of the hand's servos."""
CUBE_START = np.array([-0.042, 0.035, 0.325])
"""Where a cube is let go before it settles [m]."""
LOWEST = 0.22
"""A cube whose centre is below has left the palm [m]."""


def _span(low: np.ndarray, high: np.ndarray) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Offset and scale that bring the range [low, high] to [-1, 1]."""
    return tuple(((high + low) / 2).tolist()), tuple((2 / (high - low)).tolist())


class LeapRotateZ(RobotTask):
    """16 joints, 20 Hz, position targets relative to the last ones (as Dactyl, arXiv 1808.00177).

    The policy group is what the real hand measures without a camera: joint angles, the last targets, and whether an
    episode has just begun; the cube must be felt through the servos. The critic also sees the cube and the fingertips.
    """

    name = "leap/rotate-z"
    summary = "turn a cube about the vertical on a LEAP hand, from joint angles alone"
    model_path = Path(str(files("sim2real") / "assets" / "leap_hand.xml"))
    worlds_path = Path(str(files("sim2real") / "assets" / "leap_rotate_z_worlds.yaml"))
    joints = JOINTS
    start_pose = HOME
    object_body = "cube"
    substeps = 5
    episode_steps = 200
    episodes_per_trial = 2
    reward_terms = TERMS
    metrics = METRICS
    privileged_size = 16 + 16 + 16 + 3 + 4 + 6 + 12

    def __init__(self) -> None:
        low, high = self.model.jnt_range[[self.model.joint(name).id for name in JOINTS]].T
        offset, scale = _span(low, high)
        self.observation = (
            ObservationTerm("joint_position", "joint_position", JOINTS, "rad", offset, scale),
            ObservationTerm("previous_target", "previous_target", JOINTS, "rad", offset, scale),
            ObservationTerm("episode_start", "episode_start", (), "1", (0.0,), (1.0,)),
        )
        joints = len(JOINTS)
        self.action = ActionMapping(
            joints=JOINTS,
            kind="relative",
            center=tuple(HOME.tolist()),
            scale=(STRIDE,) * joints,
            smoothing=0.0,
            lower=tuple(low.tolist()),
            upper=tuple(high.tolist()),
            max_velocity=(FASTEST_TARGET,) * joints,
        )

    @property
    def recipe(self) -> dict[str, Any]:
        """A horizon of five seconds: long enough for a drop to weigh more than turning on."""
        return {"gamma": 0.99}

    def simulate(
        self, worlds: int, threads: int = 0, distribution: WorldDistribution | None = None
    ) -> LeapRotateZSimulation:
        return LeapRotateZSimulation(self, worlds, threads, distribution)

    def settle(self) -> np.ndarray:
        rng = np.random.default_rng(0)
        tries = 256
        sim = BatchSim(self.model, tries)
        qpos = np.tile(self.model.qpos0, (tries, 1))
        low, high = np.array(self.action.lower), np.array(self.action.upper)
        qpos[:, :16] = np.clip(HOME + rng.normal(0.0, 0.1, (tries, 16)), low, high)
        qpos[:, 16:19] = CUBE_START + rng.uniform(-0.008, 0.008, (tries, 3))
        qpos[:, 19:23] = multiply(from_yaw(rng.uniform(-np.pi, np.pi, tries)), qpos[:, 19:23])
        sim.reset(np.arange(tries), qpos, np.zeros((tries, sim.qvel.shape[1])), qpos[:, :16])
        broken = np.zeros(tries, dtype=bool)
        for _ in range(30):
            broken |= sim.step(self.substeps)
        at_rest = np.abs(sim.qvel[:, 16:]).max(axis=1) < 0.3
        upright = rotate(sim.qpos[:, 19:23], np.array([0.0, 0.0, 1.0]))[:, 2] > 0.9
        return sim.qpos[~broken & at_rest & upright & (sim.qpos[:, 18] > LOWEST + 0.04)].copy()


class LeapRotateZSimulation(RotationSimulation):
    """n LEAP hands with a cube each."""

    reward = RotationReward()

    def __init__(
        self, task: LeapRotateZ, worlds: int, threads: int = 0, distribution: WorldDistribution | None = None
    ) -> None:
        super().__init__(task, worlds, threads, distribution)
        model = task.model
        self._tips = self.sim.bind("site_xpos")
        self._tip_ids = [model.site(f"{finger}_tip").id for finger in FINGERS]
        self._palm = model.body("palm").pos.copy()
        self._cube = model.geom("cube").id
        self._half = float(model.geom_size[self._cube, 2])

    def place(self, ids: np.ndarray, starts: np.ndarray, rngs: list[np.random.Generator]) -> np.ndarray:
        size = self.sim.fields.get("geom_size")
        if size is not None:
            starts[:, 18] += np.maximum(size[ids, self._cube, 2] - self._half, 0.0)
        return starts

    def dropped(self) -> np.ndarray:
        return self.object_pose[:, 2] < LOWEST

    def privileged(self, rows: slice | np.ndarray) -> np.ndarray:
        pose = self.object_pose[rows]
        tips = self._tips[rows][:, self._tip_ids] - pose[:, None, :3]
        return np.concatenate(
            (
                self.joint_position[rows] - HOME,
                self.joint_velocity[rows],
                self._torque[rows],
                pose[:, :3] - self._palm,
                pose[:, 3:],
                self.object_velocity[rows],
                tips.reshape(len(pose), -1),
            ),
            axis=1,
        )
