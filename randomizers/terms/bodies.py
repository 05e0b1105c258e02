"""Terms of bodies."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from randomizers.target import Selection, Target
from randomizers.term import Term


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
        for body, name in zip(selection.ids, selection.names, strict=True):
            if target.model.body_mass[body] <= 0:
                raise self.refuse(name, "it has no mass")
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
