"""ShadowHand: tasks of the Shadow hand."""

from __future__ import annotations

from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar

import mujoco
import numpy as np

from deploy_robot import ActionMapping, ObservationTerm
from sim2real.errors import UserError
from sim2real.simulation.batch_sim import BatchSim
from sim2real.simulation.physics_model import load_spec
from sim2real.simulation.viewpoints import add_camera, add_light
from sim2real.tasks.robot_simulation import RobotSimulation
from sim2real.tasks.robot_task import RobotTask

FINGERS = {"FF": (3, 2, 1, 0), "MF": (3, 2, 1, 0), "RF": (3, 2, 1, 0), "LF": (4, 3, 2, 1, 0), "TH": (4, 3, 2, 1, 0)}
WRIST = ("robot0:WRJ1", "robot0:WRJ0")
JOINTS = WRIST + tuple(f"robot0:{finger}J{number}" for finger, numbers in FINGERS.items() for number in numbers)
COUPLED = tuple(f"robot0:{finger}J0" for finger in ("FF", "MF", "RF", "LF"))
"""Joints without a motor: a tendon bends them with the joint before."""
DRIVEN = tuple(joint for joint in JOINTS if joint not in COUPLED)
CONTROL_PERIOD = 0.04  # s
FASTEST_TARGET = 8.0
"""Fastest change of a joint's target [rad/s]."""
COUPLING = "J1c"
"""How the names of the tendons end that bend two joints together; the others are limits that the joints' own, nearer
ones keep from being reached."""
REST = np.array([1.0, 0.88, 0.17])
"""Where a block lies on the palm while the wrist is straight [m]."""
CAMERAS = {"front": (0.06, -0.22, 0.24), "left": (-0.28, 0.02, 0.26), "right": (0.28, 0.06, 0.26)}
"""Where cameras are, from there [m]."""
LIGHTS = {
    "left": ((-0.6, -0.4, 0.9), True),
    "right": ((0.6, -0.4, 0.9), True),
    "front": ((0.0, -0.8, 0.7), False),
    "behind": ((0.2, 0.7, 0.9), False),
}
"""Where lights are besides the model's own, from there [m], and which are on."""


def shadow_assets() -> Path:
    """The hands of gymnasium-robotics, found without importing it: that would register environments and print."""
    package = find_spec("gymnasium_robotics")
    if package is None or package.origin is None:
        raise UserError("the Shadow hand is taken from the package gymnasium-robotics, which is not installed")
    return Path(package.origin).parent / "envs" / "assets" / "hand"


def _set_the_stage(spec: mujoco.MjSpec) -> None:
    """What is only looked at."""
    for name, eye in CAMERAS.items():
        add_camera(spec, name, REST + eye, REST)
    for name, (eye, on) in LIGHTS.items():
        add_light(spec, name, REST + eye, REST, strength=0.25, on=on)
    # Half of the time to draw a picture went into the finer forearm, at its edge.
    spec.geom("robot0:V_forearm").meshname = "robot0:forearm_cvx"
    # The stock lights alone drown a white hand.
    spec.light("light0").diffuse = spec.visual.headlight.diffuse = (0.25, 0.25, 0.25)
    spec.light("light0").ambient = (0.1, 0.1, 0.1)


def _quicken(spec: mujoco.MjSpec, timestep: float) -> None:
    """From the stock model's physics, steps of 2 ms with Euler's integrator, to what is trained in.

    Left out is what computes without moving anything: tendons that limit nothing, contacts of the floor, which no hand
    reaches, and of two boxes of 1 mm inside the thumb.
    """
    spec.option.timestep = timestep
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    # All that touches is mostly one island: to look for more costs more than it saves, and does not change the solution.
    spec.option.disableflags |= int(mujoco.mjtDisableBit.mjDSBL_ISLAND)
    for tendon in [tendon for tendon in spec.tendons if not tendon.name.endswith(COUPLING)]:
        spec.delete(tendon)
    for name in ("floor0", "robot0:V_thbase", "robot0:V_thhub"):
        geom = spec.geom(name)
        geom.contype = geom.conaffinity = 0


class ShadowHand(RobotTask):
    """20 motors for 24 joints, 25 Hz, relative position targets; the hand of gymnasium-robotics.

    The policy group begins with what the hand measures: joint angles, the last targets, and whether an episode has just
    begun.
    """

    stride: ClassVar[float] = 0.15
    """How far an action of 1 moves a joint's target in a control step, as a share of the joint's range."""
    stock: ClassVar[bool] = False
    """Whether the physics are those of gymnasium-robotics, as a measure of what faster ones change."""
    joints = JOINTS
    substeps = 6
    """At the 40 ms of a control step, the largest physics step that keeps [docs/results/fast-physics.md]."""

    def __init__(self) -> None:
        low, high = self.model.jnt_range[[self.model.joint(name).id for name in JOINTS]].T
        offset, scale = (low + high) / 2, 2 / (high - low)
        driven = [JOINTS.index(name) for name in DRIVEN]
        self.observation = (
            ObservationTerm("joint_position", "joint_position", JOINTS, "rad", tuple(offset), tuple(scale)),
            ObservationTerm(
                "previous_target", "previous_target", DRIVEN, "rad", tuple(offset[driven]), tuple(scale[driven])
            ),
            ObservationTerm("episode_start", "episode_start", (), "1", (0.0,), (1.0,)),
        )
        self.action = ActionMapping(
            joints=DRIVEN,
            kind="relative",
            center=(0.0,) * len(DRIVEN),
            scale=tuple(self.stride * (high - low)[driven]),
            lower=tuple(low[driven]),
            upper=tuple(high[driven]),
            max_velocity=(FASTEST_TARGET,) * len(DRIVEN),
        )

    @cached_property
    def spec(self) -> mujoco.MjSpec:
        """With cameras around the palm, and lights, of which two are off."""
        spec = load_spec(self.model_path)
        if not self.stock:
            _quicken(spec, CONTROL_PERIOD / self.substeps)
        _set_the_stage(spec)
        return spec

    def held(self, qpos: np.ndarray, noise: np.ndarray) -> tuple[BatchSim, np.ndarray]:
        """Simulate the nominal world from the states qpos (m, nq), their hands in the start pose but for `noise`
        (m, driven) [rad], for 40 control steps under those targets. Returns it and which rows broke (m,)."""
        model = self.model
        joints = [int(model.joint(name).qposadr[0]) for name in JOINTS]
        driven = [joints[JOINTS.index(name)] for name in DRIVEN]
        actuators = [model.actuator(name.replace(":", ":A_")).id for name in DRIVEN]
        qpos[:, joints] = self.start_pose
        qpos[:, driven] = (qpos[:, driven] + noise).clip(self.action.lower, self.action.upper)
        ctrl = np.zeros((len(qpos), model.nu))
        ctrl[:, actuators] = qpos[:, driven]
        sim = BatchSim(model, len(qpos))
        sim.reset(np.arange(len(qpos)), qpos, np.zeros((len(qpos), model.nv)), ctrl)
        broken = np.zeros(len(qpos), dtype=bool)
        for _ in range(40):
            broken |= sim.step(self.substeps)
        return sim, broken


class ShadowHandSimulation(RobotSimulation):
    """n Shadow hands."""

    def __init__(self, *arguments, **options) -> None:  # type: ignore[no-untyped-def]
        super().__init__(*arguments, **options)
        model = self.task.model
        self._sites = self.sim.bind("site_xpos")
        self._tip_ids = [model.site(f"robot0:S_{finger.lower()}tip").id for finger in FINGERS]
        self._limited = np.array([model.joint(name).id for name in JOINTS])

    @property
    def tips(self) -> np.ndarray:
        """Where the fingertips of each world are [m] (n, 5, 3)."""
        return self._sites[:, self._tip_ids]

    def place(self, ids: np.ndarray, starts: np.ndarray, rngs: list[np.random.Generator]) -> np.ndarray:
        limits = self.sim.fields.get("jnt_range")
        if limits is not None:
            # A joint started beyond its limit would be thrown back, and what lies on the hand with it.
            low, high = np.moveaxis(limits[ids][:, self._limited], -1, 0)
            starts[:, self._q] = starts[:, self._q].clip(low, high)
        return starts
