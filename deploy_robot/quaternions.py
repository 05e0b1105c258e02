"""Rotations of n bodies at once; quaternions are w first."""

from __future__ import annotations

import numpy as np

_FACTOR = np.array([[0, 1, 2, 3], [1, 0, 3, 2], [2, 3, 0, 1], [3, 2, 1, 0]])
"""Which coordinate of the right factor meets each of the left one's, for each coordinate of the product."""
_SIGN = np.array([[1.0, -1.0, -1.0, -1.0], [1.0, 1.0, 1.0, -1.0], [1.0, -1.0, 1.0, 1.0], [1.0, 1.0, -1.0, 1.0]])
_CONJUGATE = np.array([1.0, -1.0, -1.0, -1.0])
_X, _Z = np.array([1.0, 0.0, 0.0]), np.array([0.0, 0.0, 1.0])


def multiply(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Hamilton product of (..., 4) and (..., 4): first b, then a."""
    return (a[..., None, :] * (b[..., _FACTOR] * _SIGN)).sum(axis=-1)


def conjugate(q: np.ndarray) -> np.ndarray:
    """The inverse rotation of unit quaternions (..., 4)."""
    return q * _CONJUGATE


def rotation_vector(q: np.ndarray) -> np.ndarray:
    """Axis times angle [rad] (..., 3) of unit quaternions (..., 4), the short way round."""
    q = np.where(q[..., :1] < 0, -q, q)
    axis = q[..., 1:]
    sine = np.sqrt((axis * axis).sum(axis=-1, keepdims=True))
    angle = 2.0 * np.arctan2(sine, q[..., :1])
    return axis * np.where(sine > 1e-9, angle / np.maximum(sine, 1e-9), 2.0)


def from_rotation_vector(vector: np.ndarray) -> np.ndarray:
    """Unit quaternions (..., 4) of rotations by axis times angle [rad] (..., 3)."""
    half = np.linalg.norm(vector, axis=-1, keepdims=True) / 2.0
    return np.concatenate((np.cos(half), vector * (np.sinc(half / np.pi) / 2.0)), axis=-1)


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


def axis_rotation_between(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """The shortest rotation vector [rad] (..., 3), in world axes, that takes the z axis of orientation `before` to that of
    `after`: of things that look alike however they are turned about it."""
    start, end = rotate(before, _Z), rotate(after, _Z)
    across = np.cross(start, end)
    sine = np.linalg.norm(across, axis=-1, keepdims=True)
    angle = np.arctan2(sine, (start * end).sum(axis=-1, keepdims=True))
    # About any axis across it, where it is to point the other way.
    axis = np.where(sine > 1e-9, across / np.maximum(sine, 1e-9), rotate(before, _X))
    return axis * angle
