"""Terms of what the whole world has one of: gravity, the medium, the time step."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from randomizers.target import Selection, Target
from randomizers.term import Term


class Gravity(Term):
    """Offset of each coordinate of gravity, m/s^2."""

    kind = "gravity"
    unit = "m/s^2"
    selects = None
    fields = ("gravity",)
    operations = ("add",)
    parts = ("x", "y", "z")

    def apply_elements(
        self, target: Target, selection: Selection, fields: Mapping[str, np.ndarray], values: np.ndarray
    ) -> None:
        fields["gravity"] += values[:, 0]
