"""sim2real train."""

from __future__ import annotations

import shutil
import sys
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import tyro

from randomizers import Worlds
from sim2real.cli import Result
from sim2real.errors import UserError
from sim2real.evaluation.choice import kinds_of, read_world
from sim2real.runs import RunFolder, TrainConfig, Trained, load_policy, train
from sim2real.runs.adr import make_adr
from sim2real.runs.baseline_limits import BASELINES
from sim2real.runs.baselines import baseline_class
from sim2real.tasks import is_task, make_task


class Options(TrainConfig):
    """A task, a folder for the run, and everything that decides it."""

    task: Annotated[str, tyro.conf.Positional]
    """Name of the task (`sim2real list tasks` shows them), or a file of one that `sim2real new-task` wrote."""
    out: Path | None = None
    """Folder of the run; runs/TASK-DATE-TIME if not given."""


def default(arguments: list[str]) -> Options | None:
    """The task's own recipe, once the task is known, as far as the algorithm can follow it."""
    if arguments and is_task(arguments[0]):
        algo = _algo(arguments)
        limits = {"algo": algo, **BASELINES[algo]} if algo in BASELINES else {}
        return Options(task=arguments[0], **{**make_task(arguments[0]).recipe, **limits})
    return None


def _algo(arguments: list[str]) -> str:
    """What follows `--algo`, before the command line is read as a whole."""
    for argument, following in zip(arguments, [*arguments[1:], ""], strict=True):
        name, equals, value = argument.partition("=")
        if name == "--algo":
            return value if equals else following
    return ""


def new_run(task_name: str, out: Path, config: TrainConfig) -> RunFolder:
    """The folder of a new run. Raises UserError for an unknown task, worlds of another task or that cannot be trained in
    as asked for, or a folder in use."""
    task = config.rewarded(make_task(task_name))
    worlds = config.worlds_of(task)
    if config.world:
        worlds = worlds.only(Worlds.stack([read_world(path, worlds)[0] for path in config.world]))
    if config.unseen:
        worlds = worlds.split()[1]
    if config.finite is not None:
        worlds = worlds.limited(config.finite, config.finite_seed)
    make_adr(task, config, worlds)
    if config.held_out and "unseen" not in kinds_of(worlds):
        raise UserError(f"held_out={config.held_out}: {task.name} has no worlds held out; give a finite set: --finite")
    if config.start_from is not None:
        load_policy(RunFolder.open(config.start_from))
    if config.algo in BASELINES:
        baseline_class(config.algo)
    return RunFolder.create(out, task, config, worlds)


def run(options: Options) -> Result:
    """Train until the steps or minutes are over, or Ctrl-C."""
    given = options.model_dump()
    task, out = given.pop("task"), given.pop("out")
    named = make_task(task)
    out = out or Path("runs") / f"{named.name.replace('/', '-')}-{datetime.now():%Y%m%d-%H%M%S}"
    config = TrainConfig(**given)
    folder = new_run(task, out, config)
    if config.algo in BASELINES:
        _say_what_differs(config, named.recipe)
    try:
        return trained_result(folder)
    except UserError:
        if not folder.progress_path.exists():  # refused before anything was learnt
            shutil.rmtree(folder.path)
        raise


def _say_what_differs(config: TrainConfig, recipe: dict[str, Any]) -> None:
    """One line on stderr: where a baseline cannot follow the task's recipe."""
    usual = TrainConfig(**recipe)
    differing = [
        f"{name}={value!r} (recipe: {getattr(usual, name)!r})"
        for name, value in BASELINES[config.algo].items()
        if getattr(usual, name) != value
    ]
    print(f"sim2real: {config.algo} learns with {', '.join(differing)}", file=sys.stderr)


def trained_result(folder: RunFolder, resume: bool = False) -> Result:
    """Train and say what came of it."""
    trained: Trained = train(folder, resume)
    data: dict[str, Any] = {"run": str(folder.path), **asdict(trained)}
    resumable = trained.interrupted and folder.config.algo not in BASELINES
    next_command = "go on with: sim2real resume" if resumable else "next: sim2real evaluate"
    state = f"{'stopped by you' if trained.interrupted else 'trained'}; {next_command}"
    numbers = ", ".join(f"{name} {value:.3g}" for name, value in trained.metrics.items())
    text = (
        f"{trained.steps:,} steps in {trained.seconds:.0f} s; last training episodes: {numbers}\n{state} {folder.path}"
    )
    return Result(data, text)
