"""make_room: whether a file that is wanted at the end can be written, asked before anything takes time or moves."""

import os
from pathlib import Path


def make_room(path: Path, option: str) -> None:
    """The folder of a file that is to be written. Raises FileNotFoundError, naming the option, where it cannot be."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileNotFoundError(f"{option}: cannot write {path}: {path.parent}: {error.strerror}") from error
    if path.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK):
        raise FileNotFoundError(f"{option}: cannot write {path}: wanted a file in a folder that can be written to")
