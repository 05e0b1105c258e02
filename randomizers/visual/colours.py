"""Hue, saturation and value of colours."""

from __future__ import annotations

import numpy as np


def shifted(rgb: np.ndarray, hue: np.ndarray | float, saturation: np.ndarray | float) -> np.ndarray:
    """Colours (..., 3) in [0, 1] with their hue turned by `hue` [rad] and their saturation times `saturation`, at most
    full; both broadcast against (...,). Value, the largest part, stays. What is not changed stays bit for bit."""
    largest = rgb.max(axis=-1)
    spread = largest - rgb.min(axis=-1)
    red, green, blue = np.moveaxis(rgb, -1, 0)
    safe = np.where(spread > 0.0, spread, 1.0)
    sixth = np.where(
        largest == red,
        (green - blue) / safe,
        np.where(largest == green, 2.0 + (blue - red) / safe, 4.0 + (red - green) / safe),
    )
    sixth = sixth + np.asarray(hue) * (3.0 / np.pi)
    full = np.minimum(spread * saturation, largest)
    # How far each part stays below the largest one, by its distance from the hue.
    away = (np.array([5.0, 3.0, 1.0]) + sixth[..., None]) % 6.0
    below = np.minimum(away, 4.0 - away).clip(0.0, 1.0)
    changed = largest[..., None] - full[..., None] * below
    same = (np.asarray(hue) == 0.0) & (np.asarray(saturation) == 1.0)
    return np.where(np.broadcast_to(same, largest.shape)[..., None], rgb, changed)
