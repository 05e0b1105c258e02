"""Parts: what of a model is the object, what the robot's fingertips or end effector, and what neither."""

from __future__ import annotations

from dataclasses import dataclass, field

import mujoco
import numpy as np

from sim2real.errors import UserError
from sim2real.tasks.own.compiling import Compiled
from sim2real.tasks.own.mjcf import Problem, Tag

_FREE = int(mujoco.mjtJoint.mjJNT_FREE)
_LONG = (int(mujoco.mjtGeom.mjGEOM_CAPSULE), int(mujoco.mjtGeom.mjGEOM_CYLINDER))
_USUAL = ("tip", "grip", "ee", "end_effector", "tool", "tcp", "pinch", "attachment")
"""What sites at the end of a robot are usually called."""


@dataclass
class Parts:
    """Found by name where names are given, else by what moves how. A missing object is a problem where `wants_object`."""

    compiled: Compiled
    wants_object: bool
    object_body: str | None = None
    """The body that is manipulated."""
    tips: tuple[str, ...] = ()
    """Sites at the fingertips, or the end effector's."""
    problems: list[Problem] = field(default_factory=list)
    loose: tuple[str, ...] = ()
    """Bodies that move freely and are not the object."""

    def __post_init__(self) -> None:
        model, own_name = self._model, self.compiled.own_name
        for body in range(1, model.nbody):
            if not own_name(model.body(body).name) and model.body_weldid[body]:
                self._add(self._body(body), "a body that moves has no name", 'write name="..."')
        free = [body for body in range(1, model.nbody) if self._moves_freely(body)]
        for body in [body for body in free if self._has_hinges(body)]:
            tag = self._body(body)
            message = f"the robot's base {model.body(body).name!r} moves freely"
            self._add(tag, message, "remove its free joint: robots here stand or are held")
        free = [body for body in free if not self._has_hinges(body)]
        names = [model.body(body).name for body in free]
        if self.wants_object:
            self._find_object(names)
        self.loose = tuple(name for name in names if name != self.object_body)
        self._find_tips()

    @property
    def _model(self) -> mujoco.MjModel:
        assert self.compiled.model is not None
        return self.compiled.model

    def _moves_freely(self, body: int) -> bool:
        model = self._model
        return bool(model.body_jntnum[body]) and model.jnt_type[model.body_jntadr[body]] == _FREE

    def _has_hinges(self, root: int) -> bool:
        model = self._model
        within = model.body_rootid[model.jnt_bodyid] == model.body_rootid[root]
        return bool((within & (model.jnt_type != _FREE)).any())

    def _find_object(self, free: list[str]) -> None:
        model, mjcf = self._model, self.compiled.mjcf
        bodies = [model.body(body).name for body in range(1, model.nbody)]
        if self.object_body is None and len(free) == 1:
            self.object_body = free[0]
        elif self.object_body is None and len(free) > 1:
            tag = self.compiled.tag(free[0], "body")
            self._add(tag, f"{', '.join(free)} move freely", f"give the one to manipulate, such as --object {free[0]}")
        elif self.object_body is None or self.object_body not in bodies:
            name = self.object_body or "cube"
            given = "no body moves freely" if self.object_body is None else f"no body {name!r}"
            tops = [body for body in range(1, model.nbody) if model.body_parentid[body] == 0]
            still = ", ".join(model.body(body).name for body in tops if not self._has_hinges(body))
            where = f", or <freejoint/> into its body if that is one of {still}" if still else ""
            content = (
                f'<body name="{name}" pos="X Y Z"><freejoint/>'
                f'<geom type="box" size="0.03 0.03 0.03" mass="0.05"/></body>'
            )
            file, line, write = mjcf.into("worldbody", content)
            self.problems.append(Problem(file, line, f"{given}, wanted an object to manipulate", write + where))
            self.object_body = None
        elif self.object_body not in free:
            tag = self.compiled.tag(self.object_body, "body")
            self._add(tag, f"object {self.object_body!r} has no free joint", "write <freejoint/> into it")
            self.compiled.let_move_freely(self.object_body)

    def _find_tips(self) -> None:
        """Sites of the links that carry no other, unless sites are given. Raises UserError for one that there is not."""
        model = self._model
        sites = {model.site(site).name: site for site in range(model.nsite)}
        for name in self.tips:
            if name not in sites:
                raise UserError(
                    f"{self.compiled.mjcf.path}: no site {name!r}; sites: {', '.join(filter(None, sites)) or 'none'}"
                )
        if self.tips:
            return
        found: list[str] = []
        for link in self._last_links():
            named = [
                name for name, site in sites.items() if name and model.body_weldid[model.site_bodyid[site]] == link
            ]
            if named:
                found.append(min(named, key=lambda name: not any(usual in name.lower() for usual in _USUAL)))
                continue
            name = self.compiled.own_name(model.body(link).name)
            x, y, z = self._far_end(link)
            message = f"link {name!r} ends a finger or the arm and has no named site there"
            site = f'<site name="{name or "finger"}_tip" pos="{x:g} {y:g} {z:g}"/>'
            write = f"write into it, moved to where it touches: {site}"
            self._add(self._body(link), message, write)
        self.tips = tuple(found)

    def _last_links(self) -> list[int]:
        """Links of the robot that no other link hangs from."""
        model = self._model
        links = sorted({int(model.jnt_bodyid[joint]) for joint in range(model.njnt) if model.jnt_type[joint] != _FREE})
        carrying = {int(model.body_weldid[model.body_parentid[link]]) for link in links}
        return [link for link in links if link not in carrying and not self._moves_freely(int(model.body_rootid[link]))]

    def _far_end(self, link: int) -> np.ndarray:
        """The end of the geom that reaches farthest (3,), in the link's frame [m]."""
        model, farthest = self._model, np.zeros(3)
        for geom in range(model.body_geomadr[link], model.body_geomadr[link] + model.body_geomnum[link]):
            axis = np.zeros(9)
            mujoco.mju_quat2Mat(axis, model.geom_quat[geom])
            half = model.geom_size[geom, 1] if model.geom_type[geom] in _LONG else 0.0
            for sign in (-1.0, 1.0):
                end = model.geom_pos[geom] + sign * half * axis.reshape(3, 3)[:, 2]
                if np.linalg.norm(end) > np.linalg.norm(farthest):
                    farthest = end
        return np.round(farthest, 4) + 0.0

    def _body(self, body: int) -> Tag:
        return self.compiled.tag(self._model.body(body).name, "body")

    def _add(self, tag: Tag, message: str, write: str) -> None:
        self.problems.append(Problem(tag.file, tag.line, message, write))
