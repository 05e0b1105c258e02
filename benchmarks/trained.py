"""Runs that benchmarks measure: trained by their task's own recipe, or gone on with."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

from sim2real.commands.train import new_run
from sim2real.runs import RunFolder, TrainConfig, train
from sim2real.runs.progress_csv import read_progress
from sim2real.tasks import make_task


def finished(task: str, seed: int, folder: Path, **changes: Any) -> RunFolder:
    """The run of a task and seed in that folder, trained to its end by the task's recipe, but for those changes of it.

    Raises SystemExit where the user ends it before, so that nothing unfinished is measured.
    """
    path = folder / f"{task.replace('/', '-')}-s{seed}"
    there = (path / "run.json").is_file()
    if there:
        run = RunFolder.open(path)
    else:
        run = new_run(task, path, TrainConfig(**(make_task(task).recipe | changes), seed=seed))
    if train(run, resume=there and run.checkpoint_path.is_file()).interrupted:
        raise SystemExit(f"{path} is not finished and was not measured; the same command goes on with it")
    return run


def minutes(run: RunFolder) -> float:
    """What collecting and learning took in all of the run's sessions; both are counted anew at every one."""
    rows = read_progress(run.progress_path)
    seconds = [sum(row[f"time/{part}_seconds"] for part in ("simulate", "act", "learn")) for row in rows]
    ends = [before for before, after in pairwise(seconds) if after < before]
    return (sum(ends) + seconds[-1]) / 60
