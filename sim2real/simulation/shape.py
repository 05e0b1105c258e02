"""Shape: a visual model with the sizes and places that a world's physics has."""

from __future__ import annotations

from collections.abc import Mapping

import mujoco
import numpy as np

SHARED = ("body_pos", "body_quat", "jnt_pos", "jnt_axis", "qpos0")
"""Fields that a model and its visual compilation have in common, element by element."""


class Shape:
    """Writes physics fields of worlds into a visual compilation of the same model.

    A body is drawn as large as its first resized geom is in the world: geoms that only the visual model has grow along.
    Meshes are drawn as they are.
    """

    def __init__(self, physics: mujoco.MjModel, visual: mujoco.MjModel) -> None:
        self._physics, self._visual = physics, visual
        self._nominal_size, self._nominal_pos = visual.geom_size.copy(), visual.geom_pos.copy()
        twins = []
        for geom in range(physics.ngeom):
            name = physics.geom(geom).name
            if name and mujoco.mj_name2id(visual, mujoco.mjtObj.mjOBJ_GEOM, name) >= 0:
                twins.append((geom, visual.geom(name).id))
        self._twins = np.array(twins, np.intp).reshape(-1, 2)

    def write(self, fields: Mapping[str, np.ndarray], row: int) -> None:
        """Takes the shape of one row of physics fields (n, ...)."""
        for name in SHARED:
            if name in fields:
                getattr(self._visual, name)[...] = fields[name][row]
        if "geom_size" in fields:
            self._resize(fields["geom_size"][row])

    def _resize(self, sizes: np.ndarray) -> None:
        visual = self._visual
        visual.geom_size[:], visual.geom_pos[:] = self._nominal_size, self._nominal_pos
        resized: set[int] = set()
        for geom, twin in self._twins:
            nominal = self._physics.geom_size[geom]
            body = int(visual.geom_bodyid[twin])
            if body in resized or np.array_equal(sizes[geom], nominal):
                continue
            resized.add(body)
            factor = np.divide(sizes[geom], nominal, out=np.ones(3), where=nominal > 0.0)
            if visual.geom_type[twin] != int(mujoco.mjtGeom.mjGEOM_BOX):
                # Other shapes have sizes that are not along the axes.
                factor[:] = factor[0]
            own = visual.geom_bodyid == body
            visual.geom_size[own] *= factor
            visual.geom_pos[own] *= factor
        for geom, twin in self._twins:
            visual.geom_size[twin] = sizes[geom]
