"""Which face of a cube is up."""

from __future__ import annotations

import numpy as np

OPPOSITE = np.array([3, 4, 5, 0, 1, 2])
"""The face across from each."""


def heights(orientation: np.ndarray) -> np.ndarray:
    """How far the normals of the faces x, y, z, -x, -y and -z of cubes in `orientation` (n, 4) point up: sines (n, 6)."""
    w, x, y, z = orientation.T
    up = np.stack((2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)), axis=1)
    return np.concatenate((up, -up), axis=1)


def lean(height: np.ndarray) -> np.ndarray:
    """How far faces lean [rad] whose normals point up by these sines."""
    return np.arccos(np.clip(height, -1.0, 1.0))
