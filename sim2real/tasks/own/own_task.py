"""OwnTask: what all tasks that are described in a file share."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import mujoco
import numpy as np

from deploy_robot import ActionMapping
from randomizers.servos import is_position_servo
from sim2real.errors import UserError
from sim2real.simulation.physics_model import load_spec
from sim2real.simulation.viewpoints import add_camera, add_light
from sim2real.tasks.changed_reward import changed_reward
from sim2real.tasks.own.compiling import leave_out
from sim2real.tasks.own.description import Description, HandDescription
from sim2real.tasks.robot_task import EPISODE_START, RobotTask, joint_terms

_SLIDE = int(mujoco.mjtJoint.mjJNT_SLIDE)
_HINGE = int(mujoco.mjtJoint.mjJNT_HINGE)
_AT_A_JOINT = int(mujoco.mjtTrn.mjTRN_JOINT)
_EYE = np.array([0.8, -1.4, 1.0])
"""Where a model without cameras is looked at from, in extents of the model."""


class OwnTask(RobotTask):
    """A task of a robot that this package does not know, as its file describes it.

    :param path: the task's file.
    :param files: sha256 of it and of every file that the model is read from, by path.
    :raises UserError: for a model that does not compile, and, all in one line, for names that it does not have.
    """

    summary = "a task of your own, described in a file"
    description: Description

    def __init__(self, path: Path, description: Description, files: Mapping[str, str]) -> None:
        self.path, self.description, self.files = path, description, files
        self.name = path.stem
        self.model_path = self.path.parent / description.model
        self.worlds_path = self.path.parent / description.worlds
        self.joints = tuple(description.joints)
        self.start_pose = np.array([servo.start for servo in description.joints.values()])
        self.substeps = description.substeps
        self.episode_steps, self.episodes_per_trial = description.episode_steps, description.episodes_per_trial
        self.object_body = description.object if isinstance(description, HandDescription) else None
        wrong = self._wrong_names()
        if wrong:
            raise UserError(f"{path}: {'; '.join(wrong)}; model: {self.model_path}")
        servos = list(description.joints.values())
        self.observation = (*self._joint_terms(), EPISODE_START)
        self.action = ActionMapping(
            joints=self.joints,
            kind="relative",
            center=tuple(servo.start for servo in servos),
            scale=tuple(servo.stride for servo in servos),
            lower=tuple(servo.lower for servo in servos),
            upper=tuple(servo.upper for servo in servos),
            max_velocity=tuple(servo.fastest for servo in servos),
        )

    @property
    def spread(self) -> np.ndarray:
        """Standard deviation of the joints' start (j,) [rad or m]."""
        return self.description.start_noise * (np.array(self.action.upper) - np.array(self.action.lower))

    @property
    def reference(self) -> str:
        return str(self.path)

    @property
    def recipe(self) -> dict[str, Any]:
        return dict(self.description.train)

    def rewarded(self, changes: Mapping[str, float]) -> OwnTask:
        if not changes:
            return self
        task = copy.copy(self)
        rewards = changed_reward(self.name, vars(self.description)["rewards"], changes)
        task.description = self.description.model_copy(update={"rewards": rewards})
        return task

    @cached_property
    def spec(self) -> mujoco.MjSpec:
        """Without what the task leaves out; geoms have names, so that worlds can be written for them, and there is a
        camera and a light."""
        try:
            spec = load_spec(self.model_path)
            leave_out(spec, self.description.without, str(self.model_path))
            for body in list(spec.bodies)[1:]:
                for number, geom in enumerate(body.geoms):
                    geom.name = geom.name or f"{body.name}_geom{number}"
            if self.object_body and spec.body(self.object_body) is not None:
                # Worlds may move its center of mass, which MuJoCo otherwise compiles away.
                spec.body(self.object_body).simple = False
            _set_the_stage(spec)
            spec.copy().compile()
        except ValueError as error:
            if isinstance(error, UserError):
                raise
            said = " ".join(str(error).split())
            raise UserError(
                f"{self.model_path}: {said}; all that is wrong: sim2real new-task {self.model_path}"
            ) from error
        return spec

    @cached_property
    def roles(self) -> dict[str, tuple[str, ...]]:
        """The fingertips are the links that the tips are sites of."""
        model = self.model
        links = [model.body(model.site_bodyid[model.site(name).id]).name for name in self.description.tips]
        return {**super().roles, "fingertip": tuple(dict.fromkeys(links))}

    def no_start(self) -> UserError:
        """Episodes cannot begin."""
        return UserError(
            f"{self.path}: of many starts around the start pose none came to rest as wanted; look at it: "
            f"python -m mujoco.viewer --mjcf={self.model_path}"
        )

    def _joint_terms(self) -> list[Any]:
        """Hinges and slides apart, as they have other units."""
        kinds = {name: int(self.model.joint(name).type[0]) for name in self.joints}
        terms: list[Any] = []
        for kind, position, target, unit in (
            (_HINGE, "joint_position", "previous_target", "rad"),
            (_SLIDE, "slide_position", "previous_slide_target", "m"),
        ):
            names = tuple(name for name in self.joints if kinds[name] == kind)
            if names:
                limits = self.model.jnt_range[[self.model.joint(name).id for name in names]]
                terms += joint_terms(position, target, names, limits, names, unit)
        return terms

    def _wrong_names(self) -> list[str]:
        """What the file names and the model does not have, and what the model has and the file leaves out."""
        model, wrong = self.model, []
        joints = {model.joint(i).name: i for i in range(model.njnt)}
        actuators = {model.actuator(i).name: i for i in range(model.nu)}
        for name, servo in self.description.joints.items():
            if name not in joints or model.jnt_type[joints[name]] not in (_HINGE, _SLIDE):
                wrong.append(f"joints.{name}: no hinge or slide of that name; joints: {_names(joints)}")
            elif not model.jnt_limited[joints[name]]:
                wrong.append(f"joints.{name}: it has no limits in the model")
            elif servo.actuator not in actuators:
                wrong.append(f"joints.{name}.actuator: no actuator {servo.actuator!r}; actuators: {_names(actuators)}")
            elif not self._moves(actuators[servo.actuator], joints[name]):
                wrong.append(f"joints.{name}.actuator: {servo.actuator!r} is no position servo of that joint, gear 1")
            else:
                low, high = model.jnt_range[joints[name]]
                if not low - 1e-4 <= servo.start <= high + 1e-4:
                    wrong.append(f"joints.{name}.start: {servo.start:g} is outside of the joint's [{low:g}, {high:g}]")
        for name in set(actuators) - {servo.actuator for servo in self.description.joints.values()}:
            wrong.append(f"joints: actuator {name!r} of the model moves none of them")
        sites = {model.site(i).name for i in range(model.nsite)}
        wrong += [
            f"tips: no site {name!r}; sites: {_names(sites)}" for name in self.description.tips if name not in sites
        ]
        bodies = {model.body(i).name: i for i in range(model.nbody)}
        free = int(mujoco.mjtJoint.mjJNT_FREE)
        loose = [n for n, i in bodies.items() if model.body_jntnum[i] and model.jnt_type[model.body_jntadr[i]] == free]
        if self.object_body and self.object_body not in loose:
            wrong.append(f"object: {self.object_body!r} is no body that moves freely; such bodies: {_names(loose)}")
        return wrong

    def _moves(self, actuator: int, joint: int) -> bool:
        model = self.model
        at_joint = model.actuator_trntype[actuator] == _AT_A_JOINT and model.actuator_trnid[actuator, 0] == joint
        return bool(at_joint and is_position_servo(model, actuator) and model.actuator_gear[actuator, 0] == 1.0)


def _names(names: Any) -> str:
    return ", ".join(name for name in names if name) or "none"


def _set_the_stage(spec: mujoco.MjSpec) -> None:
    """A camera and a light for a model that has none."""
    model = spec.copy().compile()
    extent, center = float(model.stat.extent), np.array(model.stat.center)
    if not list(spec.cameras):
        add_camera(spec, "front", center + extent * _EYE, center)
    if not list(spec.lights):
        add_light(spec, "key", center + 2 * extent * _EYE * (1.0, 1.0, 2.0), center, strength=0.6)
