"""sim2real worlds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import tyro
from pydantic import Field

from policies.checkpoint import write_atomically
from randomizers import dump_world
from sim2real.cli import Result
from sim2real.commands.tables import table
from sim2real.errors import UserError
from sim2real.evaluation.choice import WorldsKind, choose_worlds
from sim2real.report.worlds_picture import write_worlds_picture
from sim2real.runs.world_source import WorldSource
from sim2real.simulation.contact_sheet import sheet_of_worlds
from sim2real.tasks import make_task


class Options(WorldSource):
    """Which worlds to draw."""

    task: Annotated[str, tyro.conf.Positional]
    """Name of the task, or its file."""
    kind: WorldsKind = "seen"
    """Draw from the training ranges, from the unseen ones, or nominal worlds."""
    n: int = Field(16, ge=1)
    """How many."""
    seed: int = Field(0, ge=0)
    """Seed of the draw."""
    image: Path | None = None
    """Write a picture there (.png): what the worlds look like, where the task has a robot, and histograms of their numbers."""
    after: float = Field(0.0, ge=0)
    """Show worlds after so many seconds of the same random actions in all of them, in which their physics shows, instead of as
    they start [s]."""
    out: Path | None = None
    """Write the worlds there as JSON, one file a world: OUT/0.json and so on, as `--world` of other commands takes."""


def run(options: Options) -> Result:
    """Draw worlds and show what was drawn."""
    task = make_task(options.task)
    if options.after and options.image is None:
        raise UserError(f"--after {options.after:g} is of a picture: give --image")
    if options.after and task.target.visual is None:
        raise UserError(f"--after {options.after:g}: {task.name} has no robot that moves")
    distribution = options.worlds_of(task)
    worlds = choose_worlds(distribution, options.kind, options.n, options.seed)
    if options.out is not None:
        if options.out.exists() and not options.out.is_dir():
            raise UserError(f"{options.out} is not a folder")
        options.out.mkdir(parents=True, exist_ok=True)
        for index, world in enumerate(worlds):
            write_atomically(options.out / f"{index}.json", (dump_world(world, distribution) + "\n").encode())
    title = f"{options.n} {options.kind} worlds of {task.name}"
    if options.image is not None:
        sheet = None if task.target.visual is None else sheet_of_worlds(task, worlds, distribution, after=options.after)
        write_worlds_picture(options.image, distribution, worlds, sheet, title)
    nominal = distribution.nominal(1).values[0]
    rows = [
        (name, distribution.units[name], float(nominal[k]), *map(float, _spread(worlds.values[:, k])))
        for k, name in enumerate(worlds.names)
    ]
    text = table(rows, ("parameter", "unit", "nominal", "lowest", "mean", "highest"))
    data = {
        "task": task.name,
        "kind": options.kind,
        "units": distribution.units,
        "left_out": distribution.left_out,
        "image": None if options.image is None else str(options.image),
        "worlds": [
            {"seed": world.seed, "fingerprint": world.fingerprint, "values": dict(world.values)} for world in worlds
        ],
    }
    left_out = "".join(f"\nleft out: {name}: {reason}" for name, reason in distribution.left_out.items())
    return Result(data, f"{title}\n\n{text}{left_out}" + (f"\n{options.image}" if options.image else ""))


def _spread(column: np.ndarray) -> tuple[float, float, float]:
    return column.min(), column.mean(), column.max()
