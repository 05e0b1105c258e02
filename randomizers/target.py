"""Target: what the terms of a distribution can act on."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any

import mujoco
import numpy as np

from randomizers.errors import WorldsError
from randomizers.inside import inside
from randomizers.joint_types import joint_type

VISUAL_KINDS = ("camera", "light", "material", "texture")
"""What name patterns can select in the visual model."""
KINDS = ("body", "geom", "joint", "actuator", "tendon", "observation", "sensor", *VISUAL_KINDS)
"""What name patterns can select."""
BACKGROUND = "background"
"""The role of all that has no other: the world's own geoms, bodies without a role, and the sky."""

_PLURALS = {"body": "bodies"}


@dataclass(frozen=True, eq=False)
class Target:
    """A nominal model and the observation terms that its policy is given."""

    model: mujoco.MjModel
    """The nominal model; a copy of what was given, never written to."""
    name: str
    """What errors call it, such as the task's name."""
    observations: Mapping[str, int] = field(default_factory=dict)
    """Size of each observation term of the policy that is sensed, in the order they are concatenated."""
    units: Mapping[str, str] = field(default_factory=dict)
    """Unit of each observation term; "1" where none is given."""
    roles: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Parts of the model by what they are, such as "object" and "robot": the bodies that each is rooted in. The pattern
    `@object` stands for all elements there: those bodies and all below them that have a mass, their geoms and joints, and
    the tendons and actuators that move these joints; in the visual model the cameras and lights there, and the materials
    and textures that geoms there wear. `@background` stands for what is in no role. So one file of worlds fits many
    models."""
    visual: mujoco.MjModel | Callable[[], mujoco.MjModel] | None = None
    """The model as it is looked at, with cameras, lights, materials and textures, or a function that compiles it, called
    when a term first asks. Its bodies have the names of those of `model`. None where nothing is looked at."""
    sensors: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """By observation term, the sensor that delivers each of its columns; a term left out here is one sensor of its own
    name. What one sensor delivers, in whatever terms, is late, held and missing together."""
    markers: Sequence[str] = ()
    """The sensors that are markers: a tracker sees them while nothing is in the way."""
    accepts: Callable[[Any], None] | None = None
    """What else a file's `WorldDistribution` must fulfil to be loaded for it; raises WorldsError about the term at fault."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "model", copy.copy(self.model))
        for name, size in self.observations.items():
            if size < 1:
                raise WorldsError(
                    f"observation term {name!r} of {self.name!r} must have a size of at least 1, got {size!r}"
                )
        for name, delivered_by in self.sensors.items():
            if len(delivered_by) != self.observations.get(name, 0):
                raise WorldsError(
                    f"sensors of {name!r}: given {len(delivered_by)} for the {self.observations.get(name, 0)} columns "
                    f"it has in {self.name!r}; observation terms: {', '.join(self.observations) or 'none'}"
                )
        for marker in self.markers:
            if marker not in self.sensor_names:
                raise WorldsError(f"no sensor {marker!r} in {self.name!r}; sensors: {', '.join(self.sensor_names)}")

    def check(self, distribution: Any) -> None:
        """Raises WorldsError where a `WorldDistribution` does not fulfil what `accepts` asks for."""
        if self.accepts is not None:
            self.accepts(distribution)

    @property
    def actions(self) -> int:
        """Number of controls."""
        return self.model.nu

    @property
    def observed(self) -> int:
        """Length of the policy's observation."""
        return sum(self.observations.values())

    @cached_property
    def _delivered_by(self) -> list[str]:
        """The sensor of every column of the observation."""
        terms = self.observations.items()
        return [sensor for term, size in terms for sensor in self.sensors.get(term, (term,) * size)]

    @cached_property
    def sensor_names(self) -> tuple[str, ...]:
        """Every sensor once, in the order of the columns that they deliver."""
        return tuple(dict.fromkeys(self._delivered_by))

    @cached_property
    def sensor_of_column(self) -> np.ndarray:
        """Index (p,) into `sensor_names` of the sensor that delivers each column of the observation."""
        return np.array([self.sensor_names.index(name) for name in self._delivered_by], np.intp)

    @cached_property
    def term_of_column(self) -> tuple[str, ...]:
        """The observation term that each column (p,) belongs to."""
        return tuple(term for term, size in self.observations.items() for _ in range(size))

    @cached_property
    def visual_model(self) -> mujoco.MjModel:
        """What terms of pictures act on; never written to. Raises WorldsError where there is none."""
        if self.visual is None:
            raise WorldsError(f"{self.name!r} has no visual model: nothing of it is looked at")
        return self.visual() if callable(self.visual) else self.visual

    @cached_property
    def _ids(self) -> dict[str, dict[str, int]]:
        model = self.model
        return {
            # The world body is left out: it has nothing to randomize and would match every '*'.
            "body": _by_name("body", ((i, model.body(i).name) for i in range(1, model.nbody))),
            "geom": _by_name("geom", ((i, model.geom(i).name) for i in range(model.ngeom))),
            "joint": _by_name("joint", ((i, model.joint(i).name) for i in range(model.njnt))),
            "actuator": _by_name("actuator", ((i, model.actuator(i).name) for i in range(model.nactuator))),
            "tendon": _by_name("tendon", ((i, model.tendon(i).name) for i in range(model.ntendon))),
            "observation": {name: i for i, name in enumerate(self.observations)},
            "sensor": {name: i for i, name in enumerate(self.sensor_names)},
        }

    @cached_property
    def _visual_ids(self) -> dict[str, dict[str, int]]:
        model = self.visual_model
        return {
            "camera": _by_name("camera", ((i, model.camera(i).name) for i in range(model.ncam))),
            "light": _by_name("light", ((i, model.light(i).name) for i in range(model.nlight))),
            "material": _by_name("material", ((i, model.mat(i).name) for i in range(model.nmat))),
            "texture": _by_name("texture", ((i, model.tex(i).name) for i in range(model.ntex))),
        }

    def _ids_of(self, kind: str) -> dict[str, int]:
        return (self._visual_ids if kind in VISUAL_KINDS else self._ids)[kind]

    def names(self, kind: str) -> tuple[str, ...]:
        """Names of its elements of one of `KINDS`, but for the world's. What has no name is called by its number in the model,
        such as `geom3`."""
        return tuple(self._ids_of(kind))

    def id(self, kind: str, name: str) -> int:
        """Index of a named element in the model (for an observation term: in `observations`)."""
        return self._ids_of(kind)[name]

    def names_of_role(self, kind: str, role: str) -> tuple[str, ...]:
        """Names of the elements of that kind in the part of the model that has the role. Raises WorldsError for a role
        that it does not have, and for observation terms, which have none."""
        if role not in self.roles and role != BACKGROUND:
            raise WorldsError(f"{self.name!r} has no role {role!r}; roles: {', '.join((*self.roles, BACKGROUND))}")
        if kind in ("observation", "sensor"):
            raise WorldsError(f"observation terms have no roles, got '@{role}'; give their names")
        model = self.visual_model if kind in VISUAL_KINDS else self.model
        found = inside(kind, model, bodies_of(model, self.roles, role))
        return tuple(name for name, i in self._ids_of(kind).items() if i in found)

    def unit_of_observation(self, names: Sequence[str]) -> str:
        """The unit of observation terms or columns of them. Raises WorldsError where they have several."""
        units = {self.units.get(name.split(".")[0], "1") for name in names}
        if len(units) > 1:
            raise WorldsError(
                f"{', '.join(names)} have different units: {', '.join(sorted(units))}; write one term for each"
            )
        return units.pop()

    def unit_of_control(self, actuators: np.ndarray) -> str:
        """Unit of the controls of these actuators: "rad" for position servos of hinges and of tendons over hinges, "m" for
        those of slides and of other tendons; "control" for others, or several kinds together."""
        units = {_control_unit(self.model, actuator) for actuator in actuators}
        return units.pop() if len(units) == 1 else "control"


def _by_name(kind: str, elements: Iterable[tuple[int, str]]) -> dict[str, int]:
    """Index of each element of a model by its name, or by its number where it has none."""
    listed = list(elements)
    taken = {name for _, name in listed}
    ids = {}
    for i, name in listed:
        called = name or f"{kind}{i}"
        while not name and called in taken:
            called += "_"
        ids[called] = i
    return ids


def _sensors_matching(target: Target, pattern: str) -> list[str]:
    columns = zip(target._delivered_by, target.term_of_column, strict=True)
    return [sensor for sensor, term in columns if fnmatchcase(sensor, pattern) or fnmatchcase(term, pattern)]


def bodies_of(model: mujoco.MjModel, roles: Mapping[str, Sequence[str]], role: str) -> set[int]:
    """Indices of the bodies of a model that have the role."""
    if role not in roles:
        return set(range(model.nbody)).difference(*(bodies_of(model, roles, other) for other in roles))
    found = {model.body(name).id for name in roles[role]}
    # A parent comes before its children.
    for body in range(1, model.nbody):
        if model.body_parentid[body] in found:
            found.add(body)
    return found


def _control_unit(model: mujoco.MjModel, actuator: int) -> str:
    if model.actuator_biasprm[actuator, 1] == 0:
        return "control"
    return {"hinge": "rad", "slide": "m", None: "control"}[joint_type("actuator", model, int(actuator))]


@dataclass(frozen=True, eq=False)
class Selection:
    """Elements that patterns matched, in the target's order and each once."""

    ids: np.ndarray
    """Indices (m,): of model elements; of columns of the policy's observation where observation terms were selected."""
    names: tuple[str, ...]
    """Name of each; of a column of an observation term larger than 1: `term.column`."""


def select(target: Target, kind: str, patterns: str | Sequence[str], only: str = "") -> Selection:
    """Elements of one kind of `KINDS` whose names match a shell-style pattern, or which have the role of `@role`; of
    sensors also those that deliver an observation term which matches. Of joints and actuators `only` those of one of
    `JOINT_TYPES`, if given.

    Raises WorldsError where a pattern matches nothing.
    """
    available = target.names(kind)
    fitting = [name for name in available if not only or joint_type(kind, target.model, target.id(kind, name)) == only]
    matched: set[str] = set()
    for pattern in (patterns,) if isinstance(patterns, str) else patterns:
        if pattern.startswith("@"):
            hits = list(target.names_of_role(kind, pattern[1:]))
        elif kind == "sensor":
            hits = _sensors_matching(target, pattern)
        else:
            hits = [name for name in available if fnmatchcase(name, pattern)]
        if not hits:
            raise WorldsError(f"pattern {pattern!r} matched no {_listing(target, kind, available)}")
        hits = [name for name in hits if name in fitting]
        if not hits:
            raise WorldsError(f"pattern {pattern!r} matched no {_listing(target, f'{only} {kind}', fitting)}")
        matched.update(hits)
    names = tuple(name for name in available if name in matched)
    if kind == "observation":
        return _columns(target, names)
    return Selection(np.array([target.id(kind, name) for name in names], dtype=np.intp), names)


def _listing(target: Target, kind: str, available: Sequence[str]) -> str:
    return f"{kind} of {target.name!r}; {_PLURALS.get(kind, f'{kind}s')}: {', '.join(available) or 'none'}"


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
