"""Contact sheets: many pictures side by side, to be looked at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from randomizers import WorldDistribution, Worlds
from sim2real.simulation.pictures import Pictures

if TYPE_CHECKING:
    from sim2real.tasks.task import Simulation, Task

GAP = 4
"""White pixels between pictures."""
HELD = 0.3
"""How long an action of the motion that worlds are shown after is held [s]."""


def contact_sheet(pictures: np.ndarray, columns: int) -> np.ndarray:
    """Pictures (n, h, w, 3) uint8 row by row on a white sheet (H, W, 3) uint8 with so many columns."""
    count, height, width, _ = pictures.shape
    rows = -(-count // columns)
    sheet = np.full((rows * (height + GAP) + GAP, columns * (width + GAP) + GAP, 3), 255, np.uint8)
    for place, picture in enumerate(pictures):
        top, left = (
            GAP + k * size for k, size in zip(divmod(place, columns), (height + GAP, width + GAP), strict=True)
        )
        sheet[top : top + height, left : left + width] = picture
    return sheet


def sheet_of_worlds(
    task: Task,
    worlds: Worlds,
    distribution: WorldDistribution | None = None,
    cameras: Sequence[str] = (),
    columns: int = 4,
    width: int = 240,
    height: int = 180,
    after: float = 0.0,
) -> np.ndarray:
    """A contact sheet (H, W, 3) uint8 of worlds of a distribution, by default the task's own, each as its first episode
    starts, with the goal, or as it stands `after` so many seconds of the same random actions in all of them.

    Every world has its cameras side by side, by default the first alone; `columns` counts worlds. Raises UserError.
    """
    from sim2real.tasks.physics_simulation import PhysicsSimulation

    names = tuple(cameras) or task.target.names("camera")[:1]
    pictures = Pictures(task, distribution, names, width, height, quality=None)
    simulation = task.simulate(len(worlds), 0, distribution)
    assert isinstance(simulation, PhysicsSimulation)
    rows = np.arange(len(worlds))
    simulation.load(rows, worlds, rows)
    simulation.reset(rows, np.zeros(len(worlds), np.int64))
    _move(task, simulation, len(worlds), after)
    drawn = pictures.render(worlds, simulation.sim.qpos, marks=[simulation.marks(row) for row in range(len(worlds))])
    pictures.close()
    side_by_side = np.concatenate(list(np.moveaxis(drawn, 1, 0)), axis=2)
    return contact_sheet(side_by_side, columns)


def _move(task: Task, simulation: Simulation, worlds: int, seconds: float) -> None:
    """The same random actions in all worlds, each held for a while, so that they move the robot and not only shake it."""
    rng = np.random.default_rng(0)
    held = max(round(HELD / task.control_period), 1)
    action = np.zeros(task.action_space.shape or ())
    for step in range(round(seconds / task.control_period)):
        if step % held == 0:
            action = rng.uniform(-0.5, 0.5, action.shape)
        simulation.step(np.tile(action, (worlds, 1)))
