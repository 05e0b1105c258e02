"""Distributions: frozen value objects that numbers are drawn from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import inf, isfinite, log
from numbers import Real
from typing import Any, ClassVar

import numpy as np

from randomizers.errors import WorldsError

NORMAL_SUPPORT = 3.0
"""Standard deviations either side of the mean that count as a normal's range."""


def _number(owner: object, what: str, value: object, at_least: float = -inf) -> float:
    if isinstance(value, bool) or not isinstance(value, Real) or not isfinite(value):
        raise WorldsError(f"{type(owner).__name__}: {what} must be a finite number, got {value!r}")
    if value < at_least:
        raise WorldsError(f"{type(owner).__name__}: {what} must be at least {at_least:g}, got {value!r}")
    return float(value)


class Distribution(ABC):
    """A distribution of one number. Equal when its parameters are."""

    key: ClassVar[str]
    """Its name in configuration files."""

    @property
    @abstractmethod
    def bounds(self) -> tuple[float, float]:
        """Lowest and highest value (for a normal: the mean -+ `NORMAL_SUPPORT` sd)."""

    @property
    def center(self) -> float:
        """Middle of `bounds`."""
        low, high = self.bounds
        return (low + high) / 2

    @property
    def half_width(self) -> float:
        """Half the width of `bounds`; 1 where they coincide, so that it can always be divided by."""
        low, high = self.bounds
        return (high - low) / 2 or 1.0

    @property
    def atoms(self) -> tuple[float, ...] | None:
        """The values it can take, or None for a continuous one."""
        low, high = self.bounds
        return (low,) if low == high else None

    @property
    def leaves(self) -> tuple[Distribution, ...]:
        """The distributions it is mixed from; itself when it is no mixture."""
        return (self,)

    @abstractmethod
    def sample(self, rng: np.random.Generator, size: int | tuple[int, ...]) -> np.ndarray:
        """Draws of shape `size`, float64."""

    def widen(self, low: float = 0.0, high: float = 0.0) -> Distribution:
        """The same with its low end moved down by `low` and its high end up by `high`; negative amounts narrow it."""
        raise WorldsError(f"{self!r} has no ends to move; only Uniform and LogUniform can be widened")

    @abstractmethod
    def times(self, factor: float) -> Distribution:
        """The distribution of `factor` times its draws, factor > 0: the same in another unit."""

    def overlaps(self, other: Distribution) -> bool:
        """Whether both can yield a common value, common end points of intervals not counted."""
        return any(_overlap(a, b) for a in self.leaves for b in other.leaves)

    @abstractmethod
    def to_config(self) -> dict[str, Any]:
        """As plain data: `{uniform: [0.7, 1.3]}`. `distribution_from_config` is its inverse."""


def _overlap(a: Distribution, b: Distribution) -> bool:
    if a.atoms is not None and b.atoms is not None:
        return not set(a.atoms).isdisjoint(b.atoms)
    if a.atoms is not None:
        return any(b.bounds[0] < value < b.bounds[1] for value in a.atoms)
    if b.atoms is not None:
        return _overlap(b, a)
    return max(a.bounds[0], b.bounds[0]) < min(a.bounds[1], b.bounds[1])


@dataclass(frozen=True)
class _Interval(Distribution):
    low: float
    """Lower end."""
    high: float
    """Upper end, at least `low`."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "low", _number(self, "low", self.low))
        object.__setattr__(self, "high", _number(self, "high", self.high))
        if self.low > self.high:
            raise WorldsError(f"{self!r}: low must not exceed high")

    @property
    def bounds(self) -> tuple[float, float]:
        return self.low, self.high

    def widen(self, low: float = 0.0, high: float = 0.0) -> Distribution:
        return type(self)(self.low - low, self.high + high)

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

    def sample(self, rng: np.random.Generator, size: int | tuple[int, ...]) -> np.ndarray:
        # exp(log(x)) may leave the interval by a rounding.
        return np.clip(np.exp(rng.uniform(log(self.low), log(self.high), size)), self.low, self.high)


@dataclass(frozen=True)
class Normal(Distribution):
    """Gaussian."""

    key: ClassVar[str] = "normal"

    mean: float
    """Mean."""
    sd: float
    """Standard deviation, at least 0."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "mean", _number(self, "mean", self.mean))
        object.__setattr__(self, "sd", _number(self, "sd", self.sd, at_least=0.0))

    @property
    def bounds(self) -> tuple[float, float]:
        return self.mean - NORMAL_SUPPORT * self.sd, self.mean + NORMAL_SUPPORT * self.sd

    def sample(self, rng: np.random.Generator, size: int | tuple[int, ...]) -> np.ndarray:
        return rng.normal(self.mean, self.sd, size)

    def times(self, factor: float) -> Distribution:
        return Normal(factor * self.mean, factor * self.sd)

    def to_config(self) -> dict[str, Any]:
        return {self.key: [self.mean, self.sd]}


@dataclass(frozen=True)
class Choice(Distribution):
    """One of finitely many values."""

    key: ClassVar[str] = "choice"

    values: tuple[float, ...]
    """The values, each once."""
    weights: tuple[float, ...] | None = None
    """Probability of each value, summing to 1; None for equal ones."""

    def __post_init__(self) -> None:
        values = tuple(_number(self, "a value", value) for value in self.values)
        if not values or len(set(values)) < len(values):
            raise WorldsError(f"Choice: values must be given, each once, got {list(self.values)}")
        object.__setattr__(self, "values", values)
        if self.weights is None:
            return
        weights = tuple(_number(self, "a weight", weight, at_least=0.0) for weight in self.weights)
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
        return rng.choice(np.array(self.values), size=size, p=self.weights)

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
        object.__setattr__(self, "value", _number(self, "value", self.value))

    @property
    def bounds(self) -> tuple[float, float]:
        return self.value, self.value

    def sample(self, rng: np.random.Generator, size: int | tuple[int, ...]) -> np.ndarray:
        return np.full(size, self.value)

    def times(self, factor: float) -> Distribution:
        return Fixed(factor * self.value)

    def to_config(self) -> dict[str, Any]:
        return {self.key: self.value}


@dataclass(frozen=True)
class Mixture(Distribution):
    """Each draw from one of its parts, all equally likely: a range with a hole, such as both sides outside another."""

    key: ClassVar[str] = "mixture"

    parts: tuple[Distribution, ...]
    """What is mixed."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "parts", tuple(self.parts))
        if not self.parts or not all(isinstance(part, Distribution) for part in self.parts):
            raise WorldsError(f"Mixture: one or more distributions wanted, got {list(self.parts)}")

    @property
    def bounds(self) -> tuple[float, float]:
        return min(part.bounds[0] for part in self.parts), max(part.bounds[1] for part in self.parts)

    @property
    def leaves(self) -> tuple[Distribution, ...]:
        return tuple(leaf for part in self.parts for leaf in part.leaves)

    def sample(self, rng: np.random.Generator, size: int | tuple[int, ...]) -> np.ndarray:
        chosen = rng.integers(len(self.parts), size=size)
        drawn = np.stack([part.sample(rng, size) for part in self.parts])
        return np.take_along_axis(drawn, chosen[None], axis=0)[0]

    def times(self, factor: float) -> Distribution:
        return Mixture(tuple(part.times(factor) for part in self.parts))

    def to_config(self) -> dict[str, Any]:
        return {self.key: [part.to_config() for part in self.parts]}


_OF_TWO: dict[str, Callable[[float, float], Distribution]] = {
    Uniform.key: Uniform,
    LogUniform.key: LogUniform,
    Normal.key: Normal,
}


def distribution_from_config(config: object) -> Distribution:
    """The distribution that plain data such as `{uniform: [0.7, 1.3]}` stands for. Raises WorldsError."""
    if not isinstance(config, Mapping) or len(config) != 1:
        raise WorldsError(f"a distribution is written {{kind: numbers}}, got {config!r}; kinds: {_kinds()}")
    ((key, body),) = config.items()
    if key == Fixed.key:
        return Fixed(body)
    if key == Choice.key and isinstance(body, Mapping) and set(body) == {"values", "weights"}:
        return Choice(_list(key, body["values"]), _list(key, body["weights"]))
    if key == Choice.key:
        return Choice(_list(key, body))
    if key == Mixture.key:
        return Mixture(tuple(distribution_from_config(part) for part in _list(key, body)))
    if key not in _OF_TWO:
        raise WorldsError(f"unknown distribution {key!r}; kinds: {_kinds()}")
    numbers = _list(key, body)
    if len(numbers) != 2:
        raise WorldsError(f"{key} takes two numbers, got {body!r}")
    return _OF_TWO[key](*numbers)


def _kinds() -> str:
    return ", ".join(sorted((*_OF_TWO, Choice.key, Fixed.key, Mixture.key)))


def _list(key: str, body: object) -> tuple:
    if not isinstance(body, Sequence) or isinstance(body, str):
        raise WorldsError(f"{key} takes a list, got {body!r}")
    return tuple(body)
