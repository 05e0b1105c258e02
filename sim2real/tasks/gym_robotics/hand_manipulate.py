"""gym/HandManipulate*: a block, an egg or a pen in a Shadow hand to a goal pose."""

from __future__ import annotations

from functools import cache

import numpy as np

from deploy_robot.quaternions import conjugate, multiply
from randomizers import WorldDistribution
from randomizers.channels import Sources
from sim2real.simulation.batch_sim import BatchSim
from sim2real.simulation.marks import Copy
from sim2real.simulation.rows import as_slice
from sim2real.tasks.gym_robotics.euler import STRAIGHT_TURNS, from_quaternion, to_quaternion
from sim2real.tasks.gym_robotics.goal_env_simulation import Rows
from sim2real.tasks.gym_robotics.goal_env_task import model_of, qpos_slice
from sim2real.tasks.gym_robotics.hand import FINGERTIPS, HAND, JOINT_PARTS, JOINTS, HandSimulation, HandTask
from sim2real.tasks.gym_robotics.variants import HAND_MANIPULATE

NEAR = {"block": 0.01, "egg": 0.01, "pen": 0.05}
"""Distance below which a goal position is reached [m]."""
NEAR_ANGLE = 0.1
"""Angle below which a goal rotation is reached [rad]."""
GOAL_OFFSET = ((-0.04, -0.06, 0.0), (0.04, 0.02, 0.06))
"""Lowest and highest offset of goal positions from where the object lies at the start [m]."""
PALM_HEIGHT = 0.04
"""Height above which an object has stayed in the hand [m]."""
STARTS = 256
"""Starts that are drawn; those that fall off the hand are left out."""
TOUCH_SENSORS = 92
BESIDE = np.array([0.15, 0.0, 0.0])
"""Where pictures show goals without a position, from where the object lies at the start [m], as the original does."""
_OBJECT_PARTS = {
    "object_velocity": (3, "m/s"),
    "object_angular_velocity": (3, "rad/s"),
    "object_position": (3, "m"),
    "object_rotation": (4, "1"),
}


class HandManipulate(HandTask):
    """Observation: angles (24) and speeds (24) of the joints, velocity (6) and pose (7) of the object, touch sensors (92)
    where there are. Goals are poses (7).

    The angle between rotations is the original's, which takes a quaternion and its negative for different: it reaches
    2 pi. Of a pen, turns about its own axis do not count.
    """

    summary = "bring the object in a Shadow hand into a goal pose, as in gymnasium-robotics"
    episode_steps = 100
    goal_size = 7
    achieved_part = "object_position"

    def __init__(self, name: str) -> None:
        self.name = name
        self.variant = HAND_MANIPULATE[name]
        self.dense = self.variant.dense
        suffix = "_touch_sensors" if self.variant.touch else ""
        self.model_file = f"hand/manipulate_{self.variant.object}{suffix}.xml"
        self.roles = {"object": ("object",), "robot": (HAND,), "fingertip": FINGERTIPS}
        self.parts = {**JOINT_PARTS, **_OBJECT_PARTS}
        if self.variant.touch:
            self.parts["touch"] = (TOUCH_SENSORS, "1" if self.variant.touch == "boolean" else "N")

    def simulate(
        self, worlds: int, threads: int = 0, distribution: WorldDistribution | None = None
    ) -> HandManipulateSimulation:
        return HandManipulateSimulation(self, worlds, threads, distribution)

    @property
    def starts(self) -> np.ndarray:
        """Integration states (m, nstate) that episodes start from, settled in the nominal world."""
        return settle(self.variant.object, self.variant.rotation)

    def draw_goal(self, rng: np.random.Generator, position: np.ndarray) -> np.ndarray:
        """A goal pose (7,), given where the object lies (3,) [m]."""
        if self.variant.position:
            position = position + rng.uniform(*GOAL_OFFSET)
        rotation = _draw_turn(rng, self.variant.rotation)
        return np.concatenate((position, rotation / np.linalg.norm(rotation)))


def _turn(angle: float, axis: np.ndarray) -> np.ndarray:
    axis = axis / np.linalg.norm(axis)
    turn = np.concatenate(([np.cos(angle / 2.0)], np.sin(angle / 2.0) * axis))
    return turn / np.linalg.norm(turn)


def _draw_turn(rng: np.random.Generator, rotation: str) -> np.ndarray:
    angle = rng.uniform(-np.pi, np.pi)
    if rotation == "xyz":
        return _turn(angle, rng.uniform(-1.0, 1.0, size=3))
    turn = _turn(angle, np.array([0.0, 0.0, 1.0]))
    return turn if rotation == "z" else multiply(turn, STRAIGHT_TURNS[rng.integers(len(STRAIGHT_TURNS))])


def draw_start(rng: np.random.Generator, rotation: str, pose: np.ndarray) -> np.ndarray:
    """A pose (7,) to drop the object from, around its nominal one; `rotation` is "" for one that is not turned."""
    position, turn = pose[:3], pose[3:]
    if rotation:
        turn = multiply(turn, _draw_turn(rng, rotation))
    position = position + rng.normal(size=3, scale=0.005)
    return np.concatenate((position, turn / np.linalg.norm(turn)))


@cache
def settle(thing: str, rotation: str) -> np.ndarray:
    """Integration states (m, nstate) of objects dropped into the hand, as the original does before every episode."""
    rng = np.random.default_rng(0)
    return drop(thing, [rng] * STARTS, "" if thing == "pen" else rotation)


def drop(thing: str, rngs: list[np.random.Generator], rotation: str) -> np.ndarray:
    """Integration states (m, nstate) after one drop with each of `rngs`; those that fell off the hand are left out."""
    # With touch sensors the physics is the same.
    model = model_of(f"hand/manipulate_{thing}.xml")
    ids = np.arange(len(rngs))
    sim = BatchSim(model, len(ids))
    middle = model.actuator_ctrlrange.sum(axis=1) / 2.0
    sim.reset(ids, np.tile(model.qpos0, (len(ids), 1)), np.zeros((len(ids), model.nv)), np.tile(middle, (len(ids), 1)))
    free = int(model.joint("object:joint").qposadr[0])
    place = slice(free, free + 7)
    sim.qpos[:, place] = [draw_start(rng, rotation, model.qpos0[place]) for rng in rngs]
    broken = np.zeros(len(ids), dtype=bool)
    for _ in range(10):
        broken |= sim.step(HandManipulate.substeps)
    return sim.state()[~broken & (sim.qpos[:, free + 2] > PALM_HEIGHT)]


def pose_distances(
    achieved: np.ndarray, goal: np.ndarray, position: bool, axial: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Distance [m] and angle [rad] (m,) between poses (m, 7), the angle between 0 and 2 pi; the distance is 0 where
    positions do not count. If `axial`, the third Euler angle does not."""
    distance = np.zeros(len(achieved))
    if position:
        distance = np.linalg.norm(achieved[:, :3] - goal[:, :3], axis=-1)
    turn = achieved[:, 3:]
    if axial:
        euler = from_quaternion(turn)
        euler[:, 2] = from_quaternion(goal[:, 3:])[:, 2]
        turn = to_quaternion(euler)
    cosine = multiply(turn, conjugate(goal[:, 3:]))[:, 0]
    return distance, 2.0 * np.arccos(np.clip(cosine, -1.0, 1.0))


class HandManipulateSimulation(HandSimulation):
    """n Shadow hands with an object each."""

    task: HandManipulate

    def __init__(
        self, task: HandManipulate, worlds: int, threads: int = 0, distribution: WorldDistribution | None = None
    ) -> None:
        super().__init__(task, worlds, threads, distribution)
        model, free = task.model, task.model.joint("object:joint")
        self._object_q = slice(int(free.qposadr[0]), int(free.qposadr[0]) + 7)
        self._object_v = slice(int(free.dofadr[0]), int(free.dofadr[0]) + 6)
        self._geom = model.geom("object").id
        sensors = [i for i in range(model.nsensor) if "robot0:TS_" in model.sensor(i).name]
        self._touch = as_slice(model.sensor_adr[sensors]) if task.variant.touch else None
        self._sensordata = self.sim.bind("sensordata")

    def sources(self) -> Sources:
        return {**super().sources(), "object_pose": lambda: self.sim.qpos[:, self._object_q]}

    def draw(self, ids: np.ndarray, rngs: list[np.random.Generator]) -> tuple[np.ndarray, np.ndarray]:
        starts = self.task.starts
        states = starts[[rng.integers(len(starts)) for rng in rngs]]
        qpos = states[:, qpos_slice(self.task.model)]
        self.within_limits(ids, qpos)
        height = self._object_q.start + 2
        qpos[:, height] += self.growth(ids, self._geom)
        positions = qpos[:, self._object_q.start : self._object_q.start + 3]
        return states, np.array([self.task.draw_goal(*pair) for pair in zip(rngs, positions, strict=True)])

    def look(self, rows: Rows) -> None:
        super().look(rows)
        pose = self.sim.qpos[rows, self._object_q]
        self.achieved_goal[rows] = pose
        first = 2 * JOINTS
        self.observation[rows, first : first + 6] = self.sim.qvel[rows, self._object_v]
        self.observation[rows, first + 6 : first + 13] = pose
        if self._touch is not None:
            touch = self._sensordata[rows][:, self._touch]
            self.observation[rows, first + 13 :] = touch > 0.0 if self.task.variant.touch == "boolean" else touch

    def marks(self, world: int) -> tuple[Copy, ...]:
        """A translucent object in the goal pose; beside the hand where only the rotation counts."""
        place = self.goal[world, :3] + (0.0 if self.task.variant.position else BESIDE)
        return (Copy("object", place, self.goal[world, 3:], opacity=0.5),)

    def judge(self, achieved: np.ndarray, goal: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        distance, angle = self.distances(achieved, goal)
        reached = (distance < NEAR[self.task.variant.object]) & (angle < NEAR_ANGLE)
        return -(10.0 * distance + angle) if self.task.dense else reached - 1.0, reached

    def distances(self, achieved: np.ndarray, goal: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Distance [m] and angle [rad] (m,) between poses (m, 7); the distance is 0 where positions do not count."""
        return pose_distances(achieved, goal, self.task.variant.position, self.task.variant.object == "pen")
