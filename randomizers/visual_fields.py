"""Visual fields: what a world changes of how it looks, apart from its physics.

A visual field is one of the visual model's (its name begins with one of `PREFIXES`), or a setting: numbers that no model
holds, which textures are painted by and pictures are spoilt by.
"""

from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np

from randomizers.target import Target

HEADLIGHT = "headlight_"
"""Fields of the light at the camera."""
PREFIXES = ("cam_", "light_", "mat_", HEADLIGHT)
"""How the names of the visual model's fields begin."""


@dataclass(frozen=True)
class VisualSetting:
    """One setting."""

    per: str
    """What it has numbers for: "camera" or "texture"."""
    nominal: tuple[float, ...] = (0.0,)
    """Its numbers in a nominal world; one makes a row (m,), several (m, parts)."""

    def row(self, target: Target) -> np.ndarray:
        """One world's row, nominal."""
        numbers = np.array(self.nominal if len(self.nominal) > 1 else self.nominal[0])
        return np.tile(numbers, (len(target.names(self.per)), *(1,) * numbers.ndim))


VISUAL_SETTINGS: dict[str, VisualSetting] = {}
"""Every visual setting by name, entered where it is read."""


def is_visual(field: str) -> bool:
    """Whether a field is of the looks alone."""
    return field in VISUAL_SETTINGS or field.startswith(PREFIXES)


def visual_field(model: mujoco.MjModel, field: str) -> np.ndarray:
    """A visual model's own array of that name, not a copy."""
    if not field.startswith(HEADLIGHT):
        return np.asarray(getattr(model, field))
    return np.asarray(getattr(model.vis.headlight, field.removeprefix(HEADLIGHT)))


def nominal_visual_row(target: Target, field: str) -> np.ndarray:
    """One world's nominal content of a visual field: of the model's this is its own array, not to be written to."""
    if field in VISUAL_SETTINGS:
        return VISUAL_SETTINGS[field].row(target)
    return visual_field(target.visual_model, field)
