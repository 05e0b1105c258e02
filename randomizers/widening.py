"""Widening: what a world file says of a term for automatic domain randomization."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from randomizers.distributions import Distribution
from randomizers.distributions.distribution import number
from randomizers.errors import WorldsError


@dataclass(frozen=True)
class Widening:
    """How automatic domain randomization widens a term's range, of which the term's `distribution` is the widest.

    Raises WorldsError at construction for numbers that mean nothing, and from `check` for those that do not fit.
    """

    start: tuple[float, float] | None = None
    """The range to begin with, in the term's unit; None for its nominal value alone."""
    step: float | None = None
    """How far an end moves at a time, as a share of the widest range, above 0 and at most 1; None for that of all terms."""
    moves: bool = True
    """Whether it moves at all; if not, the whole distribution is drawn from all along."""

    def __post_init__(self) -> None:
        if not isinstance(self.moves, bool):
            raise WorldsError(f"adr: moves must be true or false, got {self.moves!r}")
        if not self.moves and (self.start is not None or self.step is not None):
            raise WorldsError("adr: start and step are of a range that moves; with moves: false give neither")
        if self.start is not None:
            if not isinstance(self.start, list | tuple) or len(self.start) != 2:
                raise WorldsError(f"adr: start takes a lower and an upper end, got {self.start!r}")
            low, high = (number(self, "an end of start", end) for end in self.start)
            if low > high:
                raise WorldsError(f"adr: start [{low:g}, {high:g}] has its lower end above the upper one")
            object.__setattr__(self, "start", (low, high))
        if self.step is not None:
            object.__setattr__(self, "step", number(self, "step", self.step))
            if not 0 < self.step <= 1:
                raise WorldsError(f"adr: step is a share of the widest range, above 0 and at most 1, got {self.step:g}")

    @classmethod
    def from_config(cls, config: object) -> Widening:
        """What plain data such as `{start: [0.9, 1.1], step: 0.05}` stands for. Raises WorldsError."""
        keys = [field.name for field in fields(cls)]
        if not isinstance(config, Mapping) or not config:
            raise WorldsError(f"adr is written {{key: value}}, got {config!r}; keys: {', '.join(keys)}")
        for key in config:
            if key not in keys:
                raise WorldsError(f"adr: unknown key {key!r}; keys: {', '.join(keys)}")
        return cls(**config)

    def to_config(self) -> dict[str, Any]:
        """As plain data; `from_config` is its inverse."""
        if not self.moves:
            return {"moves": False}
        given = {"start": None if self.start is None else list(self.start), "step": self.step}
        return {key: value for key, value in given.items() if value is not None} or {"moves": True}

    def times(self, factor: float) -> Widening:
        """The same in another unit."""
        if self.start is None:
            return self
        return replace(self, start=(factor * self.start[0], factor * self.start[1]))

    def check(self, widest: Distribution) -> None:
        """Raises WorldsError where the widest range has no ends to move, or does not hold the one to begin with."""
        if not self.moves:
            return
        widest.within(*widest.bounds)
        for end in self.start or ():
            if widest.nearest(end) != end:
                raise WorldsError(f"adr: start reaches {end:g}, which the widest range {widest!r} does not hold")
