"""sim2real demo."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from rich.console import Console

from deploy_robot import RosSettings
from policies.checkpoint import write_atomically
from sim2real.cli import Result
from sim2real.commands import deploy, evaluate, export
from sim2real.commands.train import new_run, trained_result
from sim2real.errors import UserError
from sim2real.report import write_report
from sim2real.runs import RunFolder, TrainConfig
from sim2real.tasks import make_task

TASK = "leap/rotate-z"
SETTINGS = {
    "gamma_final": None,
    "steps": 6_000_000,
    "worlds": 64,
    "rollout": 16,
    "log_std": -1.2,
    "reward": ("drop=-30",),
}
"""Where the demonstration departs from the task's recipe: with small batches, a near horizon and cheaper drops the cube
mostly begins to turn in a third of the steps, and more cubes are dropped (docs/learning.md)."""
TWIN_SECONDS = 120.0
"""How long the twin may take to write its video when it is told to end [s]."""


class Options(BaseModel):
    """How much of everything."""

    model_config = ConfigDict(frozen=True)

    out: Path = Path("runs/demo")
    """Folder of the run; an earlier one there is moved aside, not overwritten."""
    minutes: float = Field(12.0, gt=0)
    """Minutes of training."""
    n: int = Field(64, ge=2)
    """Worlds of each kind to evaluate in."""
    seconds: float = Field(20.0, gt=0)
    """How long the policy drives the twin over ROS 2 [s]."""
    seed: int = Field(0, ge=0)
    """Seed of training and evaluation."""
    world: int = Field(1, ge=0)
    """Seed of the unseen world that the twin stands in; any number gives another one."""


def run(options: Options) -> Result:
    """Train, evaluate, export, run over ROS 2, report."""
    import deploy_robot.ros2.client  # noqa: F401  before anything takes time: refused here if ROS 2 is missing

    began = time.monotonic()
    console = Console(stderr=True)
    task = make_task(TASK)
    moved = _move_aside(options.out)
    if moved is not None:
        console.print(f"moved the earlier run to {moved}")
    console.rule(f"1/5  train {TASK} across randomized worlds, {options.minutes:g} minutes")
    config = TrainConfig(**{**task.recipe, **SETTINGS, "seed": options.seed, "minutes": options.minutes})
    folder = new_run(TASK, options.out, config)
    trained = trained_result(folder)
    if trained.data["interrupted"]:
        return Result(trained.data, trained.text, 130)
    console.rule("2/5  evaluate in seen and unseen worlds")
    evaluated = evaluate.run(evaluate.Options(run=str(folder.path), n=options.n, seed=options.seed))
    console.rule("3/5  export the bundle")
    exported = export.run(export.Options(run=folder.path))
    console.print(exported.text, highlight=False, soft_wrap=True)
    console.rule(f"4/5  drive the twin over ROS 2 in an unseen world, {options.seconds:g} s")
    driven = _drive(folder, Path(exported.data["bundle"]), options)
    console.print(driven.text, highlight=False, soft_wrap=True)
    console.rule("5/5  report")
    report = write_report(folder.path)
    minutes = (time.monotonic() - began) / 60
    data = {
        "run": str(folder.path),
        "report": str(report),
        "minutes": minutes,
        "training": trained.data,
        "evaluation": [{k: r[k] for k in ("policy", "worlds_kind", "metrics")} for r in evaluated.data["results"]],
        "ros2": driven.data,
    }
    twin = driven.data["twin"]
    text = (
        f"{evaluated.text}\n\n{driven.text}\n"
        f"twin in an unseen world: {twin['metric']} {twin['mean']:.3g} {twin['unit']}, {twin['drops']} drops "
        f"in {twin['seconds']:.0f} s\n\n"
        f"{minutes:.1f} minutes in all\n{report}"
    )
    return Result(data, text, driven.code)


def _move_aside(out: Path) -> Path | None:
    """Make room at `out` for a new run. Raises UserError if something else than a run is there."""
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return None
    earlier = RunFolder.open(out)
    started = str(earlier.record.get("started", "earlier")).replace(":", "").replace("+0000", "")
    aside = out.with_name(f"{out.name}-{started}")
    if aside.exists():
        raise UserError(f"{out} is in use and {aside} exists already; give another --out")
    return out.rename(aside)


def _drive(folder: RunFolder, bundle: Path, options: Options) -> Result:
    """Run the bundle against the twin in a second process; the report of both."""
    ros = RosSettings(domain_id=1 + os.getpid() % 100, localhost=True, match_timeout=30.0)
    twin_path, loop_path = folder.path / "twin.json", folder.path / "deploy.json"
    command = [
        *(sys.executable, "-m", "sim2real.cli", "twin", str(folder.path)),
        *("--kind", "unseen", "--seed", str(options.world)),
        *("--out", str(twin_path), "--video", str(folder.path / "video.mp4")),
        *("--ros.domain-id", str(ros.domain_id), "--ros.localhost", "--ros.match-timeout", "60"),
    ]
    with _process(command) as twin:
        driven = deploy.run(deploy.Options(bundle=bundle, seconds=options.seconds, ros=ros, out=loop_path))
        twin.send_signal(signal.SIGTERM)
        code = twin.wait(TWIN_SECONDS)
    if code != 0 or not twin_path.is_file():
        raise UserError(f"the twin ended with code {code}; run it by itself to see why: {' '.join(command[2:])}")
    summary = json.loads(twin_path.read_text())
    whole = json.loads(loop_path.read_text()) | {
        "twin": summary,
        "command": f"sim2real deploy {bundle} against: sim2real twin {folder.path} --kind unseen --seed {options.world}",
    }
    write_atomically(loop_path, json.dumps(whole).encode())
    return Result(driven.data | {"twin": summary}, driven.text, driven.code)


@contextmanager
def _process(command: list[str]) -> Iterator[subprocess.Popen[Any]]:
    """A process that does not outlive the block."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
