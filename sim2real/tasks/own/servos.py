"""Servos: whether every joint of a robot has a name, limits, and a position servo of its own."""

from __future__ import annotations

from dataclasses import dataclass, field

import mujoco
import numpy as np

from randomizers.servos import is_position_servo
from sim2real.tasks.own.compiling import Compiled
from sim2real.tasks.own.mjcf import Problem, Tag

_FREE, _BALL, _SLIDE = (int(getattr(mujoco.mjtJoint, f"mjJNT_{kind}")) for kind in ("FREE", "BALL", "SLIDE"))
_AT_A_JOINT = int(mujoco.mjtTrn.mjTRN_JOINT)
_STILL = int(mujoco.mjtDyn.mjDYN_NONE)
_COUPLED = int(mujoco.mjtEq.mjEQ_JOINT)
_SAG = 0.3
"""How far a servo whose kp is not known yet should yield under its greatest torque [rad or m]."""
_UNKNOWN = f" (MAX is its greatest torque, KP about MAX / {_SAG:g} rad)"
"""What numbers mean that are left to fill in."""


@dataclass
class Servos:
    """The robot's joints that position servos move, and what is wrong with the others."""

    compiled: Compiled
    problems: list[Problem] = field(default_factory=list)
    driven: dict[str, int] = field(default_factory=dict)
    """Actuator of every joint that has one, by the joint's name, in the order of the model's joints."""

    def __post_init__(self) -> None:
        model = self._model
        of_joint: dict[int, list[int]] = {}
        for actuator in range(model.nu):
            if self._moves_a_joint(actuator):
                of_joint.setdefault(int(model.actuator_trnid[actuator, 0]), []).append(actuator)
        for joint in range(model.njnt):
            if model.jnt_type[joint] == _FREE:
                continue
            if model.jnt_type[joint] == _BALL:
                self._add(self._joint(joint), f"{self._called(joint)} is a ball", "write three hinges instead")
                continue
            self._check_joint(joint, of_joint.get(joint, []))
        if not self.driven and not self._hinges:
            tag = self.compiled.mjcf.section("worldbody") or self.compiled.mjcf.root
            self._add(tag, "the robot has no joint", 'write <joint name="..." range="..."/> into its bodies')
        self._check_there_are_any()

    @property
    def _model(self) -> mujoco.MjModel:
        assert self.compiled.model is not None
        return self.compiled.model

    @property
    def _hinges(self) -> list[int]:
        """Joints that a servo can move."""
        return [joint for joint in range(self._model.njnt) if self._model.jnt_type[joint] not in (_FREE, _BALL)]

    def _check_joint(self, joint: int, actuators: list[int]) -> None:
        model, tag = self._model, self._joint(joint)
        name = self.compiled.own_name(model.joint(joint).name)
        if not name:
            self._add(tag, f"{self._called(joint)} wants a name", f'write name="{self._to_call(joint)}"')
        if not model.jnt_limited[joint]:
            low, high = self._likely_range(joint, actuators)
            self._add(
                tag, f"{self._called(joint)} has no limits", f'write range="{low:g} {high:g}", or what they really are'
            )
        if len(actuators) > 1:
            names = ", ".join(repr(model.actuator(actuator).name) for actuator in actuators)
            message = f"{self._called(joint)} has {len(actuators)} actuators: {names}"
            self._add(self._actuator(actuators[1]), message, "keep one; <position> has both kp and kv")
        if actuators:
            self._check_actuator(actuators[0], joint)
            if name:
                self.driven[name] = actuators[0]
        elif model.nu and not self._follows_another(joint):
            file, line, write = self.compiled.mjcf.into("actuator", servo(self._to_call(joint)))
            place = f", or couple it to another joint in <equality>, or remove it at {tag.file}:{tag.line}"
            self.problems.append(Problem(file, line, f"{self._called(joint)} has no actuator{_UNKNOWN}", write + place))

    def _check_there_are_any(self) -> None:
        """A model without actuators is told once, with all that are wanted."""
        model = self._model
        if model.nu or not self._hinges or self.compiled.actuators_left_out:
            return
        names = [self._to_call(joint) for joint in self._hinges]
        file, line, write = self.compiled.mjcf.into("actuator", " ".join(map(servo, names)))
        message = f"the model has no actuators, wanted a position servo for each joint{_UNKNOWN}"
        self.problems.append(Problem(file, line, message, write))

    def _check_actuator(self, actuator: int, joint: int) -> None:
        model, tag = self._model, self._actuator(actuator)
        name, moved = self.compiled.own_name(model.actuator(actuator).name), self._to_call(joint)
        if not name:
            self._add(tag, f"the actuator of joint {moved!r} has no name", f'write name="{moved}"')
        if not is_position_servo(model, actuator):
            limit = self._greatest_force(actuator, joint)
            found = f"actuator {name!r} (<{tag.name}>) is no position servo, which the policy's targets are for"
            self._add(tag, found, f"write {servo(moved, name or moved, limit)}")
        if model.actuator_dyntype[actuator] != _STILL:
            written = [one for one in ("timeconst", "dyntype", "dynprm") if one in tag.attributes] or ["timeconst"]
            message = f"actuator {name!r} has a state of its own"
            self._add(tag, message, f"remove {', '.join(written)}; worlds delay and smooth actions instead")
        gear = model.actuator_gear[actuator, 0]
        if is_position_servo(model, actuator) and gear != 1.0:
            kp = model.actuator_gainprm[actuator, 0] * gear**2
            self._add(
                tag, f"actuator {name!r} has gear {gear:g}", f'remove gear and write kp="{kp:g}": targets are angles'
            )

    def _moves_a_joint(self, actuator: int) -> bool:
        model = self._model
        if model.actuator_trntype[actuator] == _AT_A_JOINT:
            return True
        name, tag = self.compiled.own_name(model.actuator(actuator).name), self._actuator(actuator)
        how = next(
            (one for one in ("tendon", "site", "body", "slidersite", "cranksite") if one in tag.attributes), "class"
        )
        message = f"actuator {name!r} moves a {how}, wanted a joint"
        self._add(tag, message, 'write joint="..." instead, one servo for each joint, and couple others in <equality>')
        return False

    def _follows_another(self, joint: int) -> bool:
        """Whether an equality couples it to another joint."""
        model = self._model
        rows = (model.eq_type == _COUPLED) & model.eq_active0.astype(bool)
        return bool(((model.eq_obj1id == joint) & rows & (model.eq_obj2id >= 0)).any())

    def _likely_range(self, joint: int, actuators: list[int]) -> np.ndarray:
        """Limits to suggest, in the unit of the file."""
        model = self._model
        slide = model.jnt_type[joint] == _SLIDE
        likely = np.array([-0.1, 0.1] if slide else [-np.pi / 2, np.pi / 2])
        for actuator in actuators:
            if model.actuator_ctrllimited[actuator] and is_position_servo(model, actuator):
                likely = model.actuator_ctrlrange[actuator]
        assert self.compiled.spec is not None
        return np.round(np.rad2deg(likely) if self.compiled.spec.compiler.degree and not slide else likely, 4)

    def _greatest_force(self, actuator: int, joint: int) -> float | None:
        """The torque [N m] or force [N] that a motor can exert, where the model says so."""
        model = self._model
        gear, known = abs(model.actuator_gear[actuator, 0]), []
        if model.actuator_forcelimited[actuator]:
            known.append(np.abs(model.actuator_forcerange[actuator]).max() * gear)
        if model.jnt_actfrclimited[joint]:
            known.append(np.abs(model.jnt_actfrcrange[joint]).max())
        if model.actuator_ctrllimited[actuator]:
            gain = abs(model.actuator_gainprm[actuator, 0])
            known.append(np.abs(model.actuator_ctrlrange[actuator]).max() * gain * gear)
        return float(min(known)) if known else None

    def _joint(self, joint: int) -> Tag:
        return self.compiled.tag(self._model.joint(joint).name, "joint", "freejoint")

    def _actuator(self, actuator: int) -> Tag:
        return self.compiled.actuator_tag(self._model.actuator(actuator).name)

    def _called(self, joint: int) -> str:
        """What errors call a joint."""
        name = self.compiled.own_name(self._model.joint(joint).name)
        body = self.compiled.own_name(self._model.body(self._model.jnt_bodyid[joint]).name)
        return f"joint {name!r}" if name else f"the unnamed joint of body {body!r}"

    def _to_call(self, joint: int) -> str:
        """What a joint is called, or should be."""
        body = self.compiled.own_name(self._model.body(self._model.jnt_bodyid[joint]).name)
        return self.compiled.own_name(self._model.joint(joint).name) or f"{body or 'my'}_joint"

    def _add(self, tag: Tag, message: str, write: str) -> None:
        self.problems.append(Problem(tag.file, tag.line, message, write))


def servo(joint: str, name: str = "", limit: float | None = None) -> str:
    """A position servo as MJCF; kp and limits where they are not known are left to fill in."""
    kp, reach = ("KP", "-MAX MAX") if limit is None else (f"{limit / _SAG:.3g}", f"{-limit:g} {limit:g}")
    return f'<position name="{name or joint}" joint="{joint}" kp="{kp}" forcerange="{reach}" inheritrange="1"/>'
