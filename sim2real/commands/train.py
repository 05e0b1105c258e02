"""sim2real train."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import tyro

from randomizers import load_worlds
from sim2real.cli import Result
from sim2real.errors import UserError
from sim2real.runs import RunFolder, TrainConfig, Trained, train
from sim2real.tasks import TASKS, make_task


class Options(TrainConfig):
    """A task, a folder for the run, and everything that decides it."""

    task: Annotated[str, tyro.conf.Positional]
    """Name of the task; `sim2real list tasks` shows them."""
    out: Path | None = None
    """Folder of the run; runs/TASK-DATE-TIME if not given."""


def default(arguments: list[str]) -> Options | None:
    """The task's own recipe, once the task is known."""
    if arguments and arguments[0] in TASKS:
        return Options(task=arguments[0], **make_task(arguments[0]).recipe)
    return None


def new_run(task_name: str, out: Path, config: TrainConfig) -> RunFolder:
    """The folder of a new run. Raises UserError for an unknown task, worlds of another task, or a folder in use."""
    task = make_task(task_name)
    if config.distribution is None:
        worlds = task.worlds
    else:
        worlds = load_worlds(config.distribution, task.target)
    if worlds.task not in (None, task.name):
        raise UserError(f"{config.distribution} describes worlds of {worlds.task!r}, not of {task.name!r}")
    return RunFolder.create(out, task, config, worlds)


def run(options: Options) -> Result:
    """Train until the steps or minutes are over, or Ctrl-C."""
    given = options.model_dump()
    task, out = given.pop("task"), given.pop("out")
    make_task(task)
    out = out or Path("runs") / f"{task.replace('/', '-')}-{datetime.now():%Y%m%d-%H%M%S}"
    return trained_result(new_run(task, out, TrainConfig(**given)))


def trained_result(folder: RunFolder, resume: bool = False) -> Result:
    """Train and say what came of it."""
    trained: Trained = train(folder, resume)
    data: dict[str, Any] = {"run": str(folder.path), **asdict(trained)}
    state = "stopped by you; go on with: sim2real resume" if trained.interrupted else "trained; next: sim2real evaluate"
    numbers = ", ".join(f"{name} {value:.3g}" for name, value in trained.metrics.items())
    text = (
        f"{trained.steps:,} steps in {trained.seconds:.0f} s; last training episodes: {numbers}\n{state} {folder.path}"
    )
    return Result(data, text)
