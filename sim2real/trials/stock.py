"""Stock: worlds drawn ahead, handed out to the trials that begin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from randomizers import ADR, WorldDistribution, Worlds
from randomizers.adr import NOWHERE

STOCK = 64
"""Worlds drawn at a time: their settings are computed together, which costs little more than for one."""

Draw = Callable[[np.random.Generator, int], Worlds]


class Stock:
    """Worlds in the order that they are handed out in; none at first.

    :param distribution: what they are worlds of.
    :param draw: draws worlds instead of `distribution.sample`; called for `STOCK` of them at a time.
    :param adr: draws worlds and pins instead.
    """

    def __init__(self, distribution: WorldDistribution, draw: Draw | None = None, adr: ADR | None = None) -> None:
        self._distribution = distribution
        self._draw = draw or distribution.sample
        self._adr = adr
        self._next = 0
        self._fill(distribution.nominal(0), np.zeros(0, np.int64))

    def _fill(self, worlds: Worlds, pins: np.ndarray) -> None:
        self.worlds = worlds
        """The worlds drawn last."""
        self.pins = pins
        """The end of a range that each stands on (n,)."""
        self.vectors = self._distribution.vector(worlds)
        """Their parameters normalised (n, k)."""

    def take(self, rng: np.random.Generator, wanted: int) -> np.ndarray:
        """Indices (m,) in `worlds` of those to hand out next, at least one and at most as many as wanted."""
        if self._next == len(self.worlds):
            if self._adr is not None:
                self._fill(*self._adr.sample(rng, STOCK))
            else:
                worlds = self._distribution.complete(self._draw(rng, STOCK))
                self._fill(worlds, np.full(len(worlds), NOWHERE))
            self._next = 0
        picks = np.arange(self._next, min(self._next + wanted, len(self.worlds)))
        self._next += len(picks)
        return picks

    def clear(self) -> None:
        """Hand out none of those that are left."""
        self._next = len(self.worlds)

    def state(self) -> dict[str, Any]:
        """The worlds and how many of them are gone."""
        pins = {} if self._adr is None else {"pins": self.pins.copy()}
        return {"stock": self.worlds.to_json(), "next": self._next, **pins}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on exactly where `state` was taken."""
        worlds = Worlds.from_json(state["stock"])
        self._fill(worlds, state.get("pins", np.full(len(worlds), NOWHERE)))
        self._next = state["next"]
