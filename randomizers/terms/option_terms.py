"""OptionTerm: terms of one number that the whole world has one of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from randomizers.target import Selection, Target
from randomizers.term import Term


class OptionTerm(Term):
    """One number of the model's options."""

    selects = None
    operations: ClassVar[tuple[str, ...]] = ("set", "scale")

    def current(self, target: Target, selection: Selection) -> np.ndarray:
        return np.array([[float(getattr(target.model.opt, self.fields[0]))]])

    def apply_elements(
        self, target: Target, selection: Selection, fields: Mapping[str, np.ndarray], values: np.ndarray
    ) -> None:
        rows = fields[self.fields[0]]
        rows[:] = self.operate(rows, values[:, 0, 0])
