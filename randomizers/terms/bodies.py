"""Terms of bodies' masses and of how these are spread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from randomizers.target import Selection, Target
from randomizers.term import Term
from randomizers.terms.moments import scale_spread, violates_triangle
from randomizers.terms.size import shapes_inertia


class Mass(Term):
    """Mass of bodies, kg. The inertia follows in proportion: the same shape, denser or lighter."""

    kind = "mass"
    unit = "kg"
    selects = "body"
    fields = ("body_mass", "body_inertia")
    recompute = True
    operations = ("scale", "set")
    above_lowest = True

    def check(self, target: Target, selection: Selection) -> None:
        _check_massive(self, target, selection)
        super().check(target, selection)

    def current(self, target: Target, selection: Selection) -> np.ndarray:
        return target.model.body_mass[selection.ids, None]

    def apply_elements(
        self, target: Target, selection: Selection, fields: Mapping[str, np.ndarray], values: np.ndarray
    ) -> None:
        factor = values if self.operation == "scale" else values / self.current(target, selection)
        mass, ids = fields["body_mass"], selection.ids
        mass[:, ids] = self.operate(mass[:, ids], values[..., 0])
        fields["body_inertia"][:, ids] *= factor


class Inertia(Term):
    """The three principal moments of inertia of bodies, kg m^2, a factor for each, x, y, z along the axes of the inertial
    frame. The mass stays.

    No moment of a real body exceeds the sum of the other two. A range whose draws could break this is refused; for slender
    bodies it hardly leaves anything, where kind `mass_spread` keeps to it whatever the factors.
    """

    kind = "inertia"
    unit = "kg m^2"
    selects = "body"
    fields = ("body_inertia",)
    recompute = True
    operations = ("scale",)
    parts = ("x", "y", "z")
    above_lowest = True

    def check(self, target: Target, selection: Selection) -> None:
        _check_massive(self, target, selection)
        ranges = [self.distribution.bounds] + ([] if self.unseen is None else [self.unseen.bounds])
        for body, name in zip(selection.ids, selection.names, strict=True):
            moments = target.model.body_inertia[body]
            for low, high in ranges:
                # One moment at its largest while the others are at their smallest.
                if any(violates_triangle(np.where(np.eye(3)[axis], high, low) * moments) for axis in range(3)):
                    raise self.refuse(
                        name,
                        f"factors from {low:g} to {high:g}, each on its own, can make one of its moments "
                        f"{_listed(moments)} kg m^2 exceed the sum of the other two; narrow the range, or use kind "
                        f"mass_spread",
                    )

    def check_beside(self, target: Target, selection: Selection, others: Sequence[tuple[Term, Selection]]) -> None:
        super().check_beside(target, selection, others)
        for other, elsewhere in others:
            if isinstance(other, Inertia | MassSpread):
                bodies = {int(body) for body in elsewhere.ids}
            else:
                bodies = shapes_inertia(other, target, elsewhere)
            for body, name in zip(selection.ids, selection.names, strict=True):
                if int(body) in bodies:
                    raise self.refuse(
                        name, f"term {other.name!r} changes the proportions of its moments too; use kind mass_spread"
                    )

    def current(self, target: Target, selection: Selection) -> np.ndarray:
        return target.model.body_inertia[selection.ids]

    def apply_elements(
        self, target: Target, selection: Selection, fields: Mapping[str, np.ndarray], values: np.ndarray
    ) -> None:
        rows, ids = fields["body_inertia"], selection.ids
        rows[:, ids] *= values
        broken = violates_triangle(rows[:, ids])
        if broken.any():
            world, element = np.argwhere(broken)[0]
            raise self.refuse(
                selection.names[element],
                f"of its moments {_listed(rows[world, ids[element]])} kg m^2 in a given world one exceeds the sum of the "
                f"other two",
            )


class MassSpread(Term):
    """How far the mass of bodies is spread along each principal axis: a factor on the integral of x^2 dm, of y^2 dm and of
    z^2 dm about the center of mass, from which the moments of inertia, kg m^2, follow. The mass stays.

    Whatever the factors, the moments are those of a real body (Wensing et al. 2018, arXiv 1701.04395).
    """

    kind = "mass_spread"
    unit = "kg m^2"
    selects = "body"
    fields = ("body_inertia",)
    recompute = True
    operations = ("scale",)
    parts = ("x", "y", "z")
    above_lowest = True

    def check(self, target: Target, selection: Selection) -> None:
        _check_massive(self, target, selection)

    def current(self, target: Target, selection: Selection) -> np.ndarray:
        moments = target.model.body_inertia[selection.ids]
        return moments.sum(axis=1, keepdims=True) / 2 - moments

    def apply_elements(
        self, target: Target, selection: Selection, fields: Mapping[str, np.ndarray], values: np.ndarray
    ) -> None:
        rows, ids = fields["body_inertia"], selection.ids
        rows[:, ids] = scale_spread(rows[:, ids], values)


class CenterOfMass(Term):
    """Offset of the center of mass of bodies, m, along each axis of the body's own frame. Mass and moments of inertia about
    it stay.

    MuJoCo compiles a body that moves freely about its center of mass as one of diagonal inertia, which cannot be undone
    in a compiled model. Such a body is refused; in MJCF, simple="false" keeps it from being one.

    The boxes of MuJoCo's collision trees are fixed to the inertial frame and shared by all worlds, so the body's margin,
    which these tests and no contact use, grows by the offset.
    """

    kind = "center_of_mass"
    unit = "m"
    selects = "body"
    fields = ("body_ipos", "body_margin")
    recompute = True
    operations = ("add",)
    parts = ("x", "y", "z")

    def check(self, target: Target, selection: Selection) -> None:
        _check_massive(self, target, selection)
        for body, name in zip(selection.ids, selection.names, strict=True):
            if target.model.body_simple[body]:
                raise self.refuse(
                    name,
                    'it is compiled with a diagonal inertia; give the body the attribute simple="false" in its MJCF',
                )

    def apply_elements(
        self, target: Target, selection: Selection, fields: Mapping[str, np.ndarray], values: np.ndarray
    ) -> None:
        fields["body_ipos"][:, selection.ids] += values
        fields["body_margin"][:, selection.ids] += np.linalg.norm(values, axis=-1)


def _check_massive(term: Term, target: Target, selection: Selection) -> None:
    for body, name in zip(selection.ids, selection.names, strict=True):
        if target.model.body_mass[body] <= 0:
            raise term.refuse(name, "it has no mass")


def _listed(moments: np.ndarray) -> str:
    return ", ".join(f"{moment:.3g}" for moment in moments)
