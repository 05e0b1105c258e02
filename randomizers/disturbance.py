"""Terms of the random force on a body (arXiv 1808.00177)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from randomizers.target import Selection, Target
from randomizers.term import Term


class _ForceTerm(Term):
    """A setting of the force channel, which pushes one body."""

    selects = "body"
    operations = ("set",)

    def check(self, target: Target, selection: Selection) -> None:
        if len(selection.names) > 1:
            raise self.refuse(", ".join(selection.names), "one body is pushed; name a single one")
        if target.model.body_mass[selection.ids[0]] <= 0:
            raise self.refuse(selection.names[0], "it has no mass")

    def current(self, target: Target, selection: Selection) -> np.ndarray:
        return np.zeros((1, 1))

    def apply_elements(
        self, target: Target, selection: Selection, fields: Mapping[str, np.ndarray], values: np.ndarray
    ) -> None:
        fields[self.fields[0]][:] = values[:, 0, 0]


class ForceProbability(_ForceTerm):
    """Probability that a control step brings a new force."""

    kind = "force_probability"
    unit = "1/control step"
    fields = ("force_probability",)
    highest = 1.0
    partner = "force_acceleration"


class ForceAcceleration(_ForceTerm):
    """Standard deviation of each coordinate of a new force, as the acceleration of the body, m/s^2."""

    kind = "force_acceleration"
    unit = "m/s^2"
    fields = ("force_scale",)
    partner = "force_probability"
