"""inside: which elements of a model belong to some of its bodies."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import mujoco
import numpy as np

HIDDEN_GROUP = 3
"""Geoms of this group and later ones are not drawn."""
OWN_COLOUR = np.array([0.5, 0.5, 0.5, 1.0], np.float32)
"""MuJoCo's colour of a geom that takes its material's."""

_JOINT = int(mujoco.mjtTrn.mjTRN_JOINT)
_TENDON = int(mujoco.mjtTrn.mjTRN_TENDON)
_WRAP_JOINT = int(mujoco.mjtWrap.mjWRAP_JOINT)
_WRAP_SITE = int(mujoco.mjtWrap.mjWRAP_SITE)
_RGB = int(mujoco.mjtTextureRole.mjTEXROLE_RGB)
_SKYBOX = int(mujoco.mjtTexture.mjTEXTURE_SKYBOX)


def inside(kind: str, model: mujoco.MjModel, bodies: set[int]) -> set[int]:
    """Indices of the elements of a kind that belong to these bodies: bodies that have a mass, their geoms, joints, cameras
    and lights, the tendons and actuators that move these joints, the materials and textures that these geoms wear where
    they are visible. The sky belongs to the world."""
    return _INSIDE[kind](model, bodies)


def is_visible(model: mujoco.MjModel, geom: int) -> bool:
    """Whether a geom is drawn: it is in one of the groups that are, and not transparent through and through."""
    coloured = has_own_colour(model, geom)
    alpha = model.geom_rgba[geom, 3] if coloured else model.mat_rgba[model.geom_matid[geom], 3]
    return bool(model.geom_group[geom] < HIDDEN_GROUP and alpha > 0.0)


def has_own_colour(model: mujoco.MjModel, geom: int) -> bool:
    """Whether a geom is drawn in a colour of its own, and not in a material's."""
    return bool(model.geom_matid[geom] < 0 or not np.array_equal(model.geom_rgba[geom], OWN_COLOUR))


def _joints(model: mujoco.MjModel, bodies: set[int]) -> set[int]:
    return {joint for joint in range(model.njnt) if int(model.jnt_bodyid[joint]) in bodies}


def _tendons(model: mujoco.MjModel, bodies: set[int]) -> set[int]:
    joints = _joints(model, bodies)
    found = set()
    for tendon in range(model.ntendon):
        wraps = range(model.tendon_adr[tendon], model.tendon_adr[tendon] + model.tendon_num[tendon])
        for wrap in wraps:
            kind, thing = int(model.wrap_type[wrap]), int(model.wrap_objid[wrap])
            if (kind == _WRAP_JOINT and thing in joints) or (
                kind == _WRAP_SITE and int(model.site_bodyid[thing]) in bodies
            ):
                found.add(tendon)
    return found


def _actuators(model: mujoco.MjModel, bodies: set[int]) -> set[int]:
    moved = {_JOINT: _joints(model, bodies), _TENDON: _tendons(model, bodies)}
    return {
        actuator
        for actuator in range(model.nactuator)
        if int(model.actuator_trnid[actuator, 0]) in moved.get(int(model.actuator_trntype[actuator]), ())
    }


def _materials(model: mujoco.MjModel, bodies: set[int]) -> set[int]:
    return {
        int(model.geom_matid[geom])
        for geom in range(model.ngeom)
        if int(model.geom_bodyid[geom]) in bodies and is_visible(model, geom)
    }


def _textures(model: mujoco.MjModel, bodies: set[int]) -> set[int]:
    worn = {int(model.mat_texid[i, _RGB]) for i in _materials(model, bodies) if i >= 0}
    return worn | ({i for i in range(model.ntex) if model.tex_type[i] == _SKYBOX} if 0 in bodies else set())


_INSIDE: Mapping[str, Callable[[mujoco.MjModel, set[int]], set[int]]] = {
    "body": lambda model, bodies: {body for body in bodies if model.body_mass[body] > 0},
    "geom": lambda model, bodies: {geom for geom in range(model.ngeom) if int(model.geom_bodyid[geom]) in bodies},
    "joint": _joints,
    "tendon": _tendons,
    "actuator": _actuators,
    "camera": lambda model, bodies: {camera for camera in range(model.ncam) if int(model.cam_bodyid[camera]) in bodies},
    "light": lambda model, bodies: {light for light in range(model.nlight) if int(model.light_bodyid[light]) in bodies},
    "material": _materials,
    "texture": _textures,
}
