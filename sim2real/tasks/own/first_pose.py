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
        poses = self.compiled.poses
        if self.keyframe and self.keyframe not in poses:
            known = ", ".join(poses) or "none"
            raise UserError(f"{self.compiled.mjcf.path}: no keyframe {self.keyframe!r}; keyframes: {known}")
        self.keyframe = self.keyframe or ("home" if "home" in poses else next(iter(poses), ""))
        model = self._model
        self.data = mujoco.MjData(model)
        pose = poses.get(self.keyframe, {})
        for joint in range(model.njnt):
            name = model.joint(joint).name or model.body(model.jnt_bodyid[joint]).name
            if name in pose:
                first = model.jnt_qposadr[joint]
                self.data.qpos[first : first + len(pose[name])] = pose[name]
        mujoco.mj_forward(model, self.data)
        self._check_limits()
        self._check_targets()
        self._check_contacts()

    @property
    def _model(self) -> mujoco.MjModel:
        assert self.compiled.model is not None
        return self.compiled.model

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
                    f"keyframe {self.keyframe!r} has joint {name!r} at {self.angle(name):g}, outside of its range "
                    f"[{low:g}, {high:g}]"
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
            bodies = [int(model.geom_bodyid[geom]) for geom in contact.geom]
            names = sorted((model.body(body).name for body in bodies), key=lambda name: name != self.object_body)
            pair = (names[0], names[1])
            deepest[pair] = max(deepest.get(pair, 0.0), -float(contact.dist))
        held = False
        for (one, other), depth in deepest.items():
            if one == self.object_body and depth > _IN_OBJECT and not held:
                held = True
                others = ", ".join(sorted(b for (a, b), d in deepest.items() if a == one and d > _IN_OBJECT))
                self._lift(max(d for (a, _), d in deepest.items() if a == one), others)
            elif one != self.object_body and depth > MOST_PENETRATION:
                tag = self.compiled.tag(one, "body")
                file, line, write = self.compiled.mjcf.into("contact", f'<exclude body1="{one}" body2="{other}"/>')
                message = f"{one!r} starts {1000 * depth:.1f} mm inside of {other!r}"
                where = f", or move one of them apart, {one!r} at {tag.file}:{tag.line}"
                self.problems.append(Problem(file, line, message, write + where))

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
        tags = self.compiled.mjcf.children("keyframe")
        index = list(self.compiled.poses).index(self.keyframe)
        return tags[index] if len(tags) == len(self.compiled.poses) else self.compiled.mjcf.root

    def _add(self, tag: Tag, message: str, write: str) -> None:
        self.problems.append(Problem(tag.file, tag.line, message, write))
