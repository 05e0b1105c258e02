"""Size: how large a geom is."""

from __future__ import annotations

from collections.abc import Mapping

import mujoco
import numpy as np

from randomizers.target import Selection, Target
from randomizers.term import Term

# Plain ints: from mujoco 3.12 on, its enums do not compare equal to NumPy's integers.
_SPHERE = int(mujoco.mjtGeom.mjGEOM_SPHERE)
_CAPSULE = int(mujoco.mjtGeom.mjGEOM_CAPSULE)
_ELLIPSOID = int(mujoco.mjtGeom.mjGEOM_ELLIPSOID)
_CYLINDER = int(mujoco.mjtGeom.mjGEOM_CYLINDER)
_BOX = int(mujoco.mjtGeom.mjGEOM_BOX)
_PRIMITIVES = (_SPHERE, _CAPSULE, _ELLIPSOID, _CYLINDER, _BOX)


class Size(Term):
    """Size of primitive geoms (sphere, capsule, ellipsoid, cylinder, box) as a factor, about the geom's own center.

    All dimensions scale alike, so bounding sphere and box scale with them. Masses stay. A body's inertia scales with
    the factor squared where it is that of the geom: a solid of uniform density with the body's mass, centered and
    oriented as the inertial frame (of several such geoms the first counts). Any other inertia, given explicitly or
    gathered from several geoms, stays as the model has it.

    MuJoCo also keeps trees of bounding boxes that are shared by all worlds and consulted where a body with several
    geoms meets another. A geom grown beyond its box would pass into the other unnoticed, so the body's margin, which
    these tests and no contact use, grows with its geoms.
    """

    kind = "size"
    unit = "1"
    selects = "geom"
    fields = ("geom_size", "geom_rbound", "geom_aabb", "body_inertia", "body_margin")
    recompute = True
    operations = ("scale",)
    above_lowest = True

    def check(self, target: Target, selection: Selection) -> None:
        for geom, name in zip(selection.ids, selection.names, strict=True):
            if target.model.geom_type[geom] not in _PRIMITIVES:
                scalable = ", ".join(map(_shape_name, _PRIMITIVES))
                shape = _shape_name(target.model.geom_type[geom])
                raise self.refuse(name, f"it is a {shape}; shapes that can be scaled: {scalable}")

    def apply_elements(
        self, target: Target, selection: Selection, fields: Mapping[str, np.ndarray], values: np.ndarray
    ) -> None:
        model, ids = target.model, selection.ids
        fields["geom_size"][:, ids] *= values
        fields["geom_rbound"][:, ids] *= values[..., 0]
        fields["geom_aabb"][:, ids] *= values
        for column, geom in enumerate(ids):
            if inertia_source(model, model.geom_bodyid[geom]) == geom:
                fields["body_inertia"][:, model.geom_bodyid[geom]] *= values[:, column] ** 2
        for body in np.unique(model.geom_bodyid[ids]):
            geoms = slice(model.body_geomadr[body], model.body_geomadr[body] + model.body_geomnum[body])
            growth = (fields["geom_rbound"][:, geoms] - model.geom_rbound[geoms]).max(axis=1)
            fields["body_margin"][:, body] = model.body_margin[body] + np.maximum(growth, 0.0)


def _shape_name(shape: int) -> str:
    return mujoco.mjtGeom(int(shape)).name.removeprefix("mjGEOM_").lower()


def inertia_source(model: mujoco.MjModel, body: int) -> int | None:
    """The first geom whose solid of uniform density has exactly the body's inertia and inertial frame, or None."""
    for geom in range(model.body_geomadr[body], model.body_geomadr[body] + model.body_geomnum[body]):
        if (
            model.geom_type[geom] in _PRIMITIVES
            and np.allclose(model.geom_pos[geom], model.body_ipos[body], rtol=0.0, atol=1e-9)
            and np.isclose(abs(model.geom_quat[geom] @ model.body_iquat[body]), 1.0, rtol=0.0, atol=1e-9)
            and np.allclose(
                solid_inertia(model.geom_type[geom], model.geom_size[geom], model.body_mass[body]),
                model.body_inertia[body],
                rtol=1e-6,
                atol=0.0,
            )
        ):
            return geom
    return None


def solid_inertia(shape: int, size: np.ndarray, mass: float) -> np.ndarray:
    """Principal moments of inertia (3,), kg m^2, of a solid primitive of uniform density about its center.

    `size` (3,), m, is as in `geom_size`; `mass` in kg.
    """
    if shape == _CAPSULE:
        return _capsule_inertia(size[0], 2 * size[1], mass)
    if shape == _CYLINDER:
        radius, half = size[0], size[1]
        across = mass * (3 * radius**2 + 4 * half**2) / 12
        return np.array([across, across, mass * radius**2 / 2])
    axes = np.full(3, size[0]) if shape == _SPHERE else size
    squares = axes**2
    return mass * (squares.sum() - squares) / (3 if shape == _BOX else 5)


def _capsule_inertia(radius: float, height: float, mass: float) -> np.ndarray:
    # A cylinder and two half spheres, each with the share of the mass that it has of the volume.
    ends = mass * 4 * radius / (4 * radius + 3 * height)
    middle = mass - ends
    across = middle * (3 * radius**2 + height**2) / 12
    across += ends * (2 * radius**2 / 5 + height * (3 * radius + 2 * height) / 8)
    along = middle * radius**2 / 2 + ends * 2 * radius**2 / 5
    return np.array([across, across, along])
