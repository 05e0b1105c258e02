"""Viewpoints: cameras and lights that a model lacks."""

from __future__ import annotations

from collections.abc import Sequence

import mujoco
import numpy as np

Point = Sequence[float] | np.ndarray
"""Coordinates (3,) in the world [m]."""

_UP = np.array([0.0, 0.0, 1.0])


def add_camera(spec: mujoco.MjSpec, name: str, eye: Point, at: Point, field_of_view: float = 42.0) -> None:
    """A fixed camera at `eye` [m] that looks at the point `at` [m], upright; vertical field of view in degrees."""
    back = np.subtract(eye, at)
    back /= np.linalg.norm(back)
    right = np.cross(_UP, back)
    right /= np.linalg.norm(right)
    quat = np.empty(4)
    mujoco.mju_mat2Quat(quat, np.stack((right, np.cross(back, right), back), axis=1).ravel())
    spec.worldbody.add_camera(name=name, pos=np.asarray(eye), quat=quat, fovy=field_of_view)


def add_light(spec: mujoco.MjSpec, name: str, eye: Point, at: Point, strength: float, on: bool = True) -> None:
    """A white spotlight without shadow at `eye` [m] that shines at the point `at` [m]; 1 is full strength. One that is
    off leaves room for worlds with more lights."""
    spec.worldbody.add_light(
        name=name,
        pos=np.asarray(eye),
        dir=np.subtract(at, eye),
        diffuse=np.full(3, strength),
        specular=np.full(3, strength / 2),
        cutoff=80.0,
        castshadow=False,
        active=on,
    )
