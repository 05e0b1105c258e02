"""Euler angles as gymnasium-robotics has them: about x, y and z in turn, the axes turned along."""

from __future__ import annotations

from itertools import product

import numpy as np

_STRAIGHT = 4.0 * np.finfo(np.float64).eps
"""Cosine of the second angle below which the other two are not told apart."""


def from_matrix(matrix: np.ndarray) -> np.ndarray:
    """Euler angles [rad] (..., 3) of rotation matrices (..., 3, 3)."""
    cosine = np.sqrt(matrix[..., 2, 2] * matrix[..., 2, 2] + matrix[..., 1, 2] * matrix[..., 1, 2])
    free = cosine > _STRAIGHT
    third = np.where(
        free,
        -np.arctan2(matrix[..., 0, 1], matrix[..., 0, 0]),
        -np.arctan2(-matrix[..., 1, 0], matrix[..., 1, 1]),
    )
    second = -np.arctan2(-matrix[..., 0, 2], cosine)
    first = np.where(free, -np.arctan2(matrix[..., 1, 2], matrix[..., 2, 2]), 0.0)
    return np.stack((first, second, third), axis=-1)


def to_quaternion(euler: np.ndarray) -> np.ndarray:
    """Quaternions (..., 4) of Euler angles [rad] (..., 3)."""
    half = euler / 2.0
    (si, sj, sk), (ci, cj, ck) = ((f(half[..., 2]), f(-half[..., 1]), f(half[..., 0])) for f in (np.sin, np.cos))
    cc, cs, sc, ss = ci * ck, ci * sk, si * ck, si * sk
    return np.stack((cj * cc + sj * ss, cj * cs - sj * sc, -(cj * ss + sj * cc), cj * sc - sj * cs), axis=-1)


def from_quaternion(quaternion: np.ndarray) -> np.ndarray:
    """Euler angles [rad] (..., 3) of quaternions (..., 4) of any length but 0."""
    w, x, y, z = np.moveaxis(quaternion, -1, 0)
    s = 2.0 / (quaternion * quaternion).sum(axis=-1)
    xs, ys, zs = x * s, y * s, z * s
    wx, wy, wz = w * xs, w * ys, w * zs
    xx, xy, xz, yy, yz, zz = x * xs, x * ys, x * zs, y * ys, y * zs, z * zs
    rows = (
        (1.0 - (yy + zz), xy - wz, xz + wy),
        (xy + wz, 1.0 - (xx + zz), yz - wx),
        (xz - wy, yz + wx, 1.0 - (xx + yy)),
    )
    return from_matrix(np.stack([np.stack(row, axis=-1) for row in rows], axis=-2))


def _straight_turns() -> np.ndarray:
    turns: list[np.ndarray] = []
    for euler in product((0.0, 1.0, -1.0, 2.0), repeat=3):
        turn = np.round(from_quaternion(to_quaternion(np.array(euler) * (np.pi / 2))) / (np.pi / 2))
        turn[[0, 2]] = np.where(turn[[0, 2]] == -2.0, 2.0, turn[[0, 2]])
        if not any(np.array_equal(turn, other) for other in turns):
            turns.append(turn)
    return to_quaternion(np.array(turns) * (np.pi / 2))


STRAIGHT_TURNS = _straight_turns()
"""The 24 rotations (24, 4) that turn a cube into itself, in the original's order."""
