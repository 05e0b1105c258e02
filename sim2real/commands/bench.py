"""sim2real bench."""

from __future__ import annotations

import importlib.util
import sys
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

    what: Annotated[Literal["sim"], tyro.conf.Positional] = "sim"
    """`sim`: TrialEnv against the batched physics alone."""
    task: str = "leap/rotate-z"
    """Name of the task."""
    worlds: tuple[int, ...] = (64, 256, 1024)
    """Numbers of worlds."""
    seconds: float = Field(4.0, gt=0)
    """How long each side of a comparison is measured [s]; they take turns."""
    threads: int = Field(0, ge=0)
    """Threads of the simulation; 0 takes one per core."""


def _benchmark(name: str) -> ModuleType:
    """A module of the repository's `benchmarks/`, which is not part of an installation. Raises UserError without it."""
    path = Path(__file__).parents[2] / "benchmarks" / f"{name}.py"
    if not path.is_file():
        raise UserError(f"{path} is missing: benchmarks run from a checkout of the repository")
    spec = importlib.util.spec_from_file_location(f"benchmarks.{name}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def run(options: Options) -> Result:
    """Measure, print rows with their targets."""
    task = make_task(options.task)
    if not isinstance(task, RobotTask):
        raise UserError(f"{task.name} has no physics to measure")
    measure = _benchmark("simulation").measure
    rows = [vars(row) for row in measure(task, options.worlds, options.seconds, options.threads)]
    shown = [
        (r["name"], r["value"], r["unit"], r["target"], {True: "yes", False: "NO", None: ""}[r["holds"]]) for r in rows
    ]
    return Result({"rows": rows}, table(shown, ("what", "value", "unit", "target", "holds")))
