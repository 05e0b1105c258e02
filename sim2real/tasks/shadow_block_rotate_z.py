"""shadow/block-rotate-z: turn a block about the vertical on a Shadow hand, from one goal to the next."""

from __future__ import annotations

from functools import cached_property
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar

import mujoco
import numpy as np

from deploy_robot import ActionMapping, ObservationTerm
from randomizers import WorldDistribution
from randomizers.channels import Sources
from sim2real.errors import UserError
from sim2real.simulation.batch_sim import BatchSim
from sim2real.simulation.physics_model import load_spec
from sim2real.simulation.quaternions import from_yaw, rotate
from sim2real.simulation.viewpoints import add_camera, add_light
from sim2real.tasks.goals import METRICS, TERMS, GoalSimulation
from sim2real.tasks.robot_task import RobotTask
from sim2real.tasks.sensing import distance_to_others

FINGERS = {"FF": (3, 2, 1, 0), "MF": (3, 2, 1, 0), "RF": (3, 2, 1, 0), "LF": (4, 3, 2, 1, 0), "TH": (4, 3, 2, 1, 0)}
WRIST = ("robot0:WRJ1", "robot0:WRJ0")
JOINTS = WRIST + tuple(f"robot0:{finger}J{number}" for finger, numbers in FINGERS.items() for number in numbers)
COUPLED = tuple(f"robot0:{finger}J0" for finger in ("FF", "MF", "RF", "LF"))
"""Joints without a motor: a tendon bends them with the joint before."""
DRIVEN = tuple(joint for joint in JOINTS if joint not in COUPLED)
STRIDE = 0.15
"""How far an action of 1 moves a joint's target in a control step, as a share of the joint's range."""
FASTEST_TARGET = 8.0
"""Fastest change of a joint's target [rad/s]; the widest joint's stride stays just below."""
TIMESTEP = 0.004
"""[s], with the implicit integrator; stock is half of it with Euler's."""
REST = np.array([1.0, 0.88, 0.17])
"""Where a block lies on the palm while the wrist is straight [m]."""
CAMERAS = {"front": (0.06, -0.22, 0.24), "left": (-0.28, 0.02, 0.26), "right": (0.28, 0.06, 0.26)}
"""Where cameras are, from the block's place [m]."""
LIGHTS = {
    "left": ((-0.6, -0.4, 0.9), True),
    "right": ((0.6, -0.4, 0.9), True),
    "front": ((0.0, -0.8, 0.7), False),
    "behind": ((0.2, 0.7, 0.9), False),
}
"""Where lights are besides the model's own, from the block's place [m], and which are on."""
FARTHEST = 0.1
"""A block whose centre is farther from there has left the palm [m]."""


def _assets() -> Path:
    """The hands of gymnasium-robotics, found without importing it: that would register environments and print."""
    package = find_spec("gymnasium_robotics")
    if package is None or package.origin is None:
        raise UserError(
            "shadow/block-rotate-z takes its hand from the package gymnasium-robotics, which is not installed"
        )
    return Path(package.origin).parent / "envs" / "assets" / "hand"


def _set_the_stage(spec: mujoco.MjSpec) -> None:
    """What is only looked at."""
    for name, eye in CAMERAS.items():
        add_camera(spec, name, REST + eye, REST)
    for name, (eye, on) in LIGHTS.items():
        add_light(spec, name, REST + eye, REST, strength=0.25, on=on)
    # Half of the time to draw a picture went into the finer forearm, at its edge, and much into what is in the block.
    spec.geom("robot0:V_forearm").meshname = "robot0:forearm_cvx"
    spec.delete(spec.geom("object_hidden"))
    # The stock lights alone drown a white hand.
    spec.light("light0").diffuse = spec.visual.headlight.diffuse = (0.25, 0.25, 0.25)
    spec.light("light0").ambient = (0.1, 0.1, 0.1)


class ShadowBlockRotateZ(RobotTask):
    """20 motors for 24 joints, 25 Hz, relative position targets; hand and block of gymnasium-robotics.

    The policy group is what the hand measures (joint angles, the last targets, whether an episode has just begun) and
    what cameras track: where the block is, from its place on the palm, and the rotation vector from it to its goal. The
    critic also sees the state without noise. Goals are those of HandManipulateBlockRotateZ, counted as in Dactyl (arXiv
    1808.00177).
    """

    name = "shadow/block-rotate-z"
    summary = "turn a block about the vertical on a Shadow hand, from one goal to the next"
    model_path = _assets() / "manipulate_block.xml"
    worlds_path = Path(str(files("sim2real") / "assets" / "shadow_block_rotate_z_worlds.yaml"))
    joints = JOINTS
    object_body = "object"
    substeps = 10
    episode_steps = 400
    episodes_per_trial = 2
    reward_terms = TERMS
    metrics = METRICS
    tracked: ClassVar[dict[str, int]] = {"object_position": 3, "goal_rotation": 3}
    tracked_units: ClassVar[dict[str, str]] = {"object_position": "m", "goal_rotation": "rad"}
    tracked_by: ClassVar[dict[str, tuple[str, ...]]] = {
        "object_position": ("object",) * 3,
        "goal_rotation": ("object",) * 3,
    }
    privileged_size = 24 + 24 + 20 + 3 + 4 + 6 + 4 + 3 + 15

    def __init__(self) -> None:
        low, high = self.model.jnt_range[[self.model.joint(name).id for name in JOINTS]].T
        offset, scale = (low + high) / 2, 2 / (high - low)
        driven = [JOINTS.index(name) for name in DRIVEN]
        self.start_pose = offset.copy()
        self.start_pose[JOINTS.index("robot0:WRJ0")] = 0.0
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
            scale=tuple(STRIDE * (high - low)[driven]),
            lower=tuple(low[driven]),
            upper=tuple(high[driven]),
            max_velocity=(FASTEST_TARGET,) * len(DRIVEN),
        )

    @cached_property
    def spec(self) -> mujoco.MjSpec:
        """Without the block that stock environments show the goal with, as it has a place in the state; with cameras around
        the palm, and lights, of which two are off."""
        spec = load_spec(self.model_path)
        spec.delete(spec.body("target"))
        spec.option.timestep = TIMESTEP
        spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
        # Worlds may move its center of mass.
        spec.body("object").simple = False
        _set_the_stage(spec)
        return spec

    def simulate(
        self, worlds: int, threads: int = 0, distribution: WorldDistribution | None = None
    ) -> ShadowBlockRotateZSimulation:
        return ShadowBlockRotateZSimulation(self, worlds, threads, distribution)

    def settle(self) -> np.ndarray:
        rng = np.random.default_rng(0)
        tries = 128
        model = self.model
        sim = BatchSim(model, tries)
        joints = [int(model.joint(name).qposadr[0]) for name in JOINTS]
        block = int(model.joint("object:joint").qposadr[0])
        driven = [joints[JOINTS.index(name)] for name in DRIVEN]
        actuators = [model.actuator(name.replace(":", ":A_")).id for name in DRIVEN]
        qpos = np.tile(model.qpos0, (tries, 1))
        qpos[:, joints] = self.start_pose
        qpos[:, driven] += rng.normal(0.0, 0.1, (tries, len(DRIVEN)))
        qpos[:, driven] = qpos[:, driven].clip(self.action.lower, self.action.upper)
        qpos[:, block : block + 3] = REST + rng.uniform((-0.005, -0.005, 0.02), (0.005, 0.005, 0.03), (tries, 3))
        qpos[:, block + 3 :] = from_yaw(rng.uniform(-np.pi, np.pi, tries))
        ctrl = np.zeros((tries, model.nu))
        ctrl[:, actuators] = qpos[:, driven]
        sim.reset(np.arange(tries), qpos, np.zeros((tries, model.nv)), ctrl)
        broken = np.zeros(tries, dtype=bool)
        for _ in range(40):
            broken |= sim.step(self.substeps)
        at_rest = np.abs(sim.qvel).max(axis=1) < 0.1
        upright = rotate(sim.qpos[:, block + 3 :], np.array([0.0, 0.0, 1.0]))[:, 2] > 0.95
        on_palm = np.linalg.norm(sim.qpos[:, block : block + 3] - REST, axis=1) < 0.04
        return sim.qpos[~broken & at_rest & upright & on_palm].copy()


class ShadowBlockRotateZSimulation(GoalSimulation):
    """n Shadow hands with a block each."""

    def __init__(
        self, task: ShadowBlockRotateZ, worlds: int, threads: int = 0, distribution: WorldDistribution | None = None
    ) -> None:
        super().__init__(task, worlds, threads, distribution)
        model = task.model
        self._tips = self.sim.bind("site_xpos")
        self._tip_ids = [model.site(f"robot0:S_{finger.lower()}tip").id for finger in FINGERS]
        self._block = model.geom("object").id
        self._half = float(model.geom_size[self._block, 2])
        self._limited = np.array([model.joint(name).id for name in JOINTS])

    def place(self, ids: np.ndarray, starts: np.ndarray, rngs: list[np.random.Generator]) -> np.ndarray:
        size = self.sim.fields.get("geom_size")
        if size is not None:
            starts[:, self._object_q.start + 2] += np.maximum(size[ids, self._block, 2] - self._half, 0.0)
        limits = self.sim.fields.get("jnt_range")
        if limits is not None:
            # A joint started beyond its limit would be thrown back, and the block with it.
            low, high = np.moveaxis(limits[ids][:, self._limited], -1, 0)
            starts[:, self._q] = starts[:, self._q].clip(low, high)
        return starts

    def dropped(self) -> np.ndarray:
        return np.linalg.norm(self.object_pose[:, :3] - REST, axis=1) > FARTHEST

    def sources(self) -> Sources:
        return {**super().sources(), "clearance": self._clearance}

    def _clearance(self) -> np.ndarray:
        """Distance [m] from the block's center to the nearest fingertip (n, 1)."""
        points = np.concatenate((self.object_pose[:, None, :3], self._tips[:, self._tip_ids]), axis=1)
        return distance_to_others(points, 1)

    def track(self, rows: slice | np.ndarray) -> np.ndarray:
        return np.concatenate((self.object_pose[rows, :3] - REST, self.goal_rotation[rows]), axis=1)

    def privileged(self, rows: slice | np.ndarray) -> np.ndarray:
        pose = self.object_pose[rows]
        tips = self._tips[rows][:, self._tip_ids] - pose[:, None, :3]
        return np.concatenate(
            (
                self.joint_position[rows],
                self.joint_velocity[rows],
                self._torque[rows],
                pose[:, :3] - REST,
                pose[:, 3:],
                self.object_velocity[rows],
                self.goal[rows],
                self.goal_rotation[rows],
                tips.reshape(len(pose), -1),
            ),
            axis=1,
        )
