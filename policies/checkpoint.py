"""Checkpoints on disk: written in one piece, and refused when damaged."""

from __future__ import annotations

import hashlib
import io
import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import torch

MAGIC = b"sim2real-checkpoint-1\n"


class CheckpointError(ValueError):
    """A checkpoint is missing, damaged, or not one."""


def write_atomically(path: Path, content: bytes) -> None:
    """Replace `path` by `content` so that at any moment it is either wholly the old or wholly the new file."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write tensors, arrays, numbers, text and lists, tuples and dicts of them. Raises TypeError for anything else."""
    buffer = io.BytesIO()
    torch.save(_to_tensors(state), buffer)
    payload = buffer.getvalue()
    write_atomically(path, MAGIC + hashlib.sha256(payload).digest() + payload)


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Read back what `save_checkpoint` wrote. Raises CheckpointError, naming the file and what is wrong with it."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"cannot read checkpoint {path}: {error.strerror}") from error
    start = len(MAGIC) + hashlib.sha256().digest_size
    if not content.startswith(MAGIC):
        raise CheckpointError(f"{path} is not a checkpoint: it does not begin with {MAGIC.decode().strip()!r}")
    payload = content[start:]
    if hashlib.sha256(payload).digest() != content[len(MAGIC) : start]:
        raise CheckpointError(f"checkpoint {path} is damaged: its contents do not match its sha256")
    try:
        return _to_arrays(torch.load(io.BytesIO(payload), weights_only=True))
    except (pickle.UnpicklingError, RuntimeError) as error:
        raise CheckpointError(f"checkpoint {path} holds something that checkpoints do not") from error


_ARRAY = "__array__"
"""Key of a tensor that was a NumPy array."""


def _to_tensors(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return {_ARRAY: torch.from_numpy(np.array(value, order="C")), "shape": list(value.shape)}
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, dict):
        return {key: _to_tensors(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_to_tensors(item) for item in value)
    if value is None or isinstance(value, torch.Tensor | int | float | str):
        return value
    raise TypeError(f"a checkpoint cannot hold a {type(value).__name__}: {value!r}")


def _to_arrays(value: Any) -> Any:
    if isinstance(value, dict):
        if _ARRAY in value:
            return value[_ARRAY].numpy().reshape(value["shape"])
        return {key: _to_arrays(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_to_arrays(item) for item in value)
    return value
