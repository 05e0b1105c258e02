"""Sensors whose values arrive late."""

from __future__ import annotations

import numpy as np

from randomizers.channels.effect import ALL, Effect, Rows
from randomizers.channels.sensor_term import WholeTerm
from randomizers.channels.setting_term import ObservationTerm
from randomizers.settings import Setting

LONGEST_DELAY = 16
"""Most control steps that an observation may be late."""


class ObservationDelay(WholeTerm, ObservationTerm):
    """How late observation terms arrive, in whole control steps."""

    kind = "observation_delay"
    unit = "control steps"
    whole = "control steps"
    fields = ("observation_delay",)
    highest = LONGEST_DELAY


class DelayObservation(Effect):
    """A delay line of whole control steps, each column its own."""

    settings = {"observation_delay": Setting("observation", dtype=np.int64)}

    def prepare(self) -> None:
        n, columns = self.site.n, self.site.target.observed
        self.memory["line"] = np.zeros((LONGEST_DELAY + 1, n, columns))
        self.memory["head"] = np.array(0)
        self._cells = np.arange(n * columns).reshape(n, columns)

    def restart(self, rows: Rows, signal: np.ndarray, normals: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
        self.memory["line"][:, rows] = signal
        return signal

    def apply(self, signal: np.ndarray, normals: np.ndarray, uniforms: np.ndarray, rows: Rows = ALL) -> np.ndarray:
        line, head = self.memory["line"], self.memory["head"]
        head[...] = (head + 1) % len(line)
        line[head] = signal
        return line.take((head - self.rows["observation_delay"]) % len(line) * signal.size + self._cells)
