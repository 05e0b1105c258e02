"""Offsets of sensors that change while a trial lasts."""

from __future__ import annotations

import numpy as np

from randomizers.channels.effect import ALL, Effect, Rows
from randomizers.channels.setting_term import ObservationTerm
from randomizers.errors import WorldsError
from randomizers.settings import Setting
from randomizers.target import Selection, Target

_PER_SECOND = {"rad/s": "rad/s^2", "m/s": "m/s^2"}


class _ChangingTerm(ObservationTerm):
    def observed_unit(self, target: Target, selection: Selection) -> str:
        """Unit of the columns that it acts on. Raises WorldsError where they have several."""
        try:
            return target.unit_of_observation(selection.names)
        except WorldsError as error:
            raise self.error(error.reason) from error


class ObservationDrift(_ChangingTerm):
    """Random walk of observation terms' offset: its standard deviation after one second, growing with the square root of
    time. It begins at 0 with the trial and goes on from episode to episode."""

    kind = "observation_drift"
    unit = "observation/sqrt(s)"
    fields = ("observation_drift",)

    def parameter_unit(self, target: Target, selection: Selection) -> str:
        return f"{self.observed_unit(target, selection)}/sqrt(s)"


class ObservationTrend(_ChangingTerm):
    """Steady drift of observation terms' offset. It begins at 0 with the trial and goes on from episode to episode."""

    kind = "observation_trend"
    unit = "observation/s"
    fields = ("observation_trend",)
    operations = ("add",)
    default_each = "element"

    def parameter_unit(self, target: Target, selection: Selection) -> str:
        unit = self.observed_unit(target, selection)
        return _PER_SECOND.get(unit, f"{unit}/s")


class Drift(Effect):
    """An offset that walks and creeps, as long as the trial lasts."""

    settings = {"observation_drift": Setting("observation"), "observation_trend": Setting("observation")}
    normals = ("observation", 1)

    def prepare(self) -> None:
        self.memory["offset"] = np.zeros((self.site.n, self.site.target.observed))

    def find_work(self) -> None:
        super().find_work()
        # What has drifted stays, even if it drifts no more in the trial's next episode.
        self.working |= bool(self.memory["offset"].any())
        period = self.site.period
        self._walk = self.rows["observation_drift"] * np.sqrt(period)
        self._creep = self.rows["observation_trend"] * period

    def begin(self, rows: Rows) -> None:
        self.memory["offset"][rows] = 0.0
        self.find_work()

    def restart(self, rows: Rows, signal: np.ndarray, normals: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
        return signal + self.memory["offset"][rows]

    def apply(self, signal: np.ndarray, normals: np.ndarray, uniforms: np.ndarray, rows: Rows = ALL) -> np.ndarray:
        offset = self.memory["offset"]
        offset += self._walk * normals
        offset += self._creep
        return signal + offset
