"""sim2real bench."""

from __future__ import annotations

import sys
from importlib import import_module
from itertools import chain
from pathlib import Path
from types import ModuleType
from typing import Annotated, Literal

import tyro
from pydantic import BaseModel, ConfigDict, Field

from sim2real.cli import Result
from sim2real.commands.tables import table
from sim2real.errors import UserError
from sim2real.tasks import ROBOT_FAMILIES, make_task, task_class
from sim2real.tasks.robot_task import RobotTask
from sim2real.tasks.shadow_hand import ShadowHand


class Options(BaseModel):
    """What to measure."""

    model_config = ConfigDict(frozen=True)

    what: Annotated[Literal["sim", "train", "worlds", "departure", "stability"], tyro.conf.Positional] = "sim"
    """`sim`: TrialEnv against the batched physics alone, or, of a task gym/..., against those who step the original;
    `train`: LSTMPPO against other recurrent PPOs; `worlds`: what a published randomization costs; `departure`: how far
    the Shadow hand's fast physics departs from the stock model; `stability`: what breaks under random actions."""
    task: str = "leap/rotate-z"
    """Name of the task."""
    worlds: tuple[int, ...] | None = None
    """Numbers of worlds; if not given, 64, 256 and 1024 of `sim`, 64 and 256 of `train`, 64 of `departure`, 256 of the
    others."""
    seconds: float = Field(4.0, gt=0)
    """How long each side of a comparison is measured [s]; they take turns."""
    threads: int = Field(0, ge=0)
    """Threads of the simulation; 0 takes one per core."""
    steps: int = Field(1_000_000, ge=1)
    """Control steps of `stability`, of all worlds together."""
    run: Path | None = None
    """Folder of a run whose policy `departure` lets play in both physics."""


_BENCHMARKS = {
    "sim": ("simulation", (64, 256, 1024)),
    "train": ("training", (64, 256)),
    "worlds": ("worlds", (256,)),
    "peers": ("peers", (64,)),
    "departure": ("departure", (64,)),
    "stability": ("stability", (256,)),
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
    if benchmark == "departure" and not isinstance(task, ShadowHand):
        hands = [family for family, names in ROBOT_FAMILIES.items() if issubclass(task_class(names[0]), ShadowHand)]
        raise UserError(f"{task.name} has no fast physics beside stock ones; tasks that have: {', '.join(hands)}")
    module, counts = _BENCHMARKS[benchmark]
    measure, worlds = load_benchmark(module).measure, options.worlds or counts
    if benchmark == "departure":
        found = chain.from_iterable(measure(task, n, options.threads, options.run) for n in worlds)
    elif benchmark == "stability":
        found = chain.from_iterable(measure(task, options.steps, n, options.threads) for n in worlds)
    else:
        found = measure(task, worlds, options.seconds, options.threads)
    rows = [vars(row) for row in found]
    shown = [
        (r["name"], r["value"], r["unit"], r["target"], {True: "yes", False: "NO", None: ""}[r["holds"]]) for r in rows
    ]
    return Result({"rows": rows}, table(shown, ("what", "value", "unit", "target", "holds")))
