"""shadow/block-*, egg-* and pen-*: turn and move an object in a Shadow hand, from one goal to the next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache, cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any

import mujoco
import numpy as np

from deploy_robot import PoseTerm
from deploy_robot.pose_terms import Measure
from deploy_robot.quaternions import from_yaw, multiply
from randomizers import WorldDistribution, load_worlds
from randomizers.channels import Sources
from sim2real.simulation.rows import as_slice
from sim2real.tasks.goals import METRICS, TERMS, GoalSimulation
from sim2real.tasks.point_goals import goal_offsets
from sim2real.tasks.robot_simulation import GOAL, OBJECT
from sim2real.tasks.sensing import distance_to_others
from sim2real.tasks.shadow_hand import DRIVEN, JOINTS, REST, ShadowHand, ShadowHandSimulation
from sim2real.tasks.shadow_objects import BODY, OBJECTS, model_of, spec_of, touch_columns
from sim2real.tasks.shadow_variants import VARIANTS, ShadowVariant

FARTHEST = 0.1
"""An object whose centre is farther from where it lies, and from all goals' positions, has left the hand [m]."""
LEVEL = float(np.arccos(0.95))
"""Largest tilt of an object that lies [rad]."""
OFFSETS = np.array([[-0.04, -0.06, 0.0], [0.04, 0.02, 0.06]])
"""Lowest and highest corner of goals' positions from where the object lies [m], as in HandManipulate*Full."""


class ShadowManipulate(ShadowHand):
    """Goals of gymnasium-robotics' HandManipulate tasks (arXiv 1802.09464), counted as in Dactyl (arXiv 1808.00177).

    Cameras track where the object is, from its place on the palm, the rotation vector from it to its goal, and the way to
    the goal's position where that counts. With touch, 92 sensors of the hand feel forces [N]. The critic also sees the
    state without noise.
    """

    summary = "the object in a Shadow hand: rotate-z, -parallel, -xyz, full; then [-touch][-sparse|-dense]"
    worlds_path = Path(str(files("sim2real") / "assets" / "shadow_manipulate_worlds.yaml"))
    object_body = BODY
    episode_steps = 400
    episodes_per_trial = 2
    reward_terms: tuple[str, ...] = TERMS
    metrics = METRICS

    def __init__(self, name: str, variant: ShadowVariant | None = None) -> None:
        self.name = name
        self.variant = variant or VARIANTS[name]
        self.thing = OBJECTS[self.variant.object]
        super().__init__()
        low, high = self.model.jnt_range[[self.model.joint(name).id for name in JOINTS]].T
        self.start_pose = (low + high) / 2
        self.start_pose[JOINTS.index("robot0:WRJ0")] = 0.0
        self.touch_sensors = touch_columns(self.model)[0] if self.variant.touch else ()

    @property
    def spec(self) -> mujoco.MjSpec:
        """Shared by all tasks with this object, and not to be changed."""
        return spec_of(self.variant.object, self.variant.touch, self.stock)

    @property
    def model(self) -> mujoco.MjModel:
        """Shared likewise."""
        return model_of(self.variant.object, self.variant.touch, self.stock)

    @cached_property
    def worlds(self) -> WorldDistribution:  # type: ignore[override]
        """From a file that all these tasks share."""
        shared = load_worlds(self.worlds_path, self.target)
        return WorldDistribution(shared.terms, self.target, self.name, left_out=shared.left_out)

    @property
    def tracked(self) -> Mapping[str, int]:  # type: ignore[override]
        position = {"goal_offset": 3} if self.variant.position else {}
        touch = {"touch": len(self.touch_sensors)} if self.touch_sensors else {}
        return {"object_position": 3, "goal_rotation": 3, **position, **touch}

    @property
    def tracked_units(self) -> Mapping[str, str]:  # type: ignore[override]
        return {"object_position": "m", "goal_rotation": "rad", "goal_offset": "m", "touch": "N"}

    @property
    def tracked_by(self) -> Mapping[str, tuple[str, ...]]:  # type: ignore[override]
        by_cameras = {name: (BODY,) * size for name, size in self.tracked.items() if name != "touch"}
        return by_cameras | ({"touch": self.touch_sensors} if self.touch_sensors else {})

    @property
    def pose_terms(self) -> tuple[PoseTerm, ...] | None:  # type: ignore[override]
        if self.touch_sensors:
            return None
        measure: Measure = "axis_rotation" if self.thing.axial else "rotation"
        return (
            PoseTerm("object_position", "offset", tuple(REST), OBJECT),
            PoseTerm("goal_rotation", measure, OBJECT, GOAL, goal=True),
            *(goal_offsets((OBJECT,)) if self.variant.position else ()),
        )

    @property
    def felt(self) -> tuple[str, ...]:  # type: ignore[override]
        return self.touch_sensors

    @property
    def privileged_size(self) -> int:  # type: ignore[override]
        """Joint angles, speeds and torques; pose and velocity of the object; its goal; the fingertips; touch."""
        position = 3 if self.variant.position else 0
        return 24 + 24 + 20 + 7 + 6 + 4 + 3 + 15 + position + len(self.touch_sensors)

    @property
    def recipe(self) -> dict[str, Any]:
        return {"gamma": 0.99}

    def simulate(
        self, worlds: int, threads: int = 0, distribution: WorldDistribution | None = None
    ) -> ShadowManipulateSimulation:
        return ShadowManipulateSimulation(self, worlds, threads, distribution)

    def settle(self) -> np.ndarray:
        return _settled(self.thing.name, self.starts_lying)

    @property
    def starts_lying(self) -> bool:
        """Whether the object starts lying, turned about the vertical, and not in any orientation it comes to rest in; a pen
        would slip through the fingers."""
        return self.variant.turns == "z" or self.thing.axial

    def drop(self) -> np.ndarray:
        """States (m, nq) of objects that came to rest on the palm, let go above it."""
        rng = np.random.default_rng(0)
        tries = 128
        place = int(self.model.joint("object:joint").qposadr[0])
        qpos = np.tile(self.model.qpos0, (tries, 1))
        noise = rng.normal(0.0, 0.1, (tries, len(DRIVEN)))
        qpos[:, place : place + 3] = REST + rng.uniform((-0.005, -0.005, 0.02), (0.005, 0.005, 0.03), (tries, 3))
        orientations = self.thing.orientations(self.variant.turns)
        if self.starts_lying:
            qpos[:, place + 3 :] = multiply(from_yaw(rng.uniform(-np.pi, np.pi, tries)), np.array(self.thing.lying))
        else:
            qpos[:, place + 3 :] = orientations.draw(qpos[:, place + 3 :], rng.random((tries, 3)), 0.0)
        sim, broken = self.held(qpos, noise)
        at_rest = np.abs(sim.qvel).max(axis=1) < 0.1
        level = ~np.array(self.starts_lying) | (orientations.tilt(sim.qpos[:, place + 3 :]) < LEVEL)
        on_palm = np.linalg.norm(sim.qpos[:, place : place + 3] - REST, axis=1) < 0.04
        return sim.qpos[~broken & at_rest & level & on_palm].copy()


@cache
def _settled(thing: str, lying: bool) -> np.ndarray:
    """What tasks with the same object share: touch sensors and rewards change nothing of how it lies."""
    return ShadowManipulate(f"shadow/{thing}-rotate-{'z' if lying else 'xyz'}").drop()


class ShadowManipulateSimulation(ShadowHandSimulation, GoalSimulation):
    """n Shadow hands with an object each."""

    task: ShadowManipulate

    def __init__(
        self, task: ShadowManipulate, worlds: int, threads: int = 0, distribution: WorldDistribution | None = None
    ) -> None:
        thing = task.thing
        self.reward = replace(self.reward, near=thing.near)
        self.orientations = thing.orientations(task.variant.turns)
        self.offsets = OFFSETS if task.variant.position else None
        self.center = REST
        super().__init__(task, worlds, threads, distribution)
        self._geom = task.model.geom(BODY).id
        self._height = thing.height
        self._usual = float(task.model.geom_size[self._geom, self._height])
        self._touch = as_slice(touch_columns(task.model)[1]) if task.touch_sensors else None
        self._sensors = self.sim.bind("sensordata")

    def place(self, ids: np.ndarray, starts: np.ndarray, rngs: list[np.random.Generator]) -> np.ndarray:
        size = self.sim.fields.get("geom_size")
        if size is not None:
            starts[:, self._object_q.start + 2] += np.maximum(size[ids, self._geom, self._height] - self._usual, 0.0)
        return super().place(ids, starts, rngs)

    def dropped(self) -> np.ndarray:
        moved = self.object_pose[:, :3] - REST
        if self.offsets is not None:
            moved = moved - moved.clip(*self.offsets)
        return np.linalg.norm(moved, axis=1) > FARTHEST

    def sources(self) -> Sources:
        return {**super().sources(), "clearance": self._clearance}

    def _clearance(self) -> np.ndarray:
        """Distance [m] from the object's center to the nearest fingertip (n, 1)."""
        points = np.concatenate((self.object_pose[:, None, :3], self.tips), axis=1)
        return distance_to_others(points, 1)

    def touch(self, rows: slice | np.ndarray) -> np.ndarray:
        """Forces [N] (m, 92) on the touch sensors, (m, 0) without."""
        felt = self._sensors[rows]
        return felt[:, :0] if self._touch is None else felt[:, self._touch]

    def track(self, rows: slice | np.ndarray) -> np.ndarray:
        seen = [self.object_pose[rows, :3] - REST, self.goal_rotation[rows]]
        if self.offsets is not None:
            seen.append(self.goal_offset[rows])
        return np.concatenate((*seen, self.touch(rows)), axis=1)

    def privileged(self, rows: slice | np.ndarray) -> np.ndarray:
        pose = self.object_pose[rows]
        tips = self.tips[rows] - pose[:, None, :3]
        known = [
            self.joint_position[rows],
            self.joint_velocity[rows],
            self._torque[rows],
            pose[:, :3] - REST,
            pose[:, 3:],
            self.object_velocity[rows],
            self.goal[rows],
            self.goal_rotation[rows],
            tips.reshape(len(pose), -1),
        ]
        if self.offsets is not None:
            known.append(self.goal_offset[rows])
        return np.concatenate((*known, self.touch(rows)), axis=1)
