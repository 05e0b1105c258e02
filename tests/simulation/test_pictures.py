from __future__ import annotations

import os
import subprocess
import sys

import imageio.v2 as imageio
import numpy as np
import pytest

from randomizers import World, Worlds
from sim2real.errors import UserError
from sim2real.simulation.camera import Camera
from sim2real.simulation.video import write_video
from sim2real.tasks import make_task


@pytest.fixture
def camera():
    """Looks at a nominal world and at one with a larger cube."""
    task = make_task("leap/rotate-z")
    worlds = Worlds.stack([task.worlds.complete(World(change))[0] for change in ({}, {"cube_size": 1.15})])
    simulation = task.simulate(2, 1)
    ids = np.arange(2)
    simulation.load(ids, worlds, ids)
    simulation.reset(ids, ids)
    camera = Camera(simulation, width=160, height=120)
    camera.simulation = simulation
    yield camera
    camera.close()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere MuJoCo renders without being told how")
def test_pictures_work_without_a_display_even_where_mujoco_was_imported_first() -> None:
    code = """
import mujoco
from sim2real.simulation.camera import Camera
from sim2real.tasks import make_task
assert Camera(make_task("leap/rotate-z").simulate(1, 1), 64, 48).picture(0).std() > 10.0
"""
    unset = ("MUJOCO_GL", "DISPLAY", "WAYLAND_DISPLAY")
    environment = {name: value for name, value in os.environ.items() if name not in unset}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True, timeout=120)


def reddish(picture: np.ndarray) -> int:
    """How many pixels have the cube's own colour."""
    red, green, blue = picture.astype(int).transpose(2, 0, 1)
    return int(((red > green + 60) & (red > blue + 60)).sum())


def test_a_picture_has_the_size_asked_for_and_shows_the_cube(camera) -> None:
    picture = camera.picture(0)
    assert picture.shape == (120, 160, 3) and picture.dtype == np.uint8
    assert reddish(picture) > 50


def test_each_world_is_shown_as_it_stands_or_in_the_state_given(camera) -> None:
    simulation = camera.simulation
    before = camera.picture(0)
    qpos = simulation.sim.qpos[0].copy()
    simulation.sim.qpos[0, 16] += 0.03
    assert not np.array_equal(camera.picture(0), before)
    assert np.array_equal(camera.picture(0, qpos), before)


def test_a_larger_cube_looks_larger_and_the_next_world_again_as_it_is(camera) -> None:
    qpos = camera.simulation.sim.qpos[0].copy()
    small, large, again = (camera.picture(world, qpos) for world in (0, 1, 0))
    assert reddish(large) > 1.1 * reddish(small)
    assert np.array_equal(again, small)


def test_a_video_is_read_back_with_all_its_frames(tmp_path) -> None:
    path = tmp_path / "new" / "film.mp4"
    frames = [np.full((64, 96, 3), 20 * k, np.uint8) for k in range(10)]
    write_video(path, frames, rate=20.0)
    with imageio.get_reader(path) as reader:
        assert reader.get_meta_data()["fps"] == 20.0
        seen = [frame.mean() for frame in reader]
    assert seen == pytest.approx([frame.mean() for frame in frames], abs=6.0)
    assert list(path.parent.iterdir()) == [path]


def test_a_video_that_cannot_be_finished_leaves_nothing_behind(tmp_path) -> None:
    def frames():
        yield np.zeros((64, 96, 3), np.uint8)
        raise RuntimeError("out of frames")

    with pytest.raises(RuntimeError, match="out of frames"):
        write_video(tmp_path / "film.mp4", frames(), rate=20.0)
    assert not list(tmp_path.iterdir())


def test_another_ending_than_mp4_is_refused(tmp_path) -> None:
    with pytest.raises(UserError, match=r"film.gif: videos are written as .mp4"):
        write_video(tmp_path / "film.gif", [], rate=20.0)
