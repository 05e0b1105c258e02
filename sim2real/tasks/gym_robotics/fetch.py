"""gym/Fetch*: the gripper of a Fetch arm, or an object by means of it, to a point in space."""

from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np

from randomizers import WorldDistribution
from randomizers.channels import Sources
from sim2real.simulation.marks import REACHED, WANTED, Ball
from sim2real.simulation.rows import as_slice
from sim2real.tasks.gym_robotics.euler import from_matrix
from sim2real.tasks.gym_robotics.goal_env_simulation import GoalEnvSimulation, Rows
from sim2real.tasks.gym_robotics.goal_env_task import GoalEnvTask, Viewpoint, integration_state, qpos_slice
from sim2real.tasks.gym_robotics.site_velocity import SiteVelocity
from sim2real.tasks.gym_robotics.variants import FETCH

THRESHOLD = 0.05
"""Distance below which a goal is reached [m]."""
GOAL_RADIUS = 0.02
"""Size of a goal in pictures, the original's [m]."""
STRIDE = 0.05
"""How far an action of 1 moves the gripper's target from the gripper [m]."""
DOWN = np.array([1.0, 0.0, 1.0, 0.0])
"""Rotation of the gripper, quaternion of any length."""
_PARTS = {
    "gripper_position": (3, "m"),
    "object_position": (3, "m"),
    "object_from_gripper": (3, "m"),
    "finger_position": (2, "m"),
    "object_rotation": (3, "rad"),
    "object_velocity": (3, "m/control step"),
    "object_angular_velocity": (3, "rad/control step"),
    "gripper_velocity": (3, "m/control step"),
    "finger_velocity": (2, "m/control step"),
}
FINGERS = ("robot0:r_gripper_finger_joint", "robot0:l_gripper_finger_joint")


@dataclass(frozen=True)
class FetchKind:
    """What tells the Fetch tasks apart."""

    base: float
    """Where the robot stands along x [m]."""
    extra_height: float
    """Height of the gripper at the start, from the standard one [m]."""
    object: tuple[float, float, float] | None
    """Where the object is put while the arm moves to its start [m]; None without an object."""
    object_range: float
    """Objects start within a square of this half-width about the gripper [m], at least `CLEARANCE` away."""
    goal_range: float
    """Goals are drawn from a cube of this half-width about the gripper [m]."""
    goal_offset: float = 0.0
    """Offset of that cube along x [m]."""
    in_the_air: bool = False
    """Whether half of the goals are above the table."""
    blocked: bool = True
    """Whether the fingers are held together."""


CLEARANCE = 0.1
"""Least distance between gripper and object at the start, along the table [m]."""
KINDS = {
    "reach": FetchKind(0.4049, 0.2, None, 0.15, 0.15),
    "push": FetchKind(0.405, 0.0, (1.25, 0.53, 0.4), 0.15, 0.15),
    "slide": FetchKind(0.05, -0.02, (1.7, 1.1, 0.41), 0.1, 0.3, goal_offset=0.4),
    "pick_and_place": FetchKind(
        *(0.405, 0.2, (1.25, 0.53, 0.4), 0.15, 0.15),
        in_the_air=True,
        blocked=False,
    ),
}


class Fetch(GoalEnvTask):
    """Actions: displacement of the gripper (3), and of both fingers (1) where they are free.

    The object's rotation is in Euler angles, its velocity relative to the gripper's. Goals are positions. Only the fingers
    are controls of the model: terms of actions act on nothing else.
    """

    summary = "reach, push, slide or lift to a point in space with a Fetch arm, as in gymnasium-robotics"
    episode_steps = 50
    goal_size = 3
    actions = 4
    worlds_file = "gym_fetch_worlds.yaml"
    viewpoint = Viewpoint((1.3, 0.75, 0.55), 2.5, 132.0, -14.0)

    def __init__(self, name: str) -> None:
        self.name = name
        variant = FETCH[name]
        self.dense = variant.dense
        self.kind = KINDS[variant.kind]
        self.model_file = f"fetch/{variant.kind}.xml"
        moved = self.kind.object is not None
        self.parts = {name: part for name, part in _PARTS.items() if moved or not name.startswith("object")}
        self.achieved_part = "object_position" if moved else "gripper_position"
        self.roles = {
            "object": ("object0",) if moved else (),
            "robot": ("robot0:base_link",),
            "fingertip": ("robot0:r_gripper_finger_link", "robot0:l_gripper_finger_link"),
        }
        self._move_to_start()

    def _move_to_start(self) -> None:
        """The arm follows its mocap body from the model's pose to the start."""
        model, kind = self.model, self.kind
        data = mujoco.MjData(model)
        data.joint("robot0:slide0").qpos = kind.base
        data.joint("robot0:slide1").qpos = 0.48
        data.joint("robot0:slide2").qpos = 0.0
        if kind.object is not None:
            data.joint("object0:joint").qpos = (*kind.object, 1.0, 0.0, 0.0, 0.0)
        mujoco.mj_forward(model, data)
        mocap = model.body("robot0:mocap").mocapid[0]
        data.mocap_pos[mocap] = data.site("robot0:grip").xpos + np.array([-0.498, 0.005, -0.431 + kind.extra_height])
        data.mocap_quat[mocap] = DOWN
        mujoco.mj_step(model, data, nstep=10 * self.substeps)
        self.gripper = data.site("robot0:grip").xpos.copy()
        """Where the gripper is at the start (3,) [m]."""
        self.height = 0.0 if kind.object is None else float(data.site("object0").xpos[2])
        """Height of an object on the table [m]."""
        qpos, qvel = data.qpos.copy(), data.qvel.copy()
        mujoco.mj_resetData(model, data)
        data.qpos[:], data.qvel[:] = qpos, qvel
        self.start = integration_state(model, data)

    def simulate(self, worlds: int, threads: int = 0, distribution: WorldDistribution | None = None) -> FetchSimulation:
        return FetchSimulation(self, worlds, threads, distribution)

    def draw_object(self, rng: np.random.Generator) -> np.ndarray:
        """Where the object starts on the table (2,) [m]."""
        place = self.gripper[:2]
        while np.linalg.norm(place - self.gripper[:2]) < CLEARANCE:
            place = self.gripper[:2] + rng.uniform(-self.kind.object_range, self.kind.object_range, size=2)
        return place

    def draw_goal(self, rng: np.random.Generator) -> np.ndarray:
        """A goal position (3,) [m]."""
        goal = self.gripper + rng.uniform(-self.kind.goal_range, self.kind.goal_range, size=3)
        if self.kind.object is not None:
            goal[0] += self.kind.goal_offset
            goal[2] = self.height
            if self.kind.in_the_air and rng.uniform() < 0.5:
                goal[2] += rng.uniform(0.0, 0.45)
        return goal


class FetchSimulation(GoalEnvSimulation):
    """n Fetch arms, each drawn along by a mocap body that its gripper is welded to."""

    task: Fetch

    def __init__(
        self, task: Fetch, worlds: int, threads: int = 0, distribution: WorldDistribution | None = None
    ) -> None:
        super().__init__(task, worlds, threads, distribution)
        model, sim = task.model, self.sim
        joints = [i for i in range(model.njnt) if model.joint(i).name.startswith("robot")]
        self._joints = as_slice(model.jnt_qposadr[joints])
        fingers = [model.joint(name).id for name in FINGERS]
        self._finger_q, self._finger_v = model.jnt_qposadr[fingers], model.jnt_dofadr[fingers]
        self._servo_q = model.jnt_qposadr[model.actuator_trnid[:, 0]]
        self._gripper = model.body("robot0:gripper_link").id
        self._mocap = int(model.body("robot0:mocap").mocapid[0])
        self._grip = model.site("robot0:grip").id
        self._mocap_pos, self._mocap_quat = sim.bind("mocap_pos"), sim.bind("mocap_quat")
        self._xpos, self._xquat = sim.bind("xpos"), sim.bind("xquat")
        self._site_xpos, self._site_xmat = sim.bind("site_xpos"), sim.bind("site_xmat")
        self._grip_velocity = SiteVelocity(sim, "robot0:grip")
        self._gripper_pose = np.zeros((worlds, 7))
        if task.kind.object is not None:
            self._object = model.site("object0").id
            self._object_geom = model.geom("object0").id
            self._object_velocity = SiteVelocity(sim, "object0")
            free = int(model.joint("object0:joint").qposadr[0])
            self._object_q = slice(free, free + 7)

    def _arrays(self) -> dict[str, np.ndarray]:
        # The gripper's pose as the original sees it may be one substep old, so that no state tells it.
        return super()._arrays() | {"gripper_pose": self._gripper_pose}

    def draw(self, ids: np.ndarray, rngs: list[np.random.Generator]) -> tuple[np.ndarray, np.ndarray]:
        states = np.tile(self.task.start, (len(ids), 1))
        if self.task.kind.object is not None:
            place = states[:, qpos_slice(self.task.model)][:, self._object_q]
            place[:, :2] = [self.task.draw_object(rng) for rng in rngs]
            place[:, 2] += self.growth(ids, self._object_geom)
        return states, np.array([self.task.draw_goal(rng) for rng in rngs])

    def sources(self) -> Sources:
        sources = {**super().sources(), "joint_position": lambda: self.sim.qpos[:, self._joints]}
        if self.task.kind.object is not None:
            sources["object_pose"] = lambda: self.sim.qpos[:, self._object_q]
        return sources

    def act(self, action: np.ndarray) -> np.ndarray:
        self._mocap_pos[:, self._mocap] = self._gripper_pose[:, :3] + action[:, :3] * STRIDE
        self._mocap_quat[:, self._mocap] = self._gripper_pose[:, 3:] + DOWN
        return self.sim.qpos[:, self._servo_q] + (0.0 if self.task.kind.blocked else action[:, 3:])

    def after_substeps(self, ids: np.ndarray | None) -> None:
        if self.task.kind.blocked:
            rows = slice(None) if ids is None else ids[:, None]
            self.sim.qpos[rows, self._finger_q] = 0.0
            self.sim.forward(ids)

    def look(self, rows: Rows) -> None:
        grip = self._site_xpos[rows, self._grip]
        speed = self._grip_velocity.read(rows)[:, :3] * self.task.control_period
        fingers = self.sim.qpos[rows][:, self._finger_q]
        finger_speed = self.sim.qvel[rows][:, self._finger_v] * self.task.control_period
        self._gripper_pose[rows, :3] = self._xpos[rows, self._gripper]
        self._gripper_pose[rows, 3:] = self._xquat[rows, self._gripper]
        if self.task.kind.object is None:
            self.achieved_goal[rows] = grip
            parts = [grip, fingers, speed, finger_speed]
        else:
            thing = self._site_xpos[rows, self._object]
            turn = from_matrix(self._site_xmat[rows, self._object].reshape(-1, 3, 3))
            velocity = self._object_velocity.read(rows) * self.task.control_period
            self.achieved_goal[rows] = thing
            parts = [grip, thing, thing - grip, fingers, turn, velocity[:, :3] - speed, velocity[:, 3:]]
            parts += [speed, finger_speed]
        self.observation[rows] = np.concatenate(parts, axis=1)

    def marks(self, world: int) -> tuple[Ball, ...]:
        return (Ball(self.goal[world], GOAL_RADIUS, REACHED if self.is_success[world] else WANTED),)

    def judge(self, achieved: np.ndarray, goal: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        distance = np.linalg.norm(achieved - goal, axis=-1)
        return -distance if self.task.dense else -(distance > THRESHOLD).astype(float), distance < THRESHOLD
