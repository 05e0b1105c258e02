"""Stage: a task's visual model, made up as one world after another and photographed."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import mujoco
import numpy as np

from randomizers import Appearance, Target
from sim2real.simulation.canvas import Canvas
from sim2real.simulation.marks import Mark
from sim2real.simulation.shape import Shape


@dataclass(frozen=True)
class Quality:
    """How finely pictures are drawn."""

    samples: int
    """Samples per pixel against jagged edges; 0 for one without more."""
    shadow_map: int
    """Texels along a side of the map that shadows are read from; where there are shadows it costs most of the time."""
    slices: int
    """Facets around a round shape."""


FAST = Quality(samples=0, shadow_map=512, slices=12)
"""For pictures by the thousand."""


class Stage:
    """`quality` None draws as the model says."""

    def __init__(self, target: Target, width: int, height: int, quality: Quality | None = None) -> None:
        self._model = copy.copy(target.visual_model)
        if quality is not None:
            settings = self._model.vis.quality
            settings.offsamples, settings.shadowsize = quality.samples, quality.shadow_map
            settings.numslices, settings.numstacks = quality.slices, max(quality.slices // 2, 3)
        self._data = mujoco.MjData(self._model)
        self._shape = Shape(target.model, self._model)
        self._appearance = Appearance(target, self._model)
        self._canvas = Canvas(self._model, width, height)

    def show(self, fields: Mapping[str, np.ndarray], looks: Mapping[str, np.ndarray], row: int, seed: int) -> None:
        """Becomes the world with that seed in one row of physics fields and of visual settings (n, ...)."""
        self._shape.write(fields, row)
        for texture in self._appearance.show(looks, row, seed):
            self._canvas.upload(texture)

    def pose(self, qpos: np.ndarray) -> None:
        """Takes the state qpos (nq,); to be called after `show`, as cameras and lights follow from both."""
        self._data.qpos[:] = qpos
        mujoco.mj_kinematics(self._model, self._data)
        mujoco.mj_comPos(self._model, self._data)
        mujoco.mj_camlight(self._model, self._data)
        mujoco.mj_tendon(self._model, self._data)

    def draw(self, camera: int, out: np.ndarray, marks: Iterable[Mark] = ()) -> None:
        """What a camera, by its number, sees now, and marks: into out (h, w, 3) uint8; -1 for a free one."""
        self._canvas.draw(self._data, camera, out, marks)

    def caption(self, text: str, picture: np.ndarray) -> None:
        """Writes lines of text into a picture (h, w, 3) uint8."""
        self._canvas.caption(text, picture)

    def close(self) -> None:
        """Releases the graphics context."""
        self._canvas.close()
