"""Tasks of one's own: a robot's MJCF, a file that describes the task, and a file of worlds."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from sim2real.errors import UserError
from sim2real.tasks.own.description import read_description
from sim2real.tasks.own.mjcf import Mjcf
from sim2real.tasks.task import Task

SUFFIXES = (".yaml", ".yml")
"""What names of task files end in."""


def read_task(path: Path) -> Task:
    """The task that a file describes, made once as long as its files stay as they are.

    Raises UserError for files that are missing, or that say what cannot be.
    """
    path = path.resolve()
    description = read_description(path)
    worlds = path.parent / description.worlds
    if not worlds.is_file():
        raise UserError(f"{path}: worlds: there is no file {worlds}")
    files = (path, *Mjcf(path.parent / description.model).files)
    return _make(path, tuple((str(file.resolve()), _sha256(file)) for file in files), _sha256(worlds))


@cache
def _make(path: Path, files: tuple[tuple[str, str], ...], worlds: str) -> Task:
    from sim2real.tasks.own.hands import OwnReorient, OwnRotateZ
    from sim2real.tasks.own.reach import OwnReach

    description = read_description(path)
    kinds = {"rotate-z": OwnRotateZ, "reorient": OwnReorient, "reach": OwnReach}
    return kinds[description.kind](path, description, dict(files))


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
