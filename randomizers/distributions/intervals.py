"""Uniform and LogUniform: numbers spread evenly between two ends, or their logarithms."""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from randomizers.distributions.distribution import Distribution, number
from randomizers.errors import WorldsError


@dataclass(frozen=True)
class _Interval(Distribution):
    movable: ClassVar[bool] = True

    low: float
    """Lower end."""
    high: float
    """Upper end, at least `low`."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "low", number(self, "low", self.low))
        object.__setattr__(self, "high", number(self, "high", self.high))
        if self.low > self.high:
            raise WorldsError(f"{self!r}: low must not exceed high")

    @property
    def bounds(self) -> tuple[float, float]:
        return self.low, self.high

    def cdf(self, values: np.ndarray) -> np.ndarray:
        if self.low == self.high:
            return np.where(values < self.low, 0.0, 1.0)
        low, high = self.on_scale(self.low), self.on_scale(self.high)
        return (self.on_scale(np.clip(values, self.low, self.high)) - low) / (high - low)

    def quantile(self, shares: np.ndarray) -> np.ndarray:
        low, high = self.on_scale(self.low), self.on_scale(self.high)
        return np.clip(self.from_scale(low + shares * (high - low)), self.low, self.high)

    def within(self, low: float, high: float) -> Distribution:
        return type(self)(low, high)

    def times(self, factor: float) -> Distribution:
        return type(self)(factor * self.low, factor * self.high)

    def to_config(self) -> dict[str, Any]:
        return {self.key: [self.low, self.high]}


@dataclass(frozen=True)
class Uniform(_Interval):
    """Uniform on [low, high)."""

    key: ClassVar[str] = "uniform"

    def sample(self, rng: np.random.Generator, size: int | tuple[int, ...]) -> np.ndarray:
        return rng.uniform(self.low, self.high, size)


@dataclass(frozen=True)
class LogUniform(_Interval):
    """exp of a uniform on [log low, log high); low > 0."""

    key: ClassVar[str] = "log_uniform"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.low <= 0:
            raise WorldsError(f"{self!r}: low must be above 0")

    def on_scale(self, values: ArrayLike) -> np.ndarray:
        return np.log(values)

    def from_scale(self, places: ArrayLike) -> np.ndarray:
        return np.exp(places)

    def sample(self, rng: np.random.Generator, size: int | tuple[int, ...]) -> np.ndarray:
        # exp(log(x)) may leave the interval by a rounding.
        return np.clip(np.exp(rng.uniform(log(self.low), log(self.high), size)), self.low, self.high)
