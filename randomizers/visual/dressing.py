"""dressed: a model whose every visible geom wears a material with a texture, so that all looks can be changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import mujoco
import numpy as np

from randomizers.inside import OWN_COLOUR, has_own_colour, is_visible
from randomizers.target import BACKGROUND, bodies_of

CUBE_WIDTH = 32
"""Texels along a side of the cube textures that are added."""
PLANE_WIDTH = 64
"""Texels along a side of the flat textures that are added to materials of planes."""

_RGB = int(mujoco.mjtTextureRole.mjTEXROLE_RGB)
_SKYBOX = int(mujoco.mjtTexture.mjTEXTURE_SKYBOX)
_PLANE = int(mujoco.mjtGeom.mjGEOM_PLANE)


def dressed(spec: mujoco.MjSpec, roles: Mapping[str, Sequence[str]]) -> mujoco.MjSpec:
    """A copy to compile the visual model from; its pictures are those of `spec`, pixel by pixel.

    Visible geoms with a colour of their own get a material of that colour. It is called as their role, or as the material
    that they wear under their colour; a second one `robot_2`, and so on. A material worn in several roles (the rest of
    the model is the role "background") becomes one for each. Every material that is seen and has no texture gets a white
    one of its own name, for `texture_pattern` to paint, and the sky its name, "sky".
    """
    spec = spec.copy()
    model = spec.compile()
    _name_sky(spec)
    role_of = {body: role for role in (*roles, BACKGROUND) for body in bodies_of(model, roles, role)}
    owners: dict[str, str] = {}
    made: dict[tuple[str, str, bytes], str] = {}
    flat: set[str] = set()
    curved: set[str] = set()
    for geom in spec.geoms:
        if not is_visible(model, geom.id):
            continue
        role, worn, rgba = role_of[int(model.geom_bodyid[geom.id])], geom.material, model.geom_rgba[geom.id]
        if has_own_colour(model, geom.id) or owners.setdefault(worn, role) != role:
            # A colour that differs from MuJoCo's usual one goes before the material's.
            kept = worn and np.array_equal(rgba, OWN_COLOUR)
            look = spec.material(worn).rgba if kept else rgba
            key = (role, worn, look.tobytes())
            if key not in made:
                made[key] = _new_material(spec, worn, worn or role, look)
            geom.material, geom.rgba = made[key], OWN_COLOUR
        (flat if model.geom_type[geom.id] == _PLANE else curved).add(geom.material)
    for material in spec.materials:
        if material.name in flat | curved and not any(material.textures):
            _add_texture(spec, material, plane=material.name in flat - curved)
    return spec


def _name_sky(spec: mujoco.MjSpec) -> None:
    for texture in spec.textures:
        if texture.type == _SKYBOX and not texture.name:
            texture.name = "sky"


def _new_material(spec: mujoco.MjSpec, worn: str, name: str, rgba: np.ndarray) -> str:
    taken = {material.name for material in spec.materials}
    number = 2
    free = name
    while free in taken:
        free, number = f"{name}_{number}", number + 1
    new = spec.add_material(name=free, rgba=rgba)
    if worn:
        old = spec.material(worn)
        for field in ("emission", "specular", "shininess", "reflectance", "metallic", "roughness"):
            setattr(new, field, getattr(old, field))
        for field in ("texuniform", "texrepeat"):
            setattr(new, field, getattr(old, field))
        for role, texture in enumerate(old.textures):
            new.textures[role] = texture
    return free


def _add_texture(spec: mujoco.MjSpec, material: mujoco.MjsMaterial, plane: bool) -> None:
    kind = mujoco.mjtTexture.mjTEXTURE_2D if plane else mujoco.mjtTexture.mjTEXTURE_CUBE
    width = PLANE_WIDTH if plane else CUBE_WIDTH
    texture = spec.add_texture(
        name=material.name,
        type=kind,
        builtin=mujoco.mjtBuiltin.mjBUILTIN_FLAT,
        rgb1=(1.0, 1.0, 1.0),
        rgb2=(1.0, 1.0, 1.0),
        width=width,
        height=width,
    )
    material.textures[_RGB] = texture.name


def bare_geoms(model: mujoco.MjModel, bodies: set[int]) -> list[str]:
    """Names, or else `geom` and its number, of the visible geoms on these bodies that have a colour of their own."""
    return [
        model.geom(geom).name or f"geom{geom}"
        for geom in range(model.ngeom)
        if int(model.geom_bodyid[geom]) in bodies and is_visible(model, geom) and has_own_colour(model, geom)
    ]
