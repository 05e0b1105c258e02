"""LookTerm, LookSettingTerm: terms of numbers that there are for each camera, light, material or texture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from randomizers.distributions import Distribution
from randomizers.target import Selection, Target
from randomizers.term import Term
from randomizers.visual_fields import nominal_visual_row


class LookTerm(Term):
    """As many numbers as it has parts, the first of each element's in the first of its fields.

    `highest` binds what is set; what is scaled or moved beyond it stops there.
    """

    operations: ClassVar[tuple[str, ...]] = ("set", "scale", "add")
    default_each = "element"

    def _check_range(self, what: str, low: float, high: float) -> None:
        super()._check_range(what, low, min(high, self.highest) if self.operation == "scale" else high)

    def current(self, target: Target, selection: Selection) -> np.ndarray:
        row = nominal_visual_row(target, self.fields[0])[selection.ids]
        return row.reshape(len(row), -1)[:, : len(self.parts)].astype(np.float64)

    def apply_elements(
        self, target: Target, selection: Selection, fields: Mapping[str, np.ndarray], values: np.ndarray
    ) -> None:
        rows, ids = fields[self.fields[0]], selection.ids
        spread = rows.reshape(*rows.shape[:2], -1)
        present = spread[:, ids, : len(self.parts)]
        changed = self.operate(present, values)
        spread[:, ids, : len(self.parts)] = changed.clip(self.lowest, np.maximum(present, self.highest))


class LookSettingTerm(Term):
    """The one visual setting that `fields` names; its numbers are the values themselves."""

    unit = "1"
    operations: ClassVar[tuple[str, ...]] = ("set",)

    def current(self, target: Target, selection: Selection) -> np.ndarray:
        return nominal_visual_row(target, self.fields[0])[selection.ids].reshape(len(selection.ids), -1)

    def apply_elements(
        self, target: Target, selection: Selection, fields: Mapping[str, np.ndarray], values: np.ndarray
    ) -> None:
        rows = fields[self.fields[0]]
        rows[:, selection.ids] = values.reshape(*values.shape[:2], *rows.shape[2:])


def check_choice(term: Term, what: str, distribution: Distribution, choices: str) -> None:
    """Raises WorldsError unless the distribution yields whole numbers alone, from finitely many."""
    for leaf in distribution.leaves:
        if leaf.atoms is None or any(value % 1 for value in leaf.atoms):
            raise term.error(f"{what} must be a Choice of {choices}, got {distribution!r}")
