"""Mixture: draws from several distributions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from randomizers.distributions.distribution import Distribution
from randomizers.errors import WorldsError

_HALVINGS = 64
"""Times that the interval a quantile is sought in is halved."""


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

    def cdf(self, values: np.ndarray) -> np.ndarray:
        return np.mean([part.cdf(values) for part in self.parts], axis=0)

    def quantile(self, shares: np.ndarray) -> np.ndarray:
        shares = np.asarray(shares, np.float64)
        of_parts = np.array([part.quantile(shares) for part in self.parts])
        low, high = of_parts.min(axis=0), of_parts.max(axis=0)
        for _ in range(_HALVINGS):
            middle = low + (high - low) / 2
            reached = self.cdf(middle) >= shares
            low, high = np.where(reached, low, middle), np.where(reached, middle, high)
        found = np.where(self.cdf(low) >= shares, low, high)
        # Halving comes near to values that are drawn as they are, but not onto them.
        for atom in {atom for leaf in self.leaves for atom in leaf.atoms or ()}:
            below = self.cdf(np.array(np.nextafter(atom, -np.inf)))
            found = np.where((below < shares) & (shares <= self.cdf(np.array(atom))), atom, found)
        return found

    def times(self, factor: float) -> Distribution:
        return Mixture(tuple(part.times(factor) for part in self.parts))

    def to_config(self) -> dict[str, Any]:
        return {self.key: [part.to_config() for part in self.parts]}
