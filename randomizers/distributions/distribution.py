"""Distribution: what numbers are drawn from; its kinds are in the files beside this one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from math import ceil, copysign, inf, isfinite
from numbers import Real
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from randomizers.errors import WorldsError


class Distribution(ABC):
    """A distribution of one number. Equal when its parameters are."""

    key: ClassVar[str]
    """Its name in configuration files."""
    movable: ClassVar[bool] = False
    """Whether it can be drawn from between two ends, which `within` and `ladder` want."""

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

    @abstractmethod
    def cdf(self, values: np.ndarray) -> np.ndarray:
        """Probability of a draw of at most each of `values`, in their shape."""

    @abstractmethod
    def quantile(self, shares: np.ndarray) -> np.ndarray:
        """The least value whose `cdf` reaches each of `shares`, numbers in [0, 1] of any shape: equal shares of two
        distributions are equally likely to be undercut, and uniform ones give draws.

        A normal's is finite at 0 and 1 as well, about 8.2 sd from the mean.
        """

    def within(self, low: float, high: float) -> Distribution:
        """The same, given that a draw lies in [low, high], a part of `bounds`. Raises WorldsError if it is not
        `movable`."""
        raise WorldsError(f"{self!r} has no two ends to move; uniform, log_uniform, normal and choice ones have")

    def nearest(self, value: float) -> float:
        """The value within `bounds`, and of those it can take, that is nearest to the given one."""
        return float(np.clip(value, *self.bounds))

    def ladder(self, start: float, side: int, step: float) -> tuple[float, ...]:
        """The values that its lower (side 0) or upper (1) end goes through on its way out, from `start` to `bounds`, each
        `step` of the whole way from bound to bound further than the last, measured on the scale that draws are spread
        over: logarithms for a log-uniform one. A choice's end goes from value to value.

        Raises WorldsError if it is not `movable`.
        """
        self.within(*self.bounds)
        end = self.bounds[side]
        if start == end:
            return (start,)
        first, last = self.on_scale(start), self.on_scale(end)
        stride = copysign(step * (self.on_scale(self.bounds[1]) - self.on_scale(self.bounds[0])), last - first)
        # A last step that is short by no more than a rounding is none.
        steps = ceil((last - first) / stride - 1e-9)
        return (start, *(float(self.from_scale(first + k * stride)) for k in range(1, steps)), end)

    def on_scale(self, values: ArrayLike) -> np.ndarray:
        """Where values are on the scale that draws are spread over."""
        return np.asarray(values)

    def from_scale(self, places: ArrayLike) -> np.ndarray:
        """The values at places on that scale."""
        return np.asarray(places)

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


def number(owner: object, what: str, value: object, at_least: float = -inf) -> float:
    """The value as a float. Raises WorldsError, naming what it is and whose, if it is none, not finite or too low."""
    if isinstance(value, bool) or not isinstance(value, Real) or not isfinite(value):
        raise WorldsError(f"{type(owner).__name__}: {what} must be a finite number, got {value!r}")
    if value < at_least:
        raise WorldsError(f"{type(owner).__name__}: {what} must be at least {at_least:g}, got {value!r}")
    return float(value)
