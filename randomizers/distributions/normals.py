"""Normal and TruncatedNormal."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import inf
from typing import Any, ClassVar

import numpy as np

from randomizers.distributions.distribution import Distribution, number
from randomizers.distributions.gaussian import SHARE, normal_cdf, normal_quantile
from randomizers.errors import WorldsError

NORMAL_SUPPORT = 3.0
"""Standard deviations either side of the mean that count as a normal's range."""


@dataclass(frozen=True)
class Normal(Distribution):
    """Gaussian."""

    key: ClassVar[str] = "normal"
    movable: ClassVar[bool] = True

    mean: float
    """Mean."""
    sd: float
    """Standard deviation, at least 0."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "mean", number(self, "mean", self.mean))
        object.__setattr__(self, "sd", number(self, "sd", self.sd, at_least=0.0))

    @property
    def bounds(self) -> tuple[float, float]:
        return self.mean - NORMAL_SUPPORT * self.sd, self.mean + NORMAL_SUPPORT * self.sd

    def sample(self, rng: np.random.Generator, size: int | tuple[int, ...]) -> np.ndarray:
        return rng.normal(self.mean, self.sd, size)

    def cdf(self, values: np.ndarray) -> np.ndarray:
        if self.sd == 0:
            return np.where(values < self.mean, 0.0, 1.0)
        return normal_cdf((values - self.mean) / self.sd)

    def quantile(self, shares: np.ndarray) -> np.ndarray:
        return self.mean + self.sd * normal_quantile(np.clip(shares, SHARE, 1.0 - SHARE))

    def within(self, low: float, high: float) -> Distribution:
        return TruncatedNormal(self.mean, self.sd, low, high)

    def times(self, factor: float) -> Distribution:
        return Normal(factor * self.mean, factor * self.sd)

    def to_config(self) -> dict[str, Any]:
        return {self.key: [self.mean, self.sd]}


@dataclass(frozen=True)
class TruncatedNormal(Distribution):
    """Gaussian given that it lies in [low, high]; what lies outside is drawn again, not moved to the ends."""

    key: ClassVar[str] = "truncated_normal"
    movable: ClassVar[bool] = True

    mean: float
    """Mean of the Gaussian; it may lie outside."""
    sd: float
    """Standard deviation of the Gaussian, above 0 where `low` and `high` differ."""
    low: float
    """Lower end."""
    high: float
    """Upper end, at least `low`."""

    def __post_init__(self) -> None:
        for name, at_least in (("mean", -inf), ("sd", 0.0), ("low", -inf), ("high", -inf)):
            object.__setattr__(self, name, number(self, name, getattr(self, name), at_least))
        if self.low > self.high:
            raise WorldsError(f"{self!r}: low must not exceed high")
        if self.low < self.high and self._width == 0:
            raise WorldsError(f"{self!r}: no draw would lie between low and high")

    @property
    def bounds(self) -> tuple[float, float]:
        return self.low, self.high

    @property
    def _mirror(self) -> float:
        """1, or -1 where everything lies above the mean: probabilities are accurate in the lower tail alone."""
        return -1.0 if self.low > self.mean else 1.0

    def _normal_cdf(self, values: np.ndarray) -> np.ndarray:
        return normal_cdf(self._mirror * (values - self.mean) / (self.sd or 1.0))

    @cached_property
    def _first(self) -> float:
        return float(self._normal_cdf(np.array(self.low)))

    @cached_property
    def _width(self) -> float:
        return float(self._normal_cdf(np.array(self.high))) - self._first if self.sd else 0.0

    def sample(self, rng: np.random.Generator, size: int | tuple[int, ...]) -> np.ndarray:
        return self.quantile(rng.random(size))

    def cdf(self, values: np.ndarray) -> np.ndarray:
        if self.low == self.high:
            return np.where(values < self.low, 0.0, 1.0)
        return (self._normal_cdf(np.clip(values, self.low, self.high)) - self._first) / self._width

    def quantile(self, shares: np.ndarray) -> np.ndarray:
        standard = self._mirror * normal_quantile(self._first + shares * self._width)
        return np.clip(self.mean + self.sd * standard, self.low, self.high)

    def within(self, low: float, high: float) -> Distribution:
        return TruncatedNormal(self.mean, self.sd, low, high)

    def times(self, factor: float) -> Distribution:
        return TruncatedNormal(factor * self.mean, factor * self.sd, factor * self.low, factor * self.high)

    def to_config(self) -> dict[str, Any]:
        return {self.key: [self.mean, self.sd, self.low, self.high]}
