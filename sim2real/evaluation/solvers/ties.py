"""Ties broken at random."""

from __future__ import annotations

import numpy as np


def argmax(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Place of the highest of values (..., m) along the last axis, any one of several with equal chances."""
    best = values == values.max(axis=-1, keepdims=True)
    return np.where(best, rng.random(values.shape, dtype=np.float32), -1.0).argmax(axis=-1)
