"""Pictures of a live simulation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from randomizers import Lens
from sim2real.errors import UserError
from sim2real.simulation.stage import Stage

if TYPE_CHECKING:
    from sim2real.tasks.physics_simulation import PhysicsSimulation


class Camera:
    """Photographs single worlds of a simulation as they look, sized as that world's object is.

    `camera` names one of the model's cameras; by default the first, or a free one where it has none. Headless machines
    render through EGL. Raises UserError for a name that there is none of, and where there is no OpenGL at all.
    """

    def __init__(
        self, simulation: PhysicsSimulation, width: int = 640, height: int = 480, camera: str | None = None
    ) -> None:
        self._simulation = simulation
        target = simulation.task.target
        names = target.names("camera")
        if camera is not None and camera not in names:
            raise UserError(f"{simulation.task.name} has no camera {camera!r}; cameras: {', '.join(names) or 'none'}")
        seen_by = (camera,) if camera is not None else names[:1]
        self._camera = target.id("camera", seen_by[0]) if seen_by else -1
        self._lens = Lens(target, seen_by)
        self._shape = (height, width, 3)
        self._stage = Stage(target, width, height)

    def picture(self, world: int, qpos: np.ndarray | None = None, caption: str = "") -> np.ndarray:
        """World `world` as it stands, or in another state qpos (nq,): (h, w, 3) uint8. Its goals are shown, and a caption
        if given; noise is that of the episode's present step."""
        simulation = self._simulation
        present = simulation.present_worlds.take([world])
        looks = simulation.distribution.visual_settings(present)
        fields = {name: values[world : world + 1] for name, values in simulation.sim.fields.items()}
        seed = int(present.seeds[0])
        self._stage.show(fields, looks, 0, seed)
        self._stage.pose(simulation.sim.qpos[world] if qpos is None else qpos)
        picture = np.empty(self._shape, np.uint8)
        self._stage.draw(self._camera, picture, simulation.marks(world))
        if self._camera >= 0:
            picture = self._lens.apply(picture[None, None], looks, [seed], [int(simulation.steps[world])])[0, 0]
        if caption:
            self._stage.caption(caption, picture)
        return picture

    def close(self) -> None:
        """Release the graphics context."""
        self._stage.close()
