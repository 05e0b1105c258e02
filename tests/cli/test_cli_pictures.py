"""Tasks of gymnasium-robotics can be looked at, and tasks without anything to see say so."""

from __future__ import annotations

import sys
from pathlib import Path

import imageio.v2 as imageio
import numpy as np
import pytest

from sim2real.cli import main

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="renders through EGL")


def test_a_task_of_gymnasium_robotics_is_filmed_with_the_time_that_passes(tmp_path: Path, capsys) -> None:
    film = tmp_path / "film.mp4"
    size = ["--width", "160", "--height", "120"]
    assert (
        main(["play", "gym/FetchReach-v4", "--policy", "random", "--seconds", "0.4", "--video", str(film), *size]) == 0
    )
    with imageio.get_reader(film) as reader:
        frames = np.stack(list(reader)).astype(int)
    assert len(frames) == 10
    corner = frames[:, 80:, :80]
    assert corner.min() < 60 < 200 < corner.max(), "a caption"
    assert np.abs(frames[-1, :80] - frames[0, :80]).max() > 60, "the arm moves"


def test_worlds_of_gymnasium_robotics_are_pictured(tmp_path: Path, capsys) -> None:
    picture = tmp_path / "worlds.png"
    assert main(["worlds", "gym/HandReach-v3", "--n", "1", "--image", str(picture)]) == 0
    # The Shadow hand's green floor.
    red, green, blue = imageio.imread(picture)[..., :3].astype(int).transpose(2, 0, 1)
    assert ((green > red + 60) & (green > blue + 30)).mean() > 0.1


def test_what_cannot_be_looked_at_is_refused_with_what_can(capsys) -> None:
    assert main(["play", "mdp/n10"]) == 2
    line = capsys.readouterr().err
    assert "mdp/n10 has no robot to look at; tasks that do: leap/rotate-z," in line
    assert "gym/Fetch*-v4" in line and "maze" not in line.partition("tasks that do")[2]
