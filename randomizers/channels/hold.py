"""Hold: the base of effects that give an old value in place of a new one."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np

from randomizers.channels.effect import ALL, Effect, Rows


class Hold(Effect):
    """Wherever it blocks, columns of the observation stay as they last came out."""

    def prepare(self) -> None:
        self.memory["last"] = np.zeros((self.site.n, self.site.target.observed))

    def restart(self, rows: Rows, signal: np.ndarray, normals: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
        self.memory["last"][rows] = signal
        return signal

    def apply(self, signal: np.ndarray, normals: np.ndarray, uniforms: np.ndarray, rows: Rows = ALL) -> np.ndarray:
        last = self.memory["last"]
        np.copyto(last, signal, where=~self.blocked(uniforms))
        return last.copy()

    @abstractmethod
    def blocked(self, uniforms: np.ndarray) -> np.ndarray:
        """Which columns (n, p) of the step keep their value, or (n, 1) for all alike; called once a step."""

    def of_columns(self, sensors: np.ndarray) -> np.ndarray:
        """What holds for sensors (n, s), for the columns (n, p) that they deliver."""
        return sensors.take(self.site.target.sensor_of_column, axis=1)
