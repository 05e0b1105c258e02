"""Rotations of n bodies at once; quaternions are w first."""

from __future__ import annotations

import numpy as np

_CONJUGATE = np.array([1.0, -1.0, -1.0, -1.0])


def multiply(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Hamilton product of (..., 4) and (..., 4): first b, then a."""
    aw, ax, ay, az = (a[..., k] for k in range(4))
    bw, bx, by, bz = (b[..., k] for k in range(4))
    product = np.empty(np.broadcast_shapes(a.shape, b.shape))
    product[..., 0] = aw * bw - ax * bx - ay * by - az * bz
    product[..., 1] = aw * bx + ax * bw + ay * bz - az * by
    product[..., 2] = aw * by - ax * bz + ay * bw + az * bx
    product[..., 3] = aw * bz + ax * by - ay * bx + az * bw
    return product


def conjugate(q: np.ndarray) -> np.ndarray:
    """The inverse rotation of unit quaternions (..., 4)."""
    return q * _CONJUGATE


def rotation_vector(q: np.ndarray) -> np.ndarray:
    """Axis times angle [rad] (..., 3) of unit quaternions (..., 4), the short way round."""
    q = np.where(q[..., :1] < 0, -q, q)
    sine = np.linalg.norm(q[..., 1:], axis=-1, keepdims=True)
    angle = 2.0 * np.arctan2(sine, q[..., :1])
    return q[..., 1:] * np.where(sine > 1e-9, angle / np.maximum(sine, 1e-9), 2.0)


def rotation_between(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """The rotation vector [rad] (..., 3), in world axes, that takes orientation `before` to `after`."""
    return rotation_vector(multiply(after, conjugate(before)))


def rotate(q: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Turn vectors v (..., 3) by unit quaternions q (..., 4)."""
    axis = q[..., 1:]
    across = 2.0 * np.cross(axis, v)
    return v + q[..., :1] * across + np.cross(axis, across)


def from_yaw(angle: np.ndarray) -> np.ndarray:
    """Unit quaternions (..., 4) of rotations by `angle` [rad] about z."""
    half = np.asarray(angle) / 2.0
    zero = np.zeros_like(half)
    return np.stack((np.cos(half), zero, zero, np.sin(half)), axis=-1)
