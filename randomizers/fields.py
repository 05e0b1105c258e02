"""Fields: the arrays that a world is written into, and what they hold nominally.

A field is either one of mjModel (or of its options: gravity), or a setting of the action, observation and force
channels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import mujoco
import numpy as np

from randomizers.target import Target

_OPTIONS = ("gravity",)


@dataclass(frozen=True)
class Setting:
    """A per-world setting of a channel."""

    shape: Callable[[Target], tuple[int, ...]]
    """Shape of one world's row."""
    dtype: type
    """Element type. Nominally all its elements are 0."""


def _per_action(target: Target) -> tuple[int, ...]:
    return (target.actions,)


def _per_observation(target: Target) -> tuple[int, ...]:
    return (target.observed,)


def _per_world(target: Target) -> tuple[int, ...]:
    return ()


SETTINGS: dict[str, Setting] = {
    "action_noise": Setting(_per_action, np.float64),
    "action_delay": Setting(_per_action, np.int64),
    "backlash": Setting(_per_action, np.float64),
    "observation_noise": Setting(_per_observation, np.float64),
    "observation_bias": Setting(_per_observation, np.float64),
    "force_probability": Setting(_per_world, np.float64),
    "force_scale": Setting(_per_world, np.float64),
}
"""Every setting of the channels by name; what each means stands at the channel that reads it."""


def nominal_row(target: Target, field: str) -> np.ndarray:
    """One world's nominal content of a field. For a model field this is the model's own array: not to be written to."""
    if field in SETTINGS:
        return np.zeros(SETTINGS[field].shape(target), SETTINGS[field].dtype)
    owner: mujoco.MjModel | mujoco.MjOption = target.model.opt if field in _OPTIONS else target.model
    return getattr(owner, field)


def nominal_rows(target: Target, fields: Iterable[str], n: int) -> dict[str, np.ndarray]:
    """Fresh arrays (n, ...) of the given fields, every row nominal."""
    rows = {}
    for field in fields:
        row = nominal_row(target, field)
        rows[field] = np.empty((n, *row.shape), row.dtype)
        rows[field][:] = row
    return rows
