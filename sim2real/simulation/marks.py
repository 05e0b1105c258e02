"""Marks: what pictures show beside the model, such as goals. Physics knows nothing of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import mujoco
import numpy as np

WANTED = (0.95, 0.25, 0.20, 0.75)
"""Colour of a goal that is not reached, red, green, blue and opacity."""
REACHED = (0.25, 0.85, 0.30, 0.75)
"""Colour of one that is."""

_GEOM, _SITE = int(mujoco.mjtObj.mjOBJ_GEOM), int(mujoco.mjtObj.mjOBJ_SITE)
_MESH = int(mujoco.mjtGeom.mjGEOM_MESH)
_WORN = ("dataid", "matid", "texid", "texcoord", "texuniform", "emission", "specular", "shininess", "reflectance")
"""What a copied shape has from the one it is a copy of, besides its kind, size and colour."""


@dataclass(frozen=True, eq=False)
class Ball:
    """A point."""

    position: np.ndarray
    """Its centre (3,) [m], world axes."""
    radius: float
    """[m]"""
    colour: tuple[float, float, float, float] = WANTED
    """Red, green, blue, opacity."""


@dataclass(frozen=True, eq=False)
class Copy:
    """A second one of a body, in another pose: its shapes and sites as they are drawn."""

    body: str
    """Name of the body."""
    position: np.ndarray
    """Where it is (3,) [m], world axes."""
    orientation: np.ndarray
    """How it is turned (4,), w first."""
    scale: float = 1.0
    """Its size, as a factor; meshes keep theirs."""
    opacity: float = 1.0
    """0 to 1; multiplies that of what it is a copy of."""


Mark = Ball | Copy


def add_marks(
    marks: Iterable[Mark],
    model: mujoco.MjModel,
    data: mujoco.MjData,
    seen: mujoco.MjvScene,
    onto: mujoco.MjvScene | None = None,
) -> None:
    """Add marks to the scene `onto`, by default to `seen`, which holds the model as it stands; as many as find room."""
    onto = seen if onto is None else onto
    for mark in marks:
        if isinstance(mark, Ball):
            shape = _next_shape(onto)
            if shape is not None:
                size, colour = np.full(3, mark.radius), np.array(mark.colour, np.float32)
                mujoco.mjv_initGeom(shape, mujoco.mjtGeom.mjGEOM_SPHERE, size, mark.position, np.eye(3).ravel(), colour)
                _finish(shape)
        else:
            for original in list(_shapes_of(mark.body, model, seen)):
                shape = _next_shape(onto)
                if shape is not None:
                    _copy(mark, original, shape, data.body(mark.body))


def _next_shape(scene: mujoco.MjvScene) -> mujoco.MjvGeom | None:
    if scene.ngeom >= scene.maxgeom:
        return None
    scene.ngeom += 1
    return scene.geoms[scene.ngeom - 1]


def _shapes_of(body: str, model: mujoco.MjModel, scene: mujoco.MjvScene) -> Iterator[mujoco.MjvGeom]:
    """What a scene draws of a body."""
    index = model.body(body).id
    owners = {_GEOM: model.geom_bodyid, _SITE: model.site_bodyid}
    for place in range(scene.ngeom):
        shape = scene.geoms[place]
        if shape.objtype in owners and shape.category != mujoco.mjtCatBit.mjCAT_DECOR.value:
            if owners[shape.objtype][shape.objid] == index:
                yield shape


def _copy(mark: Copy, original: mujoco.MjvGeom, shape: mujoco.MjvGeom, body: mujoco.MjData.body) -> None:
    turned = np.empty(9)
    mujoco.mju_quat2Mat(turned, np.asarray(mark.orientation, float))
    turn = turned.reshape(3, 3) @ body.xmat.reshape(3, 3).T
    position = mark.position + mark.scale * turn @ (original.pos - body.xpos)
    colour = original.rgba.copy()
    colour[3] *= mark.opacity
    mujoco.mjv_initGeom(shape, original.type, np.ones(3), position, (turn @ original.mat).ravel(), colour)
    # A scene lists sizes in another order than a model does.
    shape.size[:] = original.size * (1.0 if original.type == _MESH else mark.scale)
    for name in _WORN:
        setattr(shape, name, getattr(original, name))
    shape.texrepeat[:] = original.texrepeat
    _finish(shape)


def _finish(shape: mujoco.MjvGeom) -> None:
    shape.category = mujoco.mjtCatBit.mjCAT_DECOR.value
    shape.transparent = bool(shape.rgba[3] < 1.0)
