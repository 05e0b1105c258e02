"""ShadowHand: tasks of the Shadow hand."""

from __future__ import annotations

from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar

import mujoco
import numpy as np

from deploy_robot import ActionMapping
from sim2real.errors import UserError
from sim2real.simulation.batch_sim import BatchSim
from sim2real.simulation.physics_model import load_spec
from sim2real.simulation.viewpoints import add_camera, add_light
from sim2real.tasks.robot_simulation import RobotSimulation
from sim2real.tasks.robot_task import EPISODE_START, RobotTask, joint_terms

FINGERS = {"FF": (3, 2, 1, 0), "MF": (3, 2, 1, 0), "RF": (3, 2, 1, 0), "LF": (4, 3, 2, 1, 0), "TH": (4, 3, 2, 1, 0)}
TIPS = tuple(f"{finger.lower()}tip" for finger in FINGERS)
TIP_SITES = {tip: f"robot0:S_{tip}" for tip in TIPS}
WRIST = ("robot0:WRJ1", "robot0:WRJ0")
JOINTS = WRIST + tuple(f"robot0:{finger}J{number}" for finger, numbers in FINGERS.items() for number in numbers)
COUPLED = tuple(f"robot0:{finger}J0" for finger in ("FF", "MF", "RF", "LF"))
"""Joints without a motor: a tendon bends them with the joint before."""
DRIVEN = tuple(joint for joint in JOINTS if joint not in COUPLED)
CONTROL_PERIOD = 0.04  # s
TIMESTEP = CONTROL_PERIOD / 6
"""[s]. What that changes is measured in docs/results/fast-physics.md; steps of 10 ms still held in worlds of `dactyl2018`,
which leaves room for worlds whose time steps are longer."""
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


def _set_the_stage(spec: mujoco.MjSpec, away: float) -> None:
    """What is only looked at."""
    for name, eye in CAMERAS.items():
        add_camera(spec, name, REST + np.multiply(eye, away), REST)
    for name, (eye, on) in LIGHTS.items():
        add_light(spec, name, REST + eye, REST, strength=0.25, on=on)
    # Half of the time to draw a picture went into the finer forearm, at its edge.
    spec.geom("robot0:V_forearm").meshname = "robot0:forearm_cvx"
    # The stock lights alone drown a white hand.
    spec.light("light0").diffuse = spec.visual.headlight.diffuse = (0.25, 0.25, 0.25)
    spec.light("light0").ambient = (0.1, 0.1, 0.1)


def _quicken(spec: mujoco.MjSpec) -> None:
    """From the stock model's physics, steps of 2 ms with Euler's integrator, to what is trained in.

    Shapes stay, as all that collide are primitive but for the forearm, which is convex.
    """
    spec.option.timestep = TIMESTEP
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    # What touches is mostly one island, so that looking for more costs more than it saves; the solution is the same.
    spec.option.disableflags |= int(mujoco.mjtDisableBit.mjDSBL_ISLAND)
    for tendon in [tendon for tendon in spec.tendons if not tendon.name.endswith(COUPLING)]:
        spec.delete(tendon)


def shadow_spec(path: Path, stock: bool = False, away: float = 1.0) -> mujoco.MjSpec:
    """A hand's model with fast physics, or as `stock` has it, with cameras around the palm, so many times as far as usual,
    and lights, of which two are off."""
    spec = load_spec(path)
    if not stock:
        _quicken(spec)
    _set_the_stage(spec, away)
    return spec


class ShadowHand(RobotTask):
    """20 motors for 24 joints, 25 Hz, relative position targets; the hand of gymnasium-robotics.

    The policy group begins with what the hand measures: joint angles, the last targets, and whether an episode has just
    begun.
    """

    stride: ClassVar[float] = 0.15
    """How far an action of 1 moves a joint's target in a control step, as a share of the joint's range."""
    smoothing: ClassVar[float] = 0.0
    """Share of the last target in the next."""
    stock: ClassVar[bool] = False
    """Whether the physics are those of gymnasium-robotics, as a measure of what faster ones change."""
    joints = JOINTS
    substeps = round(CONTROL_PERIOD / TIMESTEP)

    def __init__(self) -> None:
        limits = self.model.jnt_range[[self.model.joint(name).id for name in JOINTS]]
        low, high = limits.T
        driven = [JOINTS.index(name) for name in DRIVEN]
        terms = joint_terms("joint_position", "previous_target", JOINTS, limits, DRIVEN)
        self.observation = (*terms, EPISODE_START)
        self.action = ActionMapping(
            joints=DRIVEN,
            kind="relative",
            center=(0.0,) * len(DRIVEN),
            scale=tuple(self.stride * (high - low)[driven]),
            lower=tuple(low[driven]),
            upper=tuple(high[driven]),
            max_velocity=(FASTEST_TARGET,) * len(DRIVEN),
            smoothing=self.smoothing,
        )

    @cached_property
    def spec(self) -> mujoco.MjSpec:
        return shadow_spec(self.model_path, self.stock)

    def held(self, qpos: np.ndarray, noise: np.ndarray) -> tuple[BatchSim, np.ndarray]:
        """Simulate the nominal world from the states qpos (m, nq), their hands in the start pose but for `noise`
        (m, driven) [rad], for 40 control steps under those targets. Returns it and which rows broke (m,)."""
        model = self.model
        joints = [int(model.joint(name).qposadr[0]) for name in JOINTS]
        driven = [joints[JOINTS.index(name)] for name in DRIVEN]
        qpos[:, joints] = self.start_pose
        qpos[:, driven] = (qpos[:, driven] + noise).clip(self.action.lower, self.action.upper)
        return self.hold(qpos, 40)


class ShadowHandSimulation(RobotSimulation):
    """n Shadow hands."""

    def __init__(self, *arguments, **options) -> None:  # type: ignore[no-untyped-def]
        super().__init__(*arguments, **options)
        model = self.task.model
        self._sites = self.sim.bind("site_xpos")
        self._tip_ids = [model.site(site).id for site in TIP_SITES.values()]

    @property
    def tips(self) -> np.ndarray:
        """Where the fingertips of each world are [m] (n, 5, 3)."""
        return self._sites[:, self._tip_ids]

    def place(self, ids: np.ndarray, starts: np.ndarray, rngs: list[np.random.Generator]) -> np.ndarray:
        return starts
