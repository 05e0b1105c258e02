"""Sensors that are plugged in wrongly, or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import numpy as np

from randomizers.channels.effect import ALL, Effect, Rows
from randomizers.channels.sensor_term import SensorTerm, WholeTerm
from randomizers.settings import Setting
from randomizers.target import Selection, Target


class SwappedSensors(WholeTerm, SensorTerm):
    """Which two sensors are exchanged: 0 for none, otherwise the number of the pair among all pairs of the sensors that it
    acts on, counted 1st and 2nd, 1st and 3rd, ..., 2nd and 3rd, and so on. They must deliver the same, such as joints."""

    kind = "swapped_sensors"
    unit = "1"
    fields = ("swapped_sensors",)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._one_of("each", ("world",))

    def check(self, target: Target, selection: Selection) -> None:
        delivered = [[target.term_of_column[i] for i in _columns_of(target, sensor)] for sensor in selection.ids]
        for name, terms in zip(selection.names, delivered, strict=True):
            if terms != delivered[0]:
                raise self.refuse(
                    name, f"it delivers {', '.join(terms)} and {selection.names[0]!r} {', '.join(delivered[0])}"
                )
        if self.distribution.bounds[1] > len(self._pairs(target, selection)) - 1:
            raise self.error(f"{self.distribution!r} exceeds the {self._available(target, selection)}")
        super().check(target, selection)

    def _available(self, target: Target, selection: Selection) -> str:
        return f"{len(self._pairs(target, selection)) - 1} pairs of {', '.join(selection.names)}"

    def _pairs(self, target: Target, selection: Selection) -> np.ndarray:
        """For every number that it takes, how many columns farther each column (p,) is to read."""
        pairs = list(combinations(selection.ids, 2))
        shifts = np.zeros((len(pairs) + 1, target.observed), np.int64)
        for shift, (first, second) in zip(shifts[1:], pairs, strict=True):
            one, other = _columns_of(target, first), _columns_of(target, second)
            shift[one], shift[other] = other - one, one - other
        return shifts

    def apply_elements(
        self, target: Target, selection: Selection, fields: Mapping[str, np.ndarray], values: np.ndarray
    ) -> None:
        pairs, chosen = self._pairs(target, selection), values[:, 0, 0].astype(np.int64)
        if chosen.size and chosen.max() >= len(pairs):
            raise self.error(f"{chosen.max()} exceeds the {self._available(target, selection)}")
        fields["swapped_sensors"] += pairs[chosen]


def _columns_of(target: Target, sensor: int) -> np.ndarray:
    return np.flatnonzero(target.sensor_of_column == sensor)


class SwapSensors(Effect):
    """Columns read others."""

    settings = {"swapped_sensors": Setting("observation", dtype=np.int64)}

    def find_work(self) -> None:
        super().find_work()
        self._columns = np.arange(self.site.target.observed) + self.rows["swapped_sensors"]

    def apply(self, signal: np.ndarray, normals: np.ndarray, uniforms: np.ndarray, rows: Rows = ALL) -> np.ndarray:
        return np.take_along_axis(signal, self._columns[rows], axis=1)


class MissingSensor(WholeTerm, SensorTerm):
    """Whether a sensor is missing (1) or not (0): all that it delivers then reads 0 in its own unit."""

    kind = "missing_sensor"
    unit = "1"
    fields = ("missing_sensor",)
    highest = 1
    default_each = "element"


class SilenceSensors(Effect):
    """Columns read 0."""

    settings = {"missing_sensor": Setting("sensor", dtype=np.int64)}

    def find_work(self) -> None:
        super().find_work()
        self._missing = self.rows["missing_sensor"][:, self.site.target.sensor_of_column] > 0

    def apply(self, signal: np.ndarray, normals: np.ndarray, uniforms: np.ndarray, rows: Rows = ALL) -> np.ndarray:
        return np.where(self._missing[rows], 0.0, signal)
