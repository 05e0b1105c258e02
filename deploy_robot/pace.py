"""Pacer: when the next tick is due."""

import math
import time
from typing import Literal

Pace = Literal["wall", "lockstep"]


class Pacer:
    """Ticks at fixed times on the steady clock, one control period apart, that never drift.

    The schedule begins at the arrival of the first state: a robot that publishes once a control period then has a
    fresh state whenever a tick is due, rather than one that is up to a period old.
    In lockstep a tick is due as soon as the one before is done.
    """

    def __init__(self, pace: Pace, period: float, origin: float):
        self._pace, self._period, self._origin = pace, period, origin
        self._tick = 0
        self.overruns = 0
        """Ticks skipped because they were over before the one before was done."""

    def next_due(self) -> float:
        """When the next tick is due [s, steady clock]; call it once a tick, when the tick is done."""
        if self._pace == "lockstep":
            return time.monotonic()
        self._tick += 1
        late = time.monotonic() - self._origin - self._tick * self._period
        skipped = math.floor(late / self._period) if late >= self._period else 0
        self._tick += skipped
        self.overruns += skipped
        return self._origin + self._tick * self._period
