"""Tasks of gymnasium-robotics can be looked at, and tasks without anything to see say so."""

from __future__ import annotations

import sys
from pathlib import Path

import imageio.v2 as imageio
import mujoco
import mujoco.viewer
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
        frames = np.stack([frame for frame in reader]).astype(int)
    assert len(frames) == 10
    corner = frames[:, 80:, :80]
    assert corner.min() < 60 < 200 < corner.max(), "a caption"
    assert np.abs(frames[-1, :80] - frames[0, :80]).max() > 60, "the arm moves"


def test_worlds_of_gymnasium_robotics_are_pictured(tmp_path: Path, capsys) -> None:
    picture = tmp_path / "worlds.png"
    assert main(["worlds", "gym/HandReach-v3", "--n", "1", "--image", str(picture)]) == 0
    # The Shadow hand's green floor.
    red, green, blue = imageio.imread(picture)[..., :3].astype(int).transpose(2, 0, 1)
    assert ((green > red + 60) & (green > blue + 30)).mean() > 0.05


def test_what_cannot_be_looked_at_is_refused_with_what_can(capsys) -> None:
    assert main(["play", "mdp/n10"]) == 2
    line = capsys.readouterr().err
    assert "mdp/n10 has no robot to look at; tasks that do: leap/rotate-z," in line
    assert "gym/Fetch*-v4" in line and "maze" not in line.partition("tasks that do")[2]


class Viewer:
    """What MuJoCo's passive viewer lets programs do to it, without a window."""

    def __init__(self, model: mujoco.MjModel, data: mujoco.MjData) -> None:
        self.data = data
        self.user_scn = mujoco.MjvScene(model, 100)
        self.texts: list[str] = []
        self.shown: list[tuple[int, np.ndarray]] = []

    def __enter__(self) -> Viewer:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def is_running(self) -> bool:
        return len(self.shown) < 3

    def set_texts(self, texts: tuple[int | None, int | None, str | None, str | None]) -> None:
        self.texts.append(texts[2] or "")

    def sync(self) -> None:
        self.shown.append((self.user_scn.ngeom, self.data.qpos.copy()))


@pytest.mark.parametrize(("name", "shapes"), [("arm/reach", 1), ("shadow/reach", 5), ("gym/HandManipulateEgg-v1", 1)])
def test_the_viewer_is_given_states_goals_and_texts(name: str, shapes: int, monkeypatch) -> None:
    opened: list[Viewer] = []
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr(mujoco.viewer, "launch_passive", lambda *given: opened.append(Viewer(*given)) or opened[0])
    assert main(["play", name, "--policy", "random", "--seconds", "2"]) == 0
    (viewer,) = opened
    assert [count for count, _ in viewer.shown] == [shapes] * 3, "until it is closed"
    assert not np.array_equal(viewer.shown[0][1], viewer.shown[2][1])
    assert viewer.texts[0].startswith("0.0 s\nsuccess 0")
