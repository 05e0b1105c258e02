"""Terms of sensors, and the base of terms whose numbers are whole."""

from __future__ import annotations

from typing import ClassVar

from randomizers.channels.setting_term import SettingTerm
from randomizers.distributions import Distribution
from randomizers.term import Term


class WholeTerm(Term):
    """Takes whole numbers only. Raises WorldsError at construction for a distribution that can yield others."""

    whole: ClassVar[str] = "numbers"
    """What it counts."""

    def _check_distribution(self, what: str, distribution: Distribution) -> None:
        super()._check_distribution(what, distribution)
        for leaf in distribution.leaves:
            if leaf.atoms is None or any(value % 1 for value in leaf.atoms):
                raise self.error(f"{what} must be a Choice of whole {self.whole}, got {distribution!r}")


class SensorTerm(SettingTerm):
    """A setting with one number for each sensor. `on` matches names of sensors, or of observation terms: then it acts on
    the sensors that deliver these, with all else that they deliver."""

    selects = "sensor"
