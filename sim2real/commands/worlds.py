"""sim2real worlds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import tyro
from pydantic import BaseModel, ConfigDict, Field

from policies.checkpoint import write_atomically
from randomizers import load_worlds
from sim2real.cli import Result
from sim2real.commands.tables import table
from sim2real.errors import UserError
from sim2real.evaluation.choice import WorldsKind, choose_worlds
from sim2real.tasks import make_task


class Options(BaseModel):
    """Which worlds to draw."""

    model_config = ConfigDict(frozen=True)

    task: Annotated[str, tyro.conf.Positional]
    """Name of the task."""
    distribution: Path | None = None
    """YAML file of the worlds; the task's own if not given. A file that cannot be used is refused with the reason."""
    kind: WorldsKind = "seen"
    """Draw from the training ranges, from the unseen ones, or nominal worlds."""
    n: int = Field(16, ge=1)
    """How many."""
    seed: int = Field(0, ge=0)
    """Seed of the draw."""
    out: Path | None = None
    """Write the worlds there as JSON, one file a world: OUT/0.json and so on, as `--world` of other commands takes."""


def run(options: Options) -> Result:
    """Draw worlds and show what was drawn."""
    task = make_task(options.task)
    distribution = task.worlds if options.distribution is None else load_worlds(options.distribution, task.target)
    worlds = choose_worlds(distribution, options.kind, options.n, options.seed)
    if options.out is not None:
        if options.out.exists() and not options.out.is_dir():
            raise UserError(f"{options.out} is not a folder")
        options.out.mkdir(parents=True, exist_ok=True)
        for index, world in enumerate(worlds):
            write_atomically(options.out / f"{index}.json", (world.to_json() + "\n").encode())
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
        "worlds": [
            {"seed": world.seed, "fingerprint": world.fingerprint, "values": dict(world.values)} for world in worlds
        ],
    }
    return Result(data, f"{options.n} {options.kind} worlds of {task.name}\n\n{text}")


def _spread(column: np.ndarray) -> tuple[float, float, float]:
    return column.min(), column.mean(), column.max()
