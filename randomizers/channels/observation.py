"""How what is measured differs from what is: gain, offset, noise, resolution. Units are those of the observation terms.

Three numbers of a rotation vector take offsets and noise as any others, by addition: for small ones that is a turn about
each axis by so much.
"""

from __future__ import annotations

import numpy as np

from randomizers.channels.effect import ALL, Effect, Rows
from randomizers.channels.setting_term import ObservationTerm
from randomizers.settings import Setting


class ObservationScale(ObservationTerm):
    """Gain error of observation terms, a factor about zero that stays for the whole trial or episode."""

    kind = "observation_scale"
    fields = ("observation_scale",)
    operations = ("scale",)
    default_each = "element"
    above_lowest = True


class ScaleObservation(Effect):
    """A constant factor."""

    settings = {"observation_scale": Setting("observation", nominal=1.0)}

    def apply(self, signal: np.ndarray, normals: np.ndarray, uniforms: np.ndarray, rows: Rows = ALL) -> np.ndarray:
        return signal * self.rows["observation_scale"][rows]


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


class ObservationQuantum(ObservationTerm):
    """Resolution of observation terms, such as an encoder's: values are rounded to multiples of it. 0: not rounded."""

    kind = "observation_quantum"
    fields = ("observation_quantum",)


class RoundObservation(Effect):
    """Rounds to the nearest multiple; halves to the even one."""

    settings = {"observation_quantum": Setting("observation")}

    def find_work(self) -> None:
        super().find_work()
        self._rounded = self.rows["observation_quantum"] > 0
        self._quantum = np.where(self._rounded, self.rows["observation_quantum"], 1.0)

    def apply(self, signal: np.ndarray, normals: np.ndarray, uniforms: np.ndarray, rows: Rows = ALL) -> np.ndarray:
        quantum = self._quantum[rows]
        return np.where(self._rounded[rows], np.rint(signal / quantum) * quantum, signal)
