"""ElementTerm, RangeTerm: terms of one number, or of two ends, that the model keeps for each element."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from randomizers.target import Selection, Target
from randomizers.term import Term

LEAST_RANGE = 0.01
"""Fraction of a nominal range that is left of it however its ends are moved."""


class ElementTerm(Term):
    """One number of each element, in the first of its fields."""

    operations = ("scale", "set")

    def current(self, target: Target, selection: Selection) -> np.ndarray:
        return getattr(target.model, self.fields[0])[selection.ids, None]

    def apply_elements(
        self, target: Target, selection: Selection, fields: Mapping[str, np.ndarray], values: np.ndarray
    ) -> None:
        rows, ids = fields[self.fields[0]], selection.ids
        rows[:, ids] = self.operate(rows[:, ids], values[..., 0])


class RangeTerm(Term):
    """Offsets of the lower and the upper end of each element's range, each end drawn on its own.

    Ends that would come closer than `LEAST_RANGE` of the nominal range stay that far apart around their middle.
    """

    operations = ("add",)
    default_each = "element"
    parts = ("low", "high")
    limited: ClassVar[str]
    """Model field that says which elements have a range."""

    def check(self, target: Target, selection: Selection) -> None:
        for element, name in zip(selection.ids, selection.names, strict=True):
            if not getattr(target.model, self.limited)[element]:
                raise self.refuse(name, "it is unlimited")

    def apply_elements(
        self, target: Target, selection: Selection, fields: Mapping[str, np.ndarray], values: np.ndarray
    ) -> None:
        rows, ids = fields[self.fields[0]], selection.ids
        ends = rows[:, ids] + values
        nominal = getattr(target.model, self.fields[0])[ids]
        least = LEAST_RANGE * (nominal[:, 1] - nominal[:, 0])
        apart = ends.mean(axis=-1, keepdims=True) + least[:, None] * np.array([-0.5, 0.5])
        close = ends[..., 1] - ends[..., 0] < least
        rows[:, ids] = np.where(close[..., None], apart, ends)
