"""draft: a task for a model that has all that a task needs, or everything that it lacks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import mujoco
import numpy as np

from sim2real.errors import UserError
from sim2real.tasks.goals import GoalReward
from sim2real.tasks.own.compiling import Compiled
from sim2real.tasks.own.description import Description, Reach, Reorient, RotateZ, ServoDescription
from sim2real.tasks.own.first_pose import FirstPose
from sim2real.tasks.own.mjcf import Mjcf, Problem
from sim2real.tasks.own.parts import Parts
from sim2real.tasks.own.servos import Servos
from sim2real.tasks.point_goals import PointGoalReward
from sim2real.tasks.rotation import RotationReward

_SLIDE = int(mujoco.mjtJoint.mjJNT_SLIDE)
_SECONDS = {"rotate-z": 10.0, "reorient": 20.0, "reach": 5.0}
"""How long an episode lasts [s]."""
_STRIDE = {"rotate-z": (0.1, 0.25), "reorient": (0.1, 0.25), "reach": (0.05, 0.1)}
"""An action of 1 moves a target by this share of its range, hinges by at most so much [rad]."""
_SETTLING = 1.5
"""Time in which an object must come to rest on the hand [s]."""
_GOAL_RANGE = 0.4


@dataclass(frozen=True)
class Asked:
    """What a user says of a model; what is left out is found in it."""

    model: Path
    kind: str | None = None
    object_body: str | None = None
    tips: tuple[str, ...] = ()
    keyframe: str = ""
    without: tuple[str, ...] = ()
    rate: float = 20.0
    """Control steps per second [Hz]."""


class NotYet(UserError):
    """A model that must be changed first: all that is wrong with it."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = sorted(set(problems), key=lambda one: (str(one.file), one.line))
        super().__init__("\n".join(map(str, self.problems)))


def draft(asked: Asked, model: Path, worlds: Path) -> Description:
    """The task that was asked for, with paths of `model` and `worlds` as its file is to have them.

    Raises NotYet with all that the model must have changed, UserError for names that it does not have.
    """
    mjcf = Mjcf(asked.model)
    compiled = Compiled(mjcf, asked.without)
    if compiled.model is None:
        raise NotYet(compiled.problems)
    kind = asked.kind or ("rotate-z" if asked.object_body or _anything_loose(compiled) else "reach")
    if kind == "reach" and asked.object_body:
        raise UserError(f"--object {asked.object_body}: reach has no object; kinds that have: rotate-z, reorient")
    parts = Parts(compiled, kind != "reach", asked.object_body, asked.tips)
    without = (*asked.without, *(parts.loose if parts.object_body or kind == "reach" else ()))
    if without != asked.without:
        compiled = Compiled(mjcf, without)
        parts = Parts(compiled, kind != "reach", asked.object_body, asked.tips)
    servos = Servos(compiled)
    pose = FirstPose(compiled, servos.driven, parts.object_body, asked.keyframe)
    problems = [*compiled.problems, *parts.problems, *servos.problems, *pose.problems]
    if problems:
        raise NotYet(problems)
    return _Draft(asked, kind, compiled, parts, servos, pose).description(model, worlds, without)


def _anything_loose(compiled: Compiled) -> bool:
    return bool(Parts(compiled, wants_object=False).loose)


@dataclass(frozen=True)
class _Draft:
    """Numbers that suit a model in order."""

    asked: Asked
    kind: str
    compiled: Compiled
    parts: Parts
    servos: Servos
    pose: FirstPose

    @property
    def _model(self) -> mujoco.MjModel:
        assert self.compiled.model is not None
        return self.compiled.model

    def description(self, model: Path, worlds: Path, without: tuple[str, ...]) -> Description:
        substeps = max(1, round(1.0 / (self.asked.rate * self._model.opt.timestep)))
        period = substeps * float(self._model.opt.timestep)
        joints = {name: self._servo(name, period) for name in self.servos.driven}
        common = {
            "model": model,
            "worlds": worlds,
            "without": without,
            "substeps": substeps,
            "episode_steps": max(1, round(_SECONDS[self.kind] / period)),
            "joints": joints,
            "tips": self.parts.tips,
        }
        if self.kind == "reach":
            rewards = self._reach_rewards(joints)
            return Reach(**common, episodes_per_trial=4, start_noise=0.01, goal_range=_GOAL_RANGE, rewards=rewards)
        common |= {
            "object": self.parts.object_body,
            "episodes_per_trial": 2,
            "start_noise": 0.04,
            "train": {"gamma": 0.99},
        }
        common |= {"object_start": self._object_start(), "lowest": self._lowest()}
        if self.kind == "rotate-z":
            return RotateZ(**common, rewards=RotationReward())
        return Reorient(**common, rewards=GoalReward())

    def _servo(self, name: str, period: float) -> ServoDescription:
        model = self._model
        low, high = (_round(end) for end in self.pose.limits(name))
        share, most = _STRIDE[self.kind]
        stride = share * (high - low)
        if model.joint(name).type[0] != _SLIDE:
            stride = min(stride, most)
        return ServoDescription(
            actuator=model.actuator(self.servos.driven[name]).name,
            start=float(np.clip(_round(self.pose.angle(name)), low, high)),
            lower=low,
            upper=high,
            stride=_round(stride, 3),
            fastest=_round(stride / period, 3),
        )

    def _object_columns(self) -> slice:
        first = int(self._model.jnt_qposadr[self._model.body(self.parts.object_body).jntadr[0]])
        return slice(first, first + 3)

    def _object_start(self) -> tuple[float, float, float]:
        x, y, z = (_round(number) for number in self.pose.data.qpos[self._object_columns()])
        return x, y, z

    def _lowest(self) -> float:
        """Below where the object comes to rest on the hand, by one and a half of its radius. Raises NotYet where it does
        not come to rest."""
        model, data = self._model, mujoco.MjData(self._model)
        data.qpos[:] = self.pose.data.qpos
        for name, actuator in self.servos.driven.items():
            data.ctrl[actuator] = self.pose.angle(name)
        mujoco.mj_step(model, data, round(_SETTLING / model.opt.timestep))
        body = model.body(self.parts.object_body)
        velocity = data.qvel[body.dofadr[0] : body.dofadr[0] + 3]
        touched = {
            int(model.body_rootid[model.geom_bodyid[geom]])
            for contact in data.contact[: data.ncon]
            if body.id in model.geom_bodyid[contact.geom]
            for geom in contact.geom
        }
        robot = {int(model.body_rootid[model.jnt_bodyid[model.joint(name).id]]) for name in self.servos.driven}
        at = data.qpos[self._object_columns()]
        if not np.isfinite(at).all() or np.linalg.norm(velocity) > 0.1 or not touched & robot:
            tag = self.compiled.tag(str(self.parts.object_body), "body")
            x, y, z = (_round(number, 3) for number in at)
            message = (
                f"object {self.parts.object_body!r} does not come to rest on the robot: after {_SETTLING:g} s it is at "
                f"{x:g} {y:g} {z:g}, moving at {np.linalg.norm(velocity):.2g} m/s"
            )
            where = 'write pos="..." (or qpos of the keyframe) just above a palm that faces up'
            raise NotYet([Problem(tag.file, tag.line, message, where)])
        geoms = range(body.geomadr[0], body.geomadr[0] + body.geomnum[0])
        radius = max(np.linalg.norm(model.geom_pos[geom]) + model.geom_rbound[geom] for geom in geoms)
        return _round(at[2] - 1.5 * radius, 3)

    def _reach_rewards(self, joints: dict[str, ServoDescription]) -> PointGoalReward:
        """A tolerance that suits how far goals are, and a weight of the distance that suits the tolerance."""
        model, data, rng = self._model, mujoco.MjData(self._model), np.random.default_rng(0)
        sites = [model.site(name).id for name in self.parts.tips]
        start = self.pose.data.site_xpos[sites].copy()
        data.qpos[:] = self.pose.data.qpos
        far = []
        for _ in range(200):
            for name, servo in joints.items():
                ends = [servo.start + _GOAL_RANGE * (end - servo.start) for end in (servo.lower, servo.upper)]
                data.qpos[model.joint(name).qposadr[0]] = rng.uniform(ends[0], ends[1])
            mujoco.mj_kinematics(model, data)
            far.append(np.linalg.norm(data.site_xpos[sites] - start, axis=1).mean())
        usual = PointGoalReward()
        tolerance = float(np.clip(_round(0.2 * np.mean(far), 1), 0.005, usual.tolerance))
        return PointGoalReward(tolerance=tolerance, distance=_round(usual.distance * usual.tolerance / tolerance, 2))


def _round(number: float, digits: int = 5) -> float:
    """So many digits that count."""
    return float(f"{number:.{digits}g}") + 0.0
