"""Writes a contact sheet of every preset, of worlds drawn from it, for docs/worlds.md.

MUJOCO_GL=egl python -m benchmarks.preset_sheets
"""

from __future__ import annotations

from pathlib import Path

import imageio.v2 as imageio
import numpy as np

from randomizers import PRESETS, preset
from sim2real.simulation.contact_sheet import sheet_of_worlds
from sim2real.tasks import make_task
from sim2real.tasks.robot_task import RobotTask

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "images" / "worlds"
TASKS = ("leap/rotate-z", "shadow/block-rotate-z")
WORLDS, COLUMNS = 6, 6
WIDTH, HEIGHT = 150, 112
SEED = 0
AFTER = (0.0, 0.8)
"""How long they have moved [s], a row each: looks show at once, physics only then."""


def main() -> None:
    """One JPEG a preset: for each task a row of worlds in start states, and one of the same after the same random actions."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in PRESETS:
        rows = []
        for task_name in TASKS:
            task = make_task(task_name)
            assert isinstance(task, RobotTask)
            distribution = preset(name, task.target)
            worlds = distribution.sample(np.random.default_rng(SEED), WORLDS)
            size = {"columns": COLUMNS, "width": WIDTH, "height": HEIGHT}
            rows += [sheet_of_worlds(task, worlds, distribution, **size, after=after) for after in AFTER]
        imageio.imwrite(FOLDER / f"{name}.jpg", np.concatenate(rows), quality=85)


if __name__ == "__main__":
    main()
