"""What happens to the policy's observation on its way from the sensors. Units are those of the observation terms."""

from __future__ import annotations

import numpy as np

from randomizers.channels.effect import ALL, Effect, Rows
from randomizers.channels.setting_term import ObservationTerm
from randomizers.settings import Setting


class ObservationNoise(ObservationTerm):
    """Standard deviation of noise added to observation terms at every control step."""

    kind = "observation_noise"
    fields = ("observation_noise",)


class AddObservationNoise(Effect):
    """Additive noise, new at every control step."""

    settings = {"observation_noise": Setting("observation", dtype=np.float32)}
    normals = ("observation", 1)

    def apply(self, signal: np.ndarray, normals: np.ndarray, uniforms: np.ndarray, rows: Rows = ALL) -> np.ndarray:
        return signal + self.rows["observation_noise"][rows] * normals


class ObservationBias(ObservationTerm):
    """Offset of observation terms that stays for the whole trial or episode."""

    kind = "observation_bias"
    fields = ("observation_bias",)
    operations = ("add",)
    default_each = "element"


class AddObservationBias(Effect):
    """A constant offset."""

    settings = {"observation_bias": Setting("observation", dtype=np.float32)}

    def apply(self, signal: np.ndarray, normals: np.ndarray, uniforms: np.ndarray, rows: Rows = ALL) -> np.ndarray:
        return signal + self.rows["observation_bias"][rows]
