"""Target: what the terms of a distribution can act on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property

import mujoco
import numpy as np

from randomizers.errors import WorldsError

KINDS = ("body", "geom", "joint", "actuator", "observation")
"""What name patterns can select."""

_PLURALS = {"body": "bodies"}


@dataclass(frozen=True, eq=False)
class Target:
    """A nominal model and the observation terms that its policy is given."""

    model: mujoco.MjModel
    """The nominal model; never written to."""
    name: str
    """What errors call it, such as the task's name."""
    observations: Mapping[str, int]
    """Size of each observation term of the policy, in the order they are concatenated."""

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
            "observation": [(name, i) for i, name in enumerate(self.observations)],
        }
        return {kind: {name: i for name, i in pairs if name} for kind, pairs in named.items()}

    def names(self, kind: str) -> tuple[str, ...]:
        """Names of its bodies, geoms, joints, actuators or observation terms; the unnamed and the world are left
        out.
        """
        return tuple(self._ids[kind])

    def id(self, kind: str, name: str) -> int:
        """Index of a named element in the model (for an observation term: in `observations`)."""
        return self._ids[kind][name]


@dataclass(frozen=True, eq=False)
class Selection:
    """Elements that patterns matched, in the target's order and each once."""

    ids: np.ndarray
    """Indices (m,): of model elements; of columns of the policy's observation where observation terms were selected."""
    names: tuple[str, ...]
    """Name of each; of a column of an observation term larger than 1: `term.column`."""


def select(target: Target, kind: str, patterns: str | Sequence[str]) -> Selection:
    """Elements of one kind ("body", "geom", "joint", "actuator", "observation") whose names match a shell-style
    pattern.

    Raises WorldsError where a pattern matches nothing.
    """
    available = target.names(kind)
    matched: set[str] = set()
    for pattern in (patterns,) if isinstance(patterns, str) else patterns:
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
