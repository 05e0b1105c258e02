"""Target: what the terms of a distribution can act on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property

import mujoco
import numpy as np

from randomizers.errors import WorldsError

KINDS = ("body", "geom", "joint", "actuator", "tendon", "observation")
"""What name patterns can select."""

_PLURALS = {"body": "bodies"}
_JOINT = int(mujoco.mjtTrn.mjTRN_JOINT)
_TENDON = int(mujoco.mjtTrn.mjTRN_TENDON)


@dataclass(frozen=True, eq=False)
class Target:
    """A nominal model and the observation terms that its policy is given."""

    model: mujoco.MjModel
    """The nominal model; never written to."""
    name: str
    """What errors call it, such as the task's name."""
    observations: Mapping[str, int]
    """Size of each observation term of the policy that is sensed, in the order they are concatenated."""
    units: Mapping[str, str] = field(default_factory=dict)
    """Unit of each observation term; "1" where none is given."""
    roles: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Parts of the model by what they are, such as "object" and "robot": the bodies that each is rooted in. The pattern
    `@object` stands for all elements there: those bodies and all below them that have a mass, their geoms and joints, and
    the tendons and actuators that move these joints. So one file of worlds fits many models."""

    def __post_init__(self) -> None:
        for name, size in self.observations.items():
            if size < 1:
                raise WorldsError(
                    f"observation term {name!r} of {self.name!r} must have a size of at least 1, got {size!r}"
                )

    @property
    def actions(self) -> int:
        """Number of controls."""
        return self.model.nu

    @property
    def observed(self) -> int:
        """Length of the policy's observation."""
        return sum(self.observations.values())

    @cached_property
    def _ids(self) -> dict[str, dict[str, int]]:
        model = self.model
        named = {
            # The world body is left out: it has nothing to randomize and would match every '*'.
            "body": [(model.body(i).name, i) for i in range(1, model.nbody)],
            "geom": [(model.geom(i).name, i) for i in range(model.ngeom)],
            "joint": [(model.joint(i).name, i) for i in range(model.njnt)],
            "actuator": [(model.actuator(i).name, i) for i in range(model.nactuator)],
            "tendon": [(model.tendon(i).name, i) for i in range(model.ntendon)],
            "observation": [(name, i) for i, name in enumerate(self.observations)],
        }
        return {kind: {name: i for name, i in pairs if name} for kind, pairs in named.items()}

    def names(self, kind: str) -> tuple[str, ...]:
        """Names of its elements of one of `KINDS`; the unnamed and the world are left
        out.
        """
        return tuple(self._ids[kind])

    def id(self, kind: str, name: str) -> int:
        """Index of a named element in the model (for an observation term: in `observations`)."""
        return self._ids[kind][name]

    def names_of_role(self, kind: str, role: str) -> tuple[str, ...]:
        """Names of the elements of that kind in the part of the model that has the role. Raises WorldsError for a role
        that it does not have, and for observation terms, which have none."""
        if role not in self.roles:
            raise WorldsError(f"{self.name!r} has no role {role!r}; roles: {', '.join(self.roles) or 'none'}")
        if kind == "observation":
            raise WorldsError(f"observation terms have no roles, got '@{role}'; give their names")
        inside = _INSIDE[kind](self.model, self._bodies_of(role))
        return tuple(name for name, i in self._ids[kind].items() if i in inside)

    def _bodies_of(self, role: str) -> set[int]:
        model = self.model
        inside = {model.body(name).id for name in self.roles[role]}
        # A parent comes before its children.
        for body in range(1, model.nbody):
            if model.body_parentid[body] in inside:
                inside.add(body)
        return inside

    def unit_of_observation(self, names: Sequence[str]) -> str:
        """The unit of observation terms or columns of them. Raises WorldsError where they have several."""
        units = {self.units.get(name.split(".")[0], "1") for name in names}
        if len(units) > 1:
            raise WorldsError(
                f"{', '.join(names)} have different units: {', '.join(sorted(units))}; write one term for each"
            )
        return units.pop()

    def unit_of_control(self, actuators: np.ndarray) -> str:
        """Unit of the controls of these actuators: "rad" for position servos of hinges and tendons, "m" for those of
        slides; "control" for others, or several kinds together."""
        units = {_control_unit(self.model, actuator) for actuator in actuators}
        return units.pop() if len(units) == 1 else "control"


def _joints_inside(model: mujoco.MjModel, bodies: set[int]) -> set[int]:
    return {joint for joint in range(model.njnt) if int(model.jnt_bodyid[joint]) in bodies}


def _tendons_inside(model: mujoco.MjModel, bodies: set[int]) -> set[int]:
    joints = _joints_inside(model, bodies)
    inside = set()
    for tendon in range(model.ntendon):
        wraps = range(model.tendon_adr[tendon], model.tendon_adr[tendon] + model.tendon_num[tendon])
        for wrap in wraps:
            kind, thing = int(model.wrap_type[wrap]), int(model.wrap_objid[wrap])
            if (kind == _WRAP_JOINT and thing in joints) or (
                kind == _WRAP_SITE and int(model.site_bodyid[thing]) in bodies
            ):
                inside.add(tendon)
    return inside


def _actuators_inside(model: mujoco.MjModel, bodies: set[int]) -> set[int]:
    joints, tendons = _joints_inside(model, bodies), _tendons_inside(model, bodies)
    moved = {_JOINT: joints, _TENDON: tendons}
    return {
        actuator
        for actuator in range(model.nactuator)
        if int(model.actuator_trnid[actuator, 0]) in moved.get(int(model.actuator_trntype[actuator]), ())
    }


_WRAP_JOINT = int(mujoco.mjtWrap.mjWRAP_JOINT)
_WRAP_SITE = int(mujoco.mjtWrap.mjWRAP_SITE)
_INSIDE: Mapping[str, Callable[[mujoco.MjModel, set[int]], set[int]]] = {
    "body": lambda model, bodies: {body for body in bodies if model.body_mass[body] > 0},
    "geom": lambda model, bodies: {geom for geom in range(model.ngeom) if int(model.geom_bodyid[geom]) in bodies},
    "joint": _joints_inside,
    "tendon": _tendons_inside,
    "actuator": _actuators_inside,
}
"""Indices of the elements of a kind that belong to bodies."""


def _control_unit(model: mujoco.MjModel, actuator: int) -> str:
    if model.actuator_biasprm[actuator, 1] == 0:
        return "control"
    if model.actuator_trntype[actuator] == _TENDON:
        return "rad"
    if model.actuator_trntype[actuator] != _JOINT:
        return "control"
    slide = model.jnt_type[model.actuator_trnid[actuator, 0]] == int(mujoco.mjtJoint.mjJNT_SLIDE)
    return "m" if slide else "rad"


@dataclass(frozen=True, eq=False)
class Selection:
    """Elements that patterns matched, in the target's order and each once."""

    ids: np.ndarray
    """Indices (m,): of model elements; of columns of the policy's observation where observation terms were selected."""
    names: tuple[str, ...]
    """Name of each; of a column of an observation term larger than 1: `term.column`."""


def select(target: Target, kind: str, patterns: str | Sequence[str]) -> Selection:
    """Elements of one kind of `KINDS` whose names match a shell-style pattern, or which have the role of `@role`.

    Raises WorldsError where a pattern matches nothing.
    """
    available = target.names(kind)
    matched: set[str] = set()
    for pattern in (patterns,) if isinstance(patterns, str) else patterns:
        if pattern.startswith("@"):
            hits = list(target.names_of_role(kind, pattern[1:]))
        else:
            hits = [name for name in available if fnmatchcase(name, pattern)]
        if not hits:
            plural = _PLURALS.get(kind, f"{kind}s")
            raise WorldsError(
                f"pattern {pattern!r} matched no {kind} of {target.name!r}; {plural}: {', '.join(available) or 'none'}"
            )
        matched.update(hits)
    names = tuple(name for name in available if name in matched)
    if kind == "observation":
        return _columns(target, names)
    return Selection(np.array([target.id(kind, name) for name in names], dtype=np.intp), names)


def _columns(target: Target, terms: Sequence[str]) -> Selection:
    ids: list[int] = []
    names: list[str] = []
    start = 0
    for term, size in target.observations.items():
        if term in terms:
            ids += range(start, start + size)
            names += [term] if size == 1 else [f"{term}.{column}" for column in range(size)]
        start += size
    return Selection(np.array(ids, dtype=np.intp), tuple(names))
