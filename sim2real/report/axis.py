"""Axis: a range of numbers along one side of a plot, and its ticks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

import numpy as np

from sim2real.report.numbers import PREFIXES, fixed

STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
MARGIN = 0.04
"""Share of the range that is left free on both sides."""


@dataclass(frozen=True)
class Axis:
    """From `low` to `high`, which differ."""

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]
    """Where ticks stand, and what they say."""
    label: str = ""

    @classmethod
    def around(
        cls, values: Iterable[float | np.ndarray], label: str = "", ticks: int = 5, margin: float = MARGIN
    ) -> Axis:
        """An axis that holds all the finite values, with about so many ticks at round numbers."""
        every = np.concatenate([np.ravel(np.asarray(value, dtype=np.float64)) for value in values])
        every = every[np.isfinite(every)]
        low, high = (float(every.min()), float(every.max())) if every.size else (0.0, 1.0)
        if high - low <= 1e-9 * max(abs(low), abs(high)):
            low, high = (low - abs(low) / 10, high + abs(high) / 10) if low else (0.0, 1.0)
        free = margin * (high - low)
        return cls(low - free, high + free, round_ticks(low - free, high + free, ticks), label)

    @classmethod
    def of_names(cls, names: Sequence[str]) -> Axis:
        """An axis of named rows: 0 at the top, 1 below, and so on."""
        return cls(len(names) - 0.5, -0.5, tuple((float(i), name) for i, name in enumerate(names)))

    def place(self, values: float | np.ndarray) -> np.ndarray:
        """Where the values lie: 0 at `low`, 1 at `high`."""
        return (np.asarray(values, dtype=np.float64) - self.low) / (self.high - self.low)


def round_ticks(low: float, high: float, wanted: int) -> tuple[tuple[float, str], ...]:
    """About so many round numbers between `low` and `high`, and how they are written."""
    rough = (high - low) / wanted
    power = 10.0 ** floor(log10(rough))
    step = next(s * power for s in STEPS if s * power >= rough * (1 - 1e-9))
    values = [i * step for i in range(ceil(low / step - 1e-9), floor(high / step + 1e-9) + 1)]
    largest = max((abs(value) for value in values), default=0.0)
    size, prefix = next(((s, p) for s, p in PREFIXES if largest >= s and largest >= 1e4), (1.0, ""))
    places = _places(step / size)
    return tuple((value, fixed(value / size, places) + (f" {prefix}" if prefix and value else "")) for value in values)


def _places(step: float) -> int:
    """Decimals that a step needs."""
    exact = max(0, -floor(log10(step) + 1e-9))
    return exact if abs(round(step, exact) - step) < 1e-6 * step else exact + 1
