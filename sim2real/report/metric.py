"""Metric: something measured over an episode, and how its values are written."""

from __future__ import annotations

from dataclasses import dataclass

from sim2real.evaluation.bootstrap import Interval
from sim2real.report.numbers import fixed, named, unit_suffix, words


@dataclass(frozen=True)
class Metric:
    """All values of one metric have the same number of decimals, so that they can be compared at a glance."""

    name: str
    unit: str
    """ "1" for pure numbers."""
    decimals: int

    @property
    def words(self) -> str:
        """The name as people write it."""
        return words(self.name)

    @property
    def title(self) -> str:
        """Name and unit."""
        return named(self.name, self.unit)

    def mean(self, interval: Interval) -> str:
        """The mean without its unit."""
        return fixed(interval.mean, self.decimals)

    def span(self, interval: Interval, between: str = " to ") -> str:
        """The two ends without their unit."""
        return f"{fixed(interval.low, self.decimals)}{between}{fixed(interval.high, self.decimals)}"

    def measured(self, interval: Interval) -> str:
        """The mean with its unit."""
        return self.mean(interval) + unit_suffix(self.unit)

    def told(self, interval: Interval) -> str:
        """The mean with its unit, and the two ends in brackets."""
        return f"{self.measured(interval)} ({self.span(interval)})"
