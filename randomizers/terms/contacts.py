"""Terms of contacts between geoms."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from randomizers.target import Selection, Target
from randomizers.term import Term


class Friction(Term):
    """Contact friction of geoms, dimensionless. "scale" scales sliding, spinning and rolling friction alike; "set" sets
    the sliding one.

    A contact takes, coordinate by coordinate, the larger friction of its two geoms (unless one has the higher
    priority), so a lower friction shows only where both sides have it. Contacts of explicit pairs have a friction of
    their own.
    """

    kind = "friction"
    unit = "1"
    selects = "geom"
    fields = ("geom_friction",)
    operations = ("scale", "set")

    def current(self, target: Target, selection: Selection) -> np.ndarray:
        return target.model.geom_friction[selection.ids, :1]

    def apply_elements(
        self, target: Target, selection: Selection, fields: Mapping[str, np.ndarray], values: np.ndarray
    ) -> None:
        friction, ids = fields["geom_friction"], selection.ids
        if self.operation == "scale":
            friction[:, ids] *= values
        else:
            friction[:, ids, 0] = values[..., 0]
