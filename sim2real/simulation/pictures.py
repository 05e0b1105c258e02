"""Pictures: many states in many worlds, as their cameras see them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from randomizers import Lens, WorldDistribution, Worlds
from sim2real.errors import UserError
from sim2real.simulation.marks import Mark
from sim2real.simulation.stage import FAST, Quality, Stage

if TYPE_CHECKING:
    from sim2real.tasks.task import Task

_AT_ONCE = 64
"""Worlds whose settings are kept at once."""


class Pictures:
    """Renders a task's cameras in worlds of a distribution, without simulating them.

    A picture depends on its world, state, frame and camera alone, not on the others rendered with it nor on their order.
    One process draws on one core: set LP_NUM_THREADS=0 and give each core a process of its own with some of the worlds.

    :param task: what is looked at.
    :param distribution: where the worlds are from; by default the task's own.
    :param cameras: names, in the order of the pictures; empty takes all that the model has.
    :param width, height: of a picture [pixels].
    :param quality: how finely it is drawn; None as the model says.
    :raises UserError: for an unknown camera, a model without any, and where there is no OpenGL.
    """

    def __init__(
        self,
        task: Task,
        distribution: WorldDistribution | None = None,
        cameras: Sequence[str] = (),
        width: int = 64,
        height: int = 64,
        quality: Quality | None = FAST,
    ) -> None:
        self.distribution = distribution or task.worlds
        target = task.target
        available = target.names("camera")
        self.cameras = tuple(cameras) or available
        """Names of the cameras, in the order of the pictures."""
        unknown = [name for name in self.cameras if name not in available]
        if unknown or not available:
            raise UserError(
                f"{task.name} has no camera {', '.join(map(repr, unknown))}; cameras: {', '.join(available) or 'none'}"
            )
        self.width, self.height = width, height
        self._ids = [target.id("camera", name) for name in self.cameras]
        self._lens = Lens(target, self.cameras)
        self._stage = Stage(target, width, height, quality)

    def render(
        self,
        worlds: Worlds,
        qpos: np.ndarray,
        frames: np.ndarray | None = None,
        marks: Sequence[Sequence[Mark]] | None = None,
    ) -> np.ndarray:
        """Pictures (n, cameras, h, w, 3) uint8 of n worlds in the states qpos (n, nq).

        `frames` (n,) are numbers of at least 0, 0 by default: pictures of one state in one world differ by their frame in
        what a camera adds to each anew, its noise and flicker. `marks` (n of them) are shown besides, by default none.
        """
        if len(qpos) != len(worlds):
            raise UserError(f"{len(worlds)} worlds want a state each, got {len(qpos)}")
        frames = np.zeros(len(worlds), np.int64) if frames is None else np.asarray(frames)
        pictures = np.empty((len(worlds), len(self._ids), self.height, self.width, 3), np.uint8)
        for start in range(0, len(worlds), _AT_ONCE):
            some = slice(start, start + _AT_ONCE)
            shown = ((),) * len(qpos[some]) if marks is None else marks[some]
            pictures[some] = self._render(worlds.take(np.arange(len(worlds))[some]), qpos[some], frames[some], shown)
        return pictures

    def _render(
        self, worlds: Worlds, qpos: np.ndarray, frames: np.ndarray, marks: Sequence[Sequence[Mark]]
    ) -> np.ndarray:
        fields, looks = self.distribution.settings(worlds), self.distribution.visual_settings(worlds)
        seeds = worlds.seeds.tolist()
        pictures = np.empty((len(worlds), len(self._ids), self.height, self.width, 3), np.uint8)
        for row, seed in enumerate(seeds):
            self._stage.show(fields, looks, row, seed)
            self._stage.pose(qpos[row])
            for place, camera in enumerate(self._ids):
                self._stage.draw(camera, pictures[row, place], marks[row])
        return self._lens.apply(pictures, looks, seeds, frames.tolist())

    def close(self) -> None:
        """Releases the graphics context."""
        self._stage.close()
