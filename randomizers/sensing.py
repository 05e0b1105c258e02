"""Terms of the channel that the policy's observation passes through. Their unit is that of the observation term."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from randomizers.target import Selection, Target
from randomizers.term import Term


class _ObservationTerm(Term):
    """A setting of the observation channel, one number per column."""

    unit = "observation"
    selects = "observation"

    def current(self, target: Target, selection: Selection) -> np.ndarray:
        return np.zeros((len(selection.names), 1))

    def apply_elements(
        self, target: Target, selection: Selection, fields: Mapping[str, np.ndarray], values: np.ndarray
    ) -> None:
        rows = fields[self.fields[0]]
        rows[:, selection.ids] = self.operate(rows[:, selection.ids], values[..., 0])


class ObservationNoise(_ObservationTerm):
    """Standard deviation of noise added to observation terms at every control step."""

    kind = "observation_noise"
    fields = ("observation_noise",)
    operations = ("set",)


class ObservationBias(_ObservationTerm):
    """Offset of observation terms that stays for the whole trial or episode."""

    kind = "observation_bias"
    fields = ("observation_bias",)
    operations = ("add",)
    default_each = "element"
