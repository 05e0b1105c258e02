"""Terms of how large geoms are."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import mujoco
import numpy as np

from randomizers.target import Selection, Target
from randomizers.term import Term
from randomizers.terms.moments import (
    BOX,
    CAPSULE,
    CYLINDER,
    ELLIPSOID,
    PRIMITIVES,
    SPHERE,
    inertia_source,
    scale_spread,
    solid_spread,
)


class _SizeTerm(Term):
    """Factors on dimensions of primitive geoms about the geom's own center.

    Bounding sphere and box follow. Masses stay. A body's moments of inertia follow where they are those of the geom: a
    solid of uniform density with the body's mass, centered and oriented as the inertial frame (of several such geoms the
    first counts). Any other inertia, given explicitly or gathered from several geoms, stays as the model has it.

    MuJoCo also keeps trees of bounding boxes that are shared by all worlds and consulted where a body with several
    geoms meets another. A geom grown beyond its box would pass into the other unnoticed, so the body's margin, which
    these tests and no contact use, grows with its geoms.
    """

    selects = "geom"
    fields = ("geom_size", "geom_rbound", "geom_aabb", "body_inertia", "body_margin")
    recompute = True
    operations = ("scale",)
    above_lowest = True
    shapes: ClassVar[tuple[int, ...]]
    """Shapes that it can scale."""

    def check(self, target: Target, selection: Selection) -> None:
        model = target.model
        for geom, name in zip(selection.ids, selection.names, strict=True):
            if model.geom_type[geom] not in self.shapes:
                scalable = ", ".join(map(_shape_name, self.shapes))
                shape = _shape_name(model.geom_type[geom])
                raise self.refuse(name, f"it is a {shape}; shapes that {self.kind} can scale: {scalable}")
            if model.geom_fluid[geom, 0]:
                raise self.refuse(name, "its drag in a fluid was compiled from its size (fluidshape)")

    def current(self, target: Target, selection: Selection) -> np.ndarray:
        return target.model.geom_size[selection.ids][:, : len(self.parts)]

    @abstractmethod
    def dimensions(self, values: np.ndarray) -> np.ndarray:
        """The factor of each column of geom_size (n, m, 3), given those of the parts (n, m, parts)."""

    def apply_elements(
        self, target: Target, selection: Selection, fields: Mapping[str, np.ndarray], values: np.ndarray
    ) -> None:
        model, factors = target.model, self.dimensions(values)
        for column, geom in enumerate(selection.ids):
            shape, body = int(model.geom_type[geom]), model.geom_bodyid[geom]
            before = fields["geom_size"][:, geom].copy()
            after = before * factors[:, column]
            fields["geom_size"][:, geom] = after
            fields["geom_rbound"][:, geom] *= _radius(shape, after) / _radius(shape, before)
            fields["geom_aabb"][:, geom, 3:] *= _box(shape, after) / _box(shape, before)
            if inertia_source(model, body) == geom:
                more = solid_spread(shape, after) / solid_spread(shape, before)
                fields["body_inertia"][:, body] = scale_spread(fields["body_inertia"][:, body], more)
        for body in np.unique(model.geom_bodyid[selection.ids]):
            geoms = slice(model.body_geomadr[body], model.body_geomadr[body] + model.body_geomnum[body])
            growth = np.maximum(fields["geom_aabb"][:, geoms, 3:] - model.geom_aabb[geoms, 3:], 0.0)
            fields["body_margin"][:, body] = model.body_margin[body] + np.linalg.norm(growth, axis=-1).max(axis=1)


class Size(_SizeTerm):
    """Size of primitive geoms (sphere, capsule, ellipsoid, cylinder, box), m, as one factor on all dimensions, about their
    own centers. Masses stay. Moments of inertia follow where they are those of the geom as a solid; given explicitly or
    gathered from several geoms they stay as the model has them: add a term of kind `mass_spread`.
    """

    kind = "size"
    unit = "m"
    shapes = PRIMITIVES

    def dimensions(self, values: np.ndarray) -> np.ndarray:
        return np.broadcast_to(values, (*values.shape[:2], 3))


class Shape(_SizeTerm):
    """Size of boxes and ellipsoids, m, a factor along each of the geom's own axes. Masses stay, and moments of inertia follow
    as those of `size` do.
    """

    kind = "shape"
    unit = "m"
    shapes = (BOX, ELLIPSOID)
    parts = ("x", "y", "z")

    def dimensions(self, values: np.ndarray) -> np.ndarray:
        return values


class RoundShape(_SizeTerm):
    """Radius and half length of capsules and cylinders, m, a factor for each. The length of a capsule is that of its
    straight part. Masses stay, and moments of inertia follow as those of `size` do.
    """

    kind = "round_shape"
    unit = "m"
    shapes = (CAPSULE, CYLINDER)
    parts = ("radius", "length")

    def dimensions(self, values: np.ndarray) -> np.ndarray:
        return np.concatenate([values, np.ones((*values.shape[:2], 1))], axis=-1)


def shapes_inertia(term: Term, target: Target, selection: Selection) -> set[int]:
    """Bodies whose principal moments of inertia a term changes in their proportions by the shape of a geom."""
    if not isinstance(term, Shape | RoundShape):
        return set()
    model = target.model
    owners = [(int(model.geom_bodyid[geom]), int(geom)) for geom in selection.ids]
    return {body for body, geom in owners if inertia_source(model, body) == geom}


def _shape_name(shape: int) -> str:
    return mujoco.mjtGeom(int(shape)).name.removeprefix("mjGEOM_").lower()


def _box(shape: int, size: np.ndarray) -> np.ndarray:
    """Half lengths of the bounding box (n, 3), m, of a primitive of `size` (n, 3)."""
    if shape == SPHERE:
        return np.broadcast_to(size[:, :1], size.shape)
    if shape in (CAPSULE, CYLINDER):
        length = size[:, 1] + size[:, 0] if shape == CAPSULE else size[:, 1]
        return np.stack([size[:, 0], size[:, 0], length], axis=-1)
    return size


def _radius(shape: int, size: np.ndarray) -> np.ndarray:
    """Radius of the bounding sphere (n,), m, of a primitive of `size` (n, 3)."""
    if shape == CYLINDER:
        return np.hypot(size[:, 0], size[:, 1])
    return np.linalg.norm(size, axis=1) if shape == BOX else _box(shape, size).max(axis=1)
