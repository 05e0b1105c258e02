"""Turning orientations and directions by rotation vectors."""

from __future__ import annotations

import numpy as np


def turn_frame(quaternion: np.ndarray, vector: np.ndarray) -> np.ndarray:
    """Unit quaternions (..., 4), w first, turned by rotation vectors (..., 3) [rad] about the frame's own axes."""
    angle = np.linalg.norm(vector, axis=-1, keepdims=True)
    # sin(x / 2) / x, which is finite at 0.
    axis = vector * (np.sinc(angle / (2 * np.pi)) / 2)
    w, real = quaternion[..., :1], np.cos(angle / 2)
    xyz = w * axis + real * quaternion[..., 1:] + np.cross(quaternion[..., 1:], axis)
    turned = np.concatenate((w * real - (quaternion[..., 1:] * axis).sum(axis=-1, keepdims=True), xyz), axis=-1)
    return np.where(angle == 0.0, quaternion, turned)


def turn_direction(direction: np.ndarray, vector: np.ndarray) -> np.ndarray:
    """Directions (..., 3) turned by rotation vectors (..., 3) [rad] about the axes they are given in."""
    angle = np.linalg.norm(vector, axis=-1, keepdims=True)
    across = np.cross(vector, direction)
    # Rodrigues' formula with the rotation vector in place of the axis.
    turned = direction + np.sinc(angle / np.pi) * across
    turned += np.sinc(angle / (2 * np.pi)) ** 2 / 2 * np.cross(vector, across)
    return np.where(angle == 0.0, direction, turned)
