"""Pictures of a live simulation."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import mujoco
import numpy as np

from sim2real.errors import UserError

if TYPE_CHECKING:
    from sim2real.tasks.robot_simulation import RobotSimulation


class Camera:
    """Renders one world of a simulation with the task's visual model, sized as that world's object is.

    Headless machines render through EGL. Raises UserError where there is no OpenGL at all.
    """

    def __init__(self, simulation: RobotSimulation, width: int = 640, height: int = 480) -> None:
        self._simulation = simulation
        self._model = simulation.task.spec.compile()
        self._data = mujoco.MjData(self._model)
        self._nominal_size, self._nominal_pos = self._model.geom_size.copy(), self._model.geom_pos.copy()
        self._model.vis.global_.offwidth = max(self._model.vis.global_.offwidth, width)
        self._model.vis.global_.offheight = max(self._model.vis.global_.offheight, height)
        try:
            _follow_environment()
            self._renderer = mujoco.Renderer(self._model, height, width)
        except Exception as error:  # whatever the machine's OpenGL raises
            raise UserError(
                f"cannot render: {type(error).__name__}: {error}; on Debian or Ubuntu: "
                "apt-get install libegl1 libgl1-mesa-dri libopengl0"
            ) from error
        names = [self._model.camera(i).name for i in range(self._model.ncam)]
        self._camera: str | int = names[0] if names else -1

    def picture(self, world: int, qpos: np.ndarray | None = None) -> np.ndarray:
        """World `world` as it stands, or in another state qpos (nq,): (h, w, 3) uint8."""
        self._data.qpos[:] = self._simulation.sim.qpos[world] if qpos is None else qpos
        self._resize(world)
        mujoco.mj_forward(self._model, self._data)
        self._renderer.update_scene(self._data, self._camera)
        return self._renderer.render().copy()

    def _resize(self, world: int) -> None:
        """Scale each body's geoms as its first colliding geom is scaled in this world."""
        sizes = self._simulation.sim.fields.get("geom_size")
        if sizes is None:
            return
        physics = self._simulation.task.model
        for index in range(physics.ngeom):
            name = physics.geom(index).name
            if not name:
                continue
            factor = sizes[world, index, 0] / physics.geom_size[index, 0]
            body = self._model.geom_bodyid[self._model.geom(name).id]
            if factor != 1.0 or not np.array_equal(self._model.geom_size, self._nominal_size):
                own = self._model.geom_bodyid == body
                self._model.geom_size[own] = self._nominal_size[own] * factor
                self._model.geom_pos[own] = self._nominal_pos[own] * factor

    def close(self) -> None:
        """Release the graphics context."""
        self._renderer.close()


def _follow_environment() -> None:
    """MuJoCo looks at MUJOCO_GL when it is first imported, which may have been before this package set it."""
    if os.environ.get("MUJOCO_GL") == "egl":
        from mujoco.egl import GLContext

        sys.modules[mujoco.Renderer.__module__].gl_context.GLContext = GLContext
