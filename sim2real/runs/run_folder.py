"""RunFolder: where one training run lives on disk."""

from __future__ import annotations

import hashlib
import json
import platform
import subprocess
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from policies.checkpoint import write_atomically
from randomizers import WorldDistribution, Worlds, dump_worlds, load_worlds
from sim2real.errors import UserError
from sim2real.runs.config import TrainConfig
from sim2real.tasks import make_task
from sim2real.tasks.task import Task

PACKAGES = ("sim2real", "torch", "mujoco", "mjbatch", "numpy", "stable-baselines3", "gymnasium", "onnxruntime")


class RunFolder:
    """`run.json` (task, seed, versions, git revision), `config.yaml`, `worlds.yaml`, `checkpoint.pt`, `policy.zip`,
    `progress.csv` and TensorBoard events; with automatic domain randomization also `reached.yaml`, the worlds with the
    ranges reached."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.record_path = path / "run.json"
        self.config_path = path / "config.yaml"
        self.worlds_path = path / "worlds.yaml"
        self.reached_path = path / "reached.yaml"
        self.chosen_path = path / "worlds.json"
        self.checkpoint_path = path / "checkpoint.pt"
        self.policy_path = path / "policy.zip"
        self.progress_path = path / "progress.csv"

    @classmethod
    def create(cls, path: Path, task: Task, config: TrainConfig, worlds: WorldDistribution) -> RunFolder:
        """A new run at `path`, which must not exist yet or be an empty folder. Raises UserError otherwise."""
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise UserError(f"{path} exists already; give another --out, or go on with: sim2real resume {path}")
        path.mkdir(parents=True, exist_ok=True)
        run = cls(path)
        write_atomically(run.config_path, yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False).encode())
        write_atomically(run.worlds_path, dump_worlds(worlds).encode())
        if worlds.chosen is not None:
            write_atomically(run.chosen_path, (worlds.chosen.to_json() + "\n").encode())
        record = {
            "task": task.reference,
            "files": dict(task.files),
            "seed": config.seed,
            "started": datetime.now(timezone.utc).isoformat(timespec="seconds"),
            "git": git_revision(),
            "python": platform.python_version(),
            "machine": platform.machine(),
            "versions": versions(),
        }
        write_atomically(run.record_path, (json.dumps(record, indent=2) + "\n").encode())
        return run

    @classmethod
    def open(cls, path: Path) -> RunFolder:
        """The run at `path`. Raises UserError if it is not a run's folder."""
        run = cls(path)
        if not run.record_path.is_file():
            raise UserError(
                f"{path} is not a run's folder: it has no {run.record_path.name}; runs are made by: sim2real train"
            )
        return run

    @property
    def record(self) -> dict[str, Any]:
        """What `run.json` says. Raises UserError if it is damaged."""
        try:
            record = json.loads(self.record_path.read_text())
        except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
            raise UserError(f"cannot read {self.record_path}: {error}") from error
        if not isinstance(record, dict) or not isinstance(record.get("task"), str):
            raise UserError(f"cannot read {self.record_path}: it does not name the run's 'task'")
        return record

    @property
    def task(self) -> Task:
        """The task that was trained, as its reward was. Raises UserError where a file that it is read from is another now, or
        gone."""
        record = self.record
        for file, fingerprint in record.get("files", {}).items():
            path = Path(file)
            state = "is gone" if not path.is_file() else "has changed"
            if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != fingerprint:
                raise UserError(f"{file} {state} since {self.path} was trained on it; put it back, or train anew")
        return self.config.rewarded(make_task(record["task"]))

    @property
    def config(self) -> TrainConfig:
        """What decided the run. Raises UserError if the file is damaged."""
        try:
            return TrainConfig(**yaml.safe_load(self.config_path.read_text()))
        except (OSError, TypeError, UnicodeDecodeError, yaml.YAMLError, ValidationError) as error:
            raise UserError(f"cannot read {self.config_path}: {' '.join(str(error).split())}") from error

    def worlds(self, task: Task | None = None) -> WorldDistribution:
        """The distribution that was trained in, with the ranges that automatic domain randomization has reached. Raises
        UserError if a file cannot be read, WorldsError for its content."""
        given = self.given_worlds(task)
        if not self.reached_path.is_file():
            return given
        reached = self._load_worlds(self.reached_path, task)
        return given.replace_distributions({term.name: term.distribution for term in reached.terms})

    def given_worlds(self, task: Task | None = None) -> WorldDistribution:
        """The distribution as the run was given it: the widest that ranges can become. Raises as `worlds`."""
        return self._load_worlds(self.worlds_path, task)

    def _load_worlds(self, path: Path, task: Task | None) -> WorldDistribution:
        try:
            worlds = load_worlds(path, (task or self.task).target)
            return worlds.only(Worlds.from_json(self.chosen_path.read_text())) if self.chosen_path.is_file() else worlds
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f"cannot read {path}: {error}") from error


def versions() -> dict[str, str]:
    """Versions of the packages that results depend on."""
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def git_revision() -> str | None:
    """Commit of this checkout, with `+changes` where files differ from it; None outside a checkout."""
    try:
        here = Path(__file__).parent
        run = {"cwd": here, "capture_output": True, "text": True, "check": True, "timeout": 10}
        commit = subprocess.run(["git", "rev-parse", "HEAD"], **run).stdout.strip()  # type: ignore[call-overload]
        changed = subprocess.run(["git", "status", "--porcelain"], **run).stdout.strip()  # type: ignore[call-overload]
    except (OSError, subprocess.SubprocessError):
        return None
    return commit + ("+changes" if changed else "")
