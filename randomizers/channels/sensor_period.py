"""Sensors slower than the control rate."""

from __future__ import annotations

import numpy as np

from randomizers.channels.effect import Rows
from randomizers.channels.hold import Hold
from randomizers.channels.sensor_term import SensorTerm, WholeTerm
from randomizers.settings import Setting


class SensorPeriod(WholeTerm, SensorTerm):
    """Control steps from one sample of a sensor to the next; in between it gives the last. When in that time the first
    sample falls is drawn at every episode, for each sensor; at its start all have just sampled."""

    kind = "sensor_period"
    unit = "control steps"
    whole = "control steps"
    fields = ("sensor_period",)
    lowest = 1


class SampleAndHold(Hold):
    """Takes every so many values and gives each until the next."""

    settings = {"sensor_period": Setting("sensor", nominal=1, dtype=np.int64)}
    uniforms = ("sensor", 1)

    def prepare(self) -> None:
        super().prepare()
        self.memory["left"] = np.full((self.site.n, len(self.site.target.sensor_names)), _UNDRAWN)

    def restart(self, rows: Rows, signal: np.ndarray, normals: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
        self.memory["left"][rows] = _UNDRAWN
        return super().restart(rows, signal, normals, uniforms)

    def blocked(self, uniforms: np.ndarray) -> np.ndarray:
        left, period = self.memory["left"], self.rows["sensor_period"]
        fresh = left == _UNDRAWN
        if fresh.any():
            np.copyto(left, (uniforms.astype(np.float64) * period).astype(np.int64), where=fresh)
        waiting = left > 0
        left[...] = np.where(waiting, left, period) - 1
        return self.of_columns(waiting)


_UNDRAWN = -1
"""Steps left until the next sample, of a sensor whose episode has just begun."""
