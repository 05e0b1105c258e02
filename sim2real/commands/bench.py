"""sim2real bench."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Annotated, Literal

import tyro
from pydantic import BaseModel, ConfigDict, Field

from sim2real.cli import Result
from sim2real.commands.tables import table
from sim2real.errors import UserError
from sim2real.tasks import make_task
from sim2real.tasks.robot_task import RobotTask


class Options(BaseModel):
    """What to measure."""

    model_config = ConfigDict(frozen=True)

    what: Annotated[Literal["sim", "train", "worlds"], tyro.conf.Positional] = "sim"
    """`sim`: TrialEnv against the batched physics alone, or, of a task gym/..., against those who step the original;
    `train`: LSTMPPO against other recurrent PPOs; `worlds`: what a published randomization costs."""
    task: str = "leap/rotate-z"
    """Name of the task."""
    worlds: tuple[int, ...] | None = None
    """Numbers of worlds; 64, 256 and 1024 of `sim`, 64 and 256 of `train`, 256 of `worlds`, if not given."""
    seconds: float = Field(4.0, gt=0)
    """How long each side of a comparison is measured [s]; they take turns."""
    threads: int = Field(0, ge=0)
    """Threads of the simulation; 0 takes one per core."""


_BENCHMARKS = {
    "sim": ("simulation", (64, 256, 1024)),
    "train": ("training", (64, 256)),
    "worlds": ("worlds", (256,)),
    "peers": ("peers", (64,)),
}
"""Of each benchmark its module, and its numbers of worlds."""


def load_benchmark(name: str) -> ModuleType:
    """A module of the repository's `benchmarks/`, which is not part of an installation. Raises UserError without it."""
    folder = Path(__file__).parents[2] / "benchmarks"
    if not (folder / f"{name}.py").is_file():
        raise UserError(f"{folder / name}.py is missing: benchmarks run from a checkout of the repository")
    package = ModuleType("benchmarks")
    package.__path__ = [str(folder)]
    sys.modules[package.__name__] = package
    return import_module(f"benchmarks.{name}")


def run(options: Options) -> Result:
    """Measure, print rows with their targets."""
    task = make_task(options.task)
    benchmark = "peers" if options.what == "sim" and task.name.startswith("gym/") else options.what
    if benchmark != "peers" and not isinstance(task, RobotTask):
        raise UserError(f"{task.name} has no physics to measure by {options.what}")
    module, worlds = _BENCHMARKS[benchmark]
    measure = load_benchmark(module).measure
    rows = [vars(row) for row in measure(task, options.worlds or worlds, options.seconds, options.threads)]
    shown = [
        (r["name"], r["value"], r["unit"], r["target"], {True: "yes", False: "NO", None: ""}[r["holds"]]) for r in rows
    ]
    return Result({"rows": rows}, table(shown, ("what", "value", "unit", "target", "holds")))
