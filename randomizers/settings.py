"""Settings: per-world numbers that no model holds, which the effects of channels read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from randomizers.target import Target

PER = ("world", "action", "observation", "sensor", "body")
"""What a setting may have one number for: the world, each control, each column of the observation, each sensor, each
body."""


@dataclass(frozen=True)
class Setting:
    """One setting: what it has a number for, and the number that changes nothing."""

    per: str = "world"
    """One of `PER`."""
    parts: int = 1
    """Numbers for each."""
    nominal: float = 0.0
    """Its value in a nominal world."""
    dtype: type = np.float64
    """Element type."""

    def shape(self, target: Target) -> tuple[int, ...]:
        """Shape of one world's row."""
        counts = {"world": (), "action": (target.actions,), "observation": (target.observed,)}
        counts |= {"sensor": (len(target.sensor_names),), "body": (target.model.nbody,)}
        return counts[self.per] + ((self.parts,) if self.parts > 1 else ())


SETTINGS: dict[str, Setting] = {}
"""Every setting by name; an effect that declares one enters it here."""
