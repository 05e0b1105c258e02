"""Moments of inertia: of solids of uniform density, and of mass spread farther along an axis."""

from __future__ import annotations

import mujoco
import numpy as np

# Plain ints: from mujoco 3.12 on, its enums do not compare equal to NumPy's integers.
SPHERE = int(mujoco.mjtGeom.mjGEOM_SPHERE)
CAPSULE = int(mujoco.mjtGeom.mjGEOM_CAPSULE)
ELLIPSOID = int(mujoco.mjtGeom.mjGEOM_ELLIPSOID)
CYLINDER = int(mujoco.mjtGeom.mjGEOM_CYLINDER)
BOX = int(mujoco.mjtGeom.mjGEOM_BOX)
PRIMITIVES = (SPHERE, CAPSULE, ELLIPSOID, CYLINDER, BOX)
"""Shapes of geoms that a few numbers describe."""

_ROUNDING = 1e-9


def violates_triangle(moments: np.ndarray) -> np.ndarray:
    """Whether one of the principal moments (..., 3) exceeds the sum of the other two by more than a rounding (...)."""
    total = moments.sum(axis=-1)
    return 2 * moments.max(axis=-1) > total * (1 + _ROUNDING)


def scale_spread(moments: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """Principal moments (..., 3) after the second moment of the mass along each principal axis is scaled by `factors`
    (..., 3); exactly the same where they are 1."""
    spread = moments.sum(axis=-1, keepdims=True) / 2 - moments
    more = (factors - 1.0) * spread
    return moments + np.roll(more, 1, axis=-1) + np.roll(more, 2, axis=-1)


def solid_spread(shape: int, size: np.ndarray) -> np.ndarray:
    """Second moment along each axis (..., 3), m^2, of a solid primitive of uniform density and a mass of 1 about its center.

    `size` (..., 3), m, is as in `geom_size`.
    """
    if shape == CAPSULE:
        return _capsule_spread(size[..., 0], size[..., 1])
    if shape == CYLINDER:
        return np.stack([size[..., 0] ** 2 / 4, size[..., 0] ** 2 / 4, size[..., 1] ** 2 / 3], axis=-1)
    axes = np.broadcast_to(size[..., :1], size.shape) if shape == SPHERE else size
    return axes**2 / (3 if shape == BOX else 5)


def _capsule_spread(radius: np.ndarray, half: np.ndarray) -> np.ndarray:
    # A cylinder and two half spheres, each with the share of the mass that it has of the volume. A half sphere's center
    # is at 3/8 of its radius, its second moment about its flat side that of a whole one.
    ends = 2 * radius / (2 * radius + 3 * half)
    across = (1 - ends) * radius**2 / 4 + ends * radius**2 / 5
    along = (1 - ends) * half**2 / 3 + ends * (half**2 + 3 * half * radius / 4 + radius**2 / 5)
    return np.stack([across, across, along], axis=-1)


def solid_inertia(shape: int, size: np.ndarray, mass: float) -> np.ndarray:
    """Principal moments of inertia (..., 3), kg m^2, of a solid primitive of uniform density about its center.

    `size` (..., 3), m, is as in `geom_size`; `mass` in kg.
    """
    spread = solid_spread(shape, size)
    return mass * (spread.sum(axis=-1, keepdims=True) - spread)


def inertia_source(model: mujoco.MjModel, body: int) -> int | None:
    """The first geom whose solid of uniform density has exactly the body's inertia and inertial frame, or None."""
    mass, moments = model.body_mass[body], model.body_inertia[body]
    if mass <= 0:
        return None
    for geom in range(model.body_geomadr[body], model.body_geomadr[body] + model.body_geomnum[body]):
        shape = int(model.geom_type[geom])
        if (
            shape in PRIMITIVES
            and np.abs(model.geom_pos[geom] - model.body_ipos[body]).max() < _ROUNDING
            and 1.0 - abs(model.geom_quat[geom] @ model.body_iquat[body]) < _ROUNDING
            and (np.abs(solid_inertia(shape, model.geom_size[geom], mass) - moments) < 1e-6 * moments).all()
        ):
            return geom
    return None
