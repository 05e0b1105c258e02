"""ADRTrials: which trials stand on an end of a range, and how they go."""

from __future__ import annotations

from typing import Any

import numpy as np

from randomizers import ADR
from randomizers.adr import NOWHERE
from sim2real.errors import UserError


class ADRTrials:
    """Tells automatic domain randomization how well the trials of n worlds went: the mean of a metric over the episodes.

    A trial with an episode that began late, so that trials do not end together, tells nothing.

    :param adr: what is told.
    :param metric: name of what is measured.
    :param worlds: n.
    """

    def __init__(self, adr: ADR, metric: str, worlds: int) -> None:
        self.adr = adr
        self.metric = metric
        self._pins = np.full(worlds, NOWHERE)
        self._total = np.zeros(worlds)
        self._whole = np.ones(worlds, dtype=bool)

    def begin(self, ids: np.ndarray, pins: np.ndarray) -> None:
        """Trials begin in the worlds `ids` (m,), which stand on the ends `pins` (m,)."""
        self._pins[ids], self._total[ids], self._whole[ids] = pins, 0.0, True

    def pins(self, ids: np.ndarray) -> np.ndarray:
        """The ends that the worlds `ids` (m,) stand on (m,)."""
        return self._pins[ids]

    def episode(self, world: int, measured: dict[str, float], whole: bool) -> None:
        """An episode of one world is over."""
        if self.metric not in measured:
            raise UserError(f"nothing is measured by the name {self.metric!r}; metrics: {', '.join(measured)}")
        self._total[world] += measured[self.metric]
        self._whole[world] &= whole

    def end(self, world: int, values: np.ndarray, episodes: int) -> None:
        """The trial of one world, with parameters `values` (k,), is over after so many episodes."""
        if self._whole[world]:
            self.adr.record(values, int(self._pins[world]), self._total[world] / episodes)

    def state(self) -> dict[str, Any]:
        """Everything the future depends on."""
        return {"adr": self.adr.state(), **{name: array.copy() for name, array in self._arrays().items()}}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on exactly where `state` was taken."""
        self.adr.restore(state["adr"])
        for name, array in self._arrays().items():
            array[:] = state[name]

    def _arrays(self) -> dict[str, np.ndarray]:
        return {"pins": self._pins, "total": self._total, "whole": self._whole}
