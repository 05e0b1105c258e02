"""Videos on disk."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import imageio.v2 as imageio
import numpy as np

from deploy_robot.output_file import make_room
from sim2real.errors import UserError


def check_video(path: Path) -> None:
    """Raises UserError or FileNotFoundError where no video could be written."""
    if path.suffix != ".mp4":
        raise UserError(f"{path}: videos are written as .mp4")
    make_room(path, "video")


def write_video(path: Path, frames: Iterable[np.ndarray], rate: float) -> None:
    """Encode frames (h, w, 3) uint8 at `rate` [1/s] as H.264, playable in browsers. Raises as `check_video` does."""
    check_video(path)
    draft = path.with_name(f".{path.name}.draft.mp4")
    try:
        # Its own context manager leaves the encoder running after an exception.
        with closing(imageio.get_writer(draft, fps=rate, codec="libx264", quality=7, macro_block_size=8)) as writer:
            for frame in frames:
                writer.append_data(frame)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
