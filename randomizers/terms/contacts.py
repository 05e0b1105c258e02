"""Terms of contacts between geoms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from randomizers.target import Selection, Target
from randomizers.term import Term
from randomizers.terms.pairs import FRICTION, combined, follow, pairs_of


class _ContactTerm(Term):
    """Numbers of geoms from which MuJoCo makes those of a contact. Explicit contact pairs, which have numbers of their own,
    follow their two geoms: in proportion, where they are not simply those of the geoms, so that these cannot be set.
    """

    selects = "geom"
    operations = ("scale", "set")
    columns: ClassVar[tuple[int, ...]]
    """Columns of the geoms' field that its parts are; all of them share a single part."""

    def check(self, target: Target, selection: Selection) -> None:
        model, (field, paired) = target.model, self.fields
        mixed = combined(model, field, getattr(model, field)[None])[0]
        for geom, name in zip(selection.ids, selection.names, strict=True):
            self.check_geom(target, int(geom), name)
            for pair in pairs_of(model, int(geom)) if self.operation == "set" else ():
                differs = getattr(model, paired)[pair] != mixed[pair]
                if differs[[k for k in range(len(differs)) if self._source(k) in self.columns]].any():
                    other = model.geom(int(model.pair_geom1[pair] + model.pair_geom2[pair] - geom)).name
                    raise self.refuse(
                        name, f"its contact pair with {other!r} has a {self.kind} of its own; use operation: scale"
                    )
        super().check(target, selection)

    def check_geom(self, target: Target, geom: int, name: str) -> None:
        """Raises WorldsError for a geom that it cannot act on."""

    def _source(self, column: int) -> int:
        """The column of the geoms' field that one of the pairs' is of."""
        return FRICTION[column] if self.fields[0] == "geom_friction" else column

    def current(self, target: Target, selection: Selection) -> np.ndarray:
        return getattr(target.model, self.fields[0])[selection.ids][:, self.columns[: len(self.parts)]]

    def apply_elements(
        self, target: Target, selection: Selection, fields: Mapping[str, np.ndarray], values: np.ndarray
    ) -> None:
        field, paired = self.fields
        columns = (slice(None), selection.ids[:, None], np.array(self.columns))
        fields[field][columns] = self.operate(fields[field][columns], values)
        follow(target.model, field, fields[field], fields[paired])


class _FrictionTerm(_ContactTerm):
    fields = ("geom_friction", "pair_friction")
    sets: ClassVar[str | None] = "friction"


class Friction(_FrictionTerm):
    """Contact friction of geoms, dimensionless. "scale" scales sliding, spinning and rolling friction alike; "set" sets
    the sliding one.

    A contact takes, coordinate by coordinate, the larger friction of its two geoms (unless one has the higher
    priority), so a lower friction shows only where both sides have it.
    """

    kind = "friction"
    unit = "1"

    @property
    def columns(self) -> tuple[int, ...]:  # type: ignore[override]
        """All three coordinates, or the sliding one."""
        return (0, 1, 2) if self.operation == "scale" else (0,)


class SlidingFriction(_FrictionTerm):
    """Sliding friction of geoms, dimensionless: tangential over normal force at which a contact slides. Mixed as kind
    `friction` says.
    """

    kind = "sliding_friction"
    unit = "1"
    columns = (0,)


class SpinningFriction(_FrictionTerm):
    """Spinning (torsional) friction of geoms, m: torque about the contact's normal over the normal force. Contacts of condim
    4 and 6 have it. Mixed as kind `friction` says.
    """

    kind = "spinning_friction"
    unit = "m"
    sets = None
    columns = (1,)


class RollingFriction(_FrictionTerm):
    """Rolling friction of geoms, m: torque about the contact's tangents over the normal force. Contacts of condim 6 have it.
    Mixed as kind `friction` says.
    """

    kind = "rolling_friction"
    unit = "m"
    sets = None
    columns = (2,)


class _ReferenceTerm(_ContactTerm):
    fields = ("geom_solref", "pair_solref")
    above_lowest = True

    def check_geom(self, target: Target, geom: int, name: str) -> None:
        model = target.model
        if model.geom_solref[geom, 0] <= 0:
            raise self.refuse(name, "its contacts are given as stiffness and damping (negative solref)")
        for pair in pairs_of(model, geom):
            if model.pair_solref[pair, 0] <= 0:
                other = model.geom(int(model.pair_geom1[pair] + model.pair_geom2[pair] - geom)).name
                raise self.refuse(
                    name, f"its contact pair with {other!r} is given as stiffness and damping (negative solref)"
                )


class ContactTimeConstant(_ReferenceTerm):
    """Time constant in which contacts of geoms push an overlap apart, s (solref): longer is softer. A contact takes the mean
    of its two geoms'. MuJoCo goes no lower than two physics steps.
    """

    kind = "contact_time_constant"
    unit = "s"
    columns = (0,)


class ContactDampingRatio(_ReferenceTerm):
    """Damping ratio of contacts of geoms, dimensionless (solref): below 1 they bounce. A contact takes the mean of its two
    geoms'.
    """

    kind = "contact_damping_ratio"
    unit = "1"
    columns = (1,)


class ContactImpedance(_ContactTerm):
    """Impedance of contacts of geoms (solimp), dimensionless, between 0, which gives way, and 1, which is rigid: at first
    touch (dmin), and at an overlap of the contact's width (dmax). A contact takes the mean of its two geoms'.

    MuJoCo takes values below 0.0001 and above 0.9999 as these. A range that reaches 1 is refused.
    """

    kind = "contact_impedance"
    unit = "1"
    fields = ("geom_solimp", "pair_solimp")
    parts = ("dmin", "dmax")
    columns = (0, 1)

    def check_geom(self, target: Target, geom: int, name: str) -> None:
        low, high = self.distribution.bounds
        largest = self.operate(target.model.geom_solimp[geom, :2], np.array(high)).max()
        if largest >= 1:
            raise self.refuse(
                name, f"values from {low:g} to {high:g} bring its impedance to {largest:g}; it is below 1"
            )


class ContactWidth(_ContactTerm):
    """Overlap over which the impedance of contacts of geoms goes from its first to its last value, m (solimp). A contact
    takes the mean of its two geoms'.
    """

    kind = "contact_width"
    unit = "m"
    fields = ("geom_solimp", "pair_solimp")
    columns = (2,)
    above_lowest = True
