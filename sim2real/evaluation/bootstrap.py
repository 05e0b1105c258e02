"""Means with the uncertainty of a finite sample."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Interval:
    """A mean and its bootstrap 95 % confidence interval."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.mean:.3g} [{self.low:.3g}, {self.high:.3g}]"


def bootstrap_mean(values: np.ndarray, seed: int = 0, draws: int = 10_000) -> Interval:
    """Percentile bootstrap (Efron 1979) of the mean of values (m,), which must be independent of each other.

    Raises ValueError for an empty sample.
    """
    values = np.asarray(values, dtype=np.float64)
    if not values.size:
        raise ValueError("a mean needs at least one value")
    rng = np.random.default_rng(seed)
    means = np.empty(draws)
    for start in range(0, draws, 1000):
        part = means[start : start + 1000]
        part[:] = values[rng.integers(len(values), size=(len(part), len(values)))].mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return Interval(float(values.mean()), float(low), float(high))
