"""Models stripped to what physics needs, for training."""

from __future__ import annotations

from pathlib import Path

import mujoco


def physics_only(spec: mujoco.MjSpec) -> mujoco.MjModel:
    """Compile without textures, lights, cameras, unused meshes, and without geoms that neither collide nor weigh."""
    model = physics_spec(spec).compile()
    # A material that no longer names a texture keeps the index of the one it had.
    model.mat_texid[:] = -1
    return model


def physics_spec(spec: mujoco.MjSpec) -> mujoco.MjSpec:
    """What `physics_only` compiles.

    A geom is idle when it takes part in no contact (bits and explicit pairs) and carries no mass into its body.
    """
    spec = spec.copy()
    # MuJoCo looks textures up by the names of the compilation before: materials forget them now, textures go afterwards.
    for material in spec.materials:
        for role in range(len(material.textures)):
            material.textures[role] = ""
    paired = {name for pair in spec.pairs for name in (pair.geomname1, pair.geomname2)}
    compiled = spec.compile()
    # Deleting one geom renumbers the others: which are idle is settled before.
    for geom in [geom for geom in spec.geoms if _is_idle(geom, compiled, paired)]:
        spec.delete(geom)
    for thing in [*spec.lights, *spec.cameras]:
        spec.delete(thing)
    used = {geom.meshname for geom in spec.geoms}
    for asset in [*spec.textures, *(mesh for mesh in spec.meshes if mesh.name not in used)]:
        spec.delete(asset)
    return spec


def _is_idle(geom: mujoco.MjsGeom, compiled: mujoco.MjModel, paired: set[str]) -> bool:
    collides = compiled.geom_contype[geom.id] or compiled.geom_conaffinity[geom.id] or geom.name in paired
    weighs = geom.mass > 0 or (geom.mass != 0 and not geom.parent.explicitinertial)
    return not collides and not weighs


def load_spec(path: Path) -> mujoco.MjSpec:
    """Read an MJCF file."""
    return mujoco.MjSpec.from_file(str(path))
