"""Fields: the arrays that a world is written into, and what they hold nominally.

A field is one of mjModel, one of its options (such as gravity), a setting of a channel's effects, or a visual field.
"""

from __future__ import annotations

from collections.abc import Iterable

import mujoco
import numpy as np

from randomizers.settings import SETTINGS
from randomizers.target import Target
from randomizers.visual_fields import is_visual, nominal_visual_row

OPTIONS = ("gravity", "timestep", "density", "viscosity", "wind", "integrator", "cone", "impratio")
"""Fields of mjOption that terms write."""


def owner_of(model: mujoco.MjModel, field: str) -> mujoco.MjModel | mujoco.MjOption:
    """Whose attribute a model field is: the model's own or its options'."""
    return model.opt if field in OPTIONS else model


def nominal_row(target: Target, field: str) -> np.ndarray:
    """One world's nominal content of a field. For a model field this is the model's own array: not to be written to."""
    if is_visual(field):
        return nominal_visual_row(target, field)
    if field in SETTINGS:
        setting = SETTINGS[field]
        return np.full(setting.shape(target), setting.nominal, setting.dtype)
    return np.asarray(getattr(owner_of(target.model, field), field))


def nominal_rows(target: Target, fields: Iterable[str], n: int) -> dict[str, np.ndarray]:
    """Fresh arrays (n, ...) of the given fields, every row nominal."""
    rows = {}
    for field in fields:
        row = nominal_row(target, field)
        rows[field] = np.empty((n, *row.shape), row.dtype)
        rows[field][:] = row
    return rows
