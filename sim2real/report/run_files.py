"""RunFiles: all that a report is made of, read and checked."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from sim2real.errors import UserError
from sim2real.report.deploy_file import DeployFile
from sim2real.report.evaluation_file import EvaluationFile
from sim2real.report.json_file import FileModel, read_json
from sim2real.report.progress import Progress
from sim2real.runs.run_folder import RunFolder

EVALUATION, DEPLOY, VIDEO = "evaluation.json", "deploy.json", "video.mp4"
"""Files that a run's folder may hold beside those that training writes."""


class RunRecord(FileModel):
    """What `run.json` says."""

    task: str
    seed: int
    started: str
    git: str | None
    python: str
    machine: str
    versions: dict[str, str]
    command: str | None = None
    """The command line that began the run, if it was noted."""


@dataclass(frozen=True)
class RunFiles:
    """The contents of a run's folder; what is optional there is None where it is missing."""

    path: Path
    record: RunRecord
    config: dict[str, Any]
    worlds: str
    """Text of `worlds.yaml`."""
    progress: Progress
    evaluation: EvaluationFile | None
    deploy: DeployFile | None
    video: bytes | None

    @classmethod
    def read(cls, path: Path) -> RunFiles:
        """The folder at `path`. Raises UserError naming the file that is missing or damaged."""
        run = RunFolder.open(path)
        return cls(
            path=path,
            record=read_json(run.record_path, RunRecord),
            config=_config(run.config_path),
            worlds=_text(run.worlds_path),
            progress=Progress.read(run.progress_path),
            evaluation=_optional(path / EVALUATION, EvaluationFile),
            deploy=_optional(path / DEPLOY, DeployFile),
            video=_video(path / VIDEO),
        )

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.path.resolve().name

    @property
    def nominal(self) -> bool:
        """Whether training stayed in the nominal world, so that every drawn one is new to the policy."""
        return bool(self.config.get("nominal"))

    def command(self, *words: str) -> str:
        """A command about this run: `sim2real`, the first word, the run, the other words."""
        return shlex.join(["sim2real", words[0], str(self.path), *words[1:]])


def _optional(path: Path, model: type[Any]) -> Any:
    return read_json(path, model) if path.exists() else None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise UserError(f"cannot read {path}: {' '.join(str(error).split())}") from error


def _config(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(_text(path))
    except yaml.YAMLError as error:
        raise UserError(f"cannot read {path}: {' '.join(str(error).split())}") from error
    if not isinstance(content, dict):
        raise UserError(f"{path} is damaged: it holds no settings by name")
    return content


def _video(path: Path) -> bytes | None:
    if not path.exists():
        return None
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from error
    if content[4:8] != b"ftyp":
        again = shlex.join(["sim2real", "play", str(path.parent), "--video", str(path)])
        raise UserError(f"{path} is damaged: it is no MP4 file; make it anew with: {again}")
    return content
