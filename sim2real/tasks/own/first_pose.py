"""FirstPose: where a robot and its object begin."""

from __future__ import annotations

from dataclasses import dataclass, field

import mujoco
import numpy as np

from sim2real.errors import UserError
from sim2real.tasks.own.compiling import Compiled
from sim2real.tasks.own.mjcf import Problem, Tag
from sim2real.tasks.start_check import MOST_PENETRATION

_IN_OBJECT = 0.001
"""Deepest that an object may stand in something else where its author puts it [m]."""
_FREE, _BALL = int(mujoco.mjtJoint.mjJNT_FREE), int(mujoco.mjtJoint.mjJNT_BALL)
_ROUNDING = 1e-6
_STEP, _HIGHEST = 0.001, 1.0
"""Steps in which an object is raised until it is free, and how far at most [m]."""


@dataclass
class FirstPose:
    """A keyframe's pose, or the one of the model as it is written; `keyframe` "" takes the one called home, else the first.

    :raises UserError: for a keyframe that there is not.
    """

    compiled: Compiled
    driven: dict[str, int]
    """Actuator of every driven joint."""
    object_body: str | None
    keyframe: str = ""
    problems: list[Problem] = field(default_factory=list)

    def __post_init__(self) -> None:
        keyframes, model = self.compiled.keyframes, self._model
        if self.keyframe and self.keyframe not in keyframes:
            known = ", ".join(keyframes) or "none"
            raise UserError(f"{self.compiled.mjcf.path}: no keyframe {self.keyframe!r}; keyframes: {known}")
        self.keyframe = self.keyframe or ("home" if "home" in keyframes else next(iter(keyframes), ""))
        self.data = mujoco.MjData(model)
        if self.keyframe:
            self._take(keyframes[self.keyframe])
        mujoco.mj_forward(model, self.data)
        self._check_limits()
        self._check_targets()
        self._check_contacts()

    @property
    def _model(self) -> mujoco.MjModel:
        assert self.compiled.model is not None
        return self.compiled.model

    def _take(self, qpos: np.ndarray) -> None:
        """Take the keyframe's pose of what this model has of the whole."""
        model, whole = self._model, self.compiled.whole
        assert whole is not None
        if len(qpos) != whole.nq:
            message = f"keyframe {self.compiled.own_name(self.keyframe)!r} has {len(qpos)} numbers in qpos"
            self._add(self._key(), message, f"write {whole.nq}: 7 of what moves freely and 1 of every other joint")
            return
        bodies = {whole.body(whole.jnt_bodyid[joint]).name: joint for joint in range(whole.njnt)}
        for joint in range(model.njnt):
            name = model.joint(joint).name
            there = whole.joint(name).id if name else bodies[model.body(model.jnt_bodyid[joint]).name]
            size = 7 if model.jnt_type[joint] == _FREE else 4 if model.jnt_type[joint] == _BALL else 1
            first, source = model.jnt_qposadr[joint], whole.jnt_qposadr[there]
            self.data.qpos[first : first + size] = qpos[source : source + size]

    def angle(self, joint: str) -> float:
        """Where a joint is [rad or m]."""
        return float(self.data.qpos[self._model.joint(joint).qposadr[0]])

    def limits(self, joint: str) -> tuple[float, float]:
        """Targets that a joint may be given: within its own range and its servo's [rad or m]."""
        model, actuator = self._model, self.driven[joint]
        low, high = model.joint(joint).range
        if model.actuator_ctrllimited[actuator]:
            lowest, highest = model.actuator_ctrlrange[actuator]
            low, high = max(low, lowest), min(high, highest)
        return float(low), float(high)

    def _check_limits(self) -> None:
        model, whole = self._model, self.compiled.whole
        assert whole is not None
        outside = {}
        for name in self.driven:
            low, high = model.joint(name).range
            if model.joint(name).limited and not low - _ROUNDING <= self.angle(name) <= high + _ROUNDING:
                outside[name] = float(np.clip(self.angle(name), low, high))
        if not outside:
            return
        if self.keyframe:
            for name, wanted in outside.items():
                low, high = model.joint(name).range
                message = (
                    f"keyframe {self.compiled.own_name(self.keyframe)!r} has joint {name!r} at "
                    f"{self.angle(name):g}, outside of its range [{low:g}, {high:g}]"
                )
                number = whole.joint(name).qposadr[0] + 1
                self._add(self._key(), message, f"write {wanted:g} as number {number} of qpos, or one within")
            return
        qpos = whole.qpos0.copy()
        for name, wanted in outside.items():
            qpos[whole.joint(name).qposadr[0]] = wanted
        numbers = " ".join(f"{number:g}" for number in np.round(qpos, 4))
        file, line, write = self.compiled.mjcf.into("keyframe", f'<key name="home" qpos="{numbers}"/>')
        for name in outside:
            low, high = model.joint(name).range
            message = f"joint {name!r} starts at {self.angle(name):g}, outside of its range [{low:g}, {high:g}]"
            self.problems.append(Problem(file, line, message, write))

    def _check_targets(self) -> None:
        """A servo must be able to hold the pose."""
        model = self._model
        for name, actuator in self.driven.items():
            if not model.actuator_ctrllimited[actuator]:
                continue
            low, high = model.actuator_ctrlrange[actuator]
            at = self.angle(name)
            within = not model.joint(name).limited or model.joint(name).range[0] <= at <= model.joint(name).range[1]
            if within and not low - _ROUNDING <= at <= high + _ROUNDING:
                servo = model.actuator(actuator).name
                message = f"joint {name!r} starts at {at:g}, which its servo's ctrlrange [{low:g}, {high:g}] leaves out"
                self._add(
                    self.compiled.actuator_tag(servo), message, 'write inheritrange="1" in the place of ctrlrange'
                )

    def _check_contacts(self) -> None:
        model = self._model
        deepest: dict[tuple[str, str], float] = {}
        for contact in self.data.contact[: self.data.ncon]:
            names = sorted(map(self._called, contact.geom), key=lambda name: name != self.object_body)
            pair = (names[0], names[1])
            deepest[pair] = max(deepest.get(pair, 0.0), -float(contact.dist))
        known = {model.body(body).name for body in range(1, model.nbody)}
        held = False
        for (one, other), depth in deepest.items():
            if one == self.object_body and depth > _IN_OBJECT and not held:
                held = True
                others = ", ".join(sorted(b for (a, b), d in deepest.items() if a == one and d > _IN_OBJECT))
                self._lift(max(d for (a, _), d in deepest.items() if a == one), others)
            elif one != self.object_body and depth > MOST_PENETRATION:
                bodies = [name if name in known else "world" for name in (one, other)]
                exclude = '<exclude body1="{}" body2="{}"/>'.format(*bodies)
                file, line, write = self.compiled.mjcf.into("contact", exclude)
                message = f"{one!r} starts {1000 * depth:.1f} mm inside of {other!r}"
                apart = one if one in known else other
                tag = self.compiled.tag(apart, "body")
                where = f" if they may be, or move {apart!r} away at {tag.file}:{tag.line}"
                self.problems.append(Problem(file, line, message, write + where))

    def _called(self, geom: int) -> str:
        """The body of a geom; of the world's own the geom itself."""
        body = int(self._model.geom_bodyid[geom])
        return self._model.body(body).name if body else self._model.geom(geom).name or "the world"

    def _lift(self, depth: float, others: str) -> None:
        """Say how far up the object is free."""
        model, data = self._model, self.data
        assert self.object_body is not None
        body = model.body(self.object_body)
        up = int(model.jnt_qposadr[body.jntadr[0]]) + 2
        lifted = mujoco.MjData(model)
        lifted.qpos[:] = data.qpos
        while self._touches(lifted, int(body.id)) and lifted.qpos[up] - data.qpos[up] < _HIGHEST:
            lifted.qpos[up] += _STEP
            mujoco.mj_forward(model, lifted)
        x, y, z = lifted.qpos[up - 2 : up + 1]
        place = f"{x:g} {y:g} {z:.4g}"
        message = f"object {self.object_body!r} starts {1000 * depth:.1f} mm inside of {others}"
        if self.keyframe:
            self._add(
                self._key(), message, f"write {place} as numbers {up - 1} to {up + 1} of qpos, or another free place"
            )
        else:
            tag = self.compiled.tag(self.object_body, "body")
            self._add(tag, message, f'write pos="{place}", or another place that is free')

    def _touches(self, data: mujoco.MjData, body: int) -> bool:
        mujoco.mj_forward(self._model, data)
        return any(
            contact.dist < 0 and body in self._model.geom_bodyid[contact.geom] for contact in data.contact[: data.ncon]
        )

    def _key(self) -> Tag:
        return self.compiled.tag(self.keyframe, "key")

    def _add(self, tag: Tag, message: str, write: str) -> None:
        self.problems.append(Problem(tag.file, tag.line, message, write))
