"""Choice and Fixed: finitely many values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from randomizers.distributions.distribution import Distribution, number
from randomizers.errors import WorldsError


@dataclass(frozen=True)
class Choice(Distribution):
    """One of finitely many values."""

    key: ClassVar[str] = "choice"
    movable: ClassVar[bool] = True

    values: tuple[float, ...]
    """The values, each once."""
    weights: tuple[float, ...] | None = None
    """Probability of each value, summing to 1; None for equal ones."""

    def __post_init__(self) -> None:
        values = tuple(number(self, "a value", value) for value in self.values)
        if not values or len(set(values)) < len(values):
            raise WorldsError(f"Choice: values must be given, each once, got {list(self.values)}")
        object.__setattr__(self, "values", values)
        if self.weights is None:
            return
        weights = tuple(number(self, "a weight", weight, at_least=0.0) for weight in self.weights)
        if len(weights) != len(values) or abs(sum(weights) - 1.0) > 1e-9:
            raise WorldsError(f"Choice: {len(values)} weights summing to 1 wanted, got {list(weights)}")
        object.__setattr__(self, "weights", weights)

    @property
    def bounds(self) -> tuple[float, float]:
        return min(self.values), max(self.values)

    @property
    def atoms(self) -> tuple[float, ...]:
        return self.values

    def sample(self, rng: np.random.Generator, size: int | tuple[int, ...]) -> np.ndarray:
        values = np.array(self.values)
        if self.weights is None:
            return values[rng.integers(len(values), size=size)]  # as `choice` does, at half of its time
        return rng.choice(values, size=size, p=self.weights)

    def _cumulated(self) -> tuple[np.ndarray, np.ndarray]:
        """The values that are ever drawn, in their order, and the probability of at most each."""
        weights = np.full(len(self.values), 1 / len(self.values)) if self.weights is None else np.array(self.weights)
        order = np.argsort(self.values)
        order = order[weights[order] > 0]
        return np.array(self.values)[order], np.cumsum(weights[order])

    def cdf(self, values: np.ndarray) -> np.ndarray:
        drawn, cumulated = self._cumulated()
        return np.concatenate(([0.0], cumulated))[np.searchsorted(drawn, values, side="right")]

    def quantile(self, shares: np.ndarray) -> np.ndarray:
        drawn, cumulated = self._cumulated()
        return drawn[np.searchsorted(cumulated[:-1], shares)]

    def within(self, low: float, high: float) -> Distribution:
        weights = self.weights or (1 / len(self.values),) * len(self.values)
        kept = [
            (value, weight)
            for value, weight in zip(self.values, weights, strict=True)
            if low <= value <= high and weight > 0
        ]
        values = tuple(value for value, _ in kept)
        if self.weights is None:
            return Choice(values)
        total = sum(weight for _, weight in kept)
        return Choice(values, tuple(weight / total for _, weight in kept))

    def nearest(self, value: float) -> float:
        return min(self._cumulated()[0].tolist(), key=lambda own: abs(own - value))

    def ladder(self, start: float, side: int, step: float) -> tuple[float, ...]:
        values = self._cumulated()[0].tolist()
        return (start, *(v for v in values if v > start)) if side else (start, *(v for v in values[::-1] if v < start))

    def times(self, factor: float) -> Distribution:
        return Choice(tuple(factor * value for value in self.values), self.weights)

    def to_config(self) -> dict[str, Any]:
        values = [int(value) if value.is_integer() else value for value in self.values]
        return {self.key: values if self.weights is None else {"values": values, "weights": list(self.weights)}}


@dataclass(frozen=True)
class Fixed(Distribution):
    """Always the same value."""

    key: ClassVar[str] = "fixed"

    value: float
    """The value."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", number(self, "value", self.value))

    @property
    def bounds(self) -> tuple[float, float]:
        return self.value, self.value

    def sample(self, rng: np.random.Generator, size: int | tuple[int, ...]) -> np.ndarray:
        return np.full(size, self.value)

    def cdf(self, values: np.ndarray) -> np.ndarray:
        return np.where(values < self.value, 0.0, 1.0)

    def quantile(self, shares: np.ndarray) -> np.ndarray:
        return np.full(np.shape(shares), self.value)

    def times(self, factor: float) -> Distribution:
        return Fixed(factor * self.value)

    def to_config(self) -> dict[str, Any]:
        return {self.key: self.value}
