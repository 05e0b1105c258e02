from __future__ import annotations

import os
import re
import subprocess
import sys
from contextlib import closing

import imageio.v2 as imageio
import numpy as np
import pytest

from randomizers import World, Worlds, preset
from sim2real.errors import UserError
from sim2real.simulation.camera import Camera
from sim2real.simulation.contact_sheet import contact_sheet, sheet_of_worlds
from sim2real.simulation.pictures import Pictures
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


def test_pictures_come_in_the_order_of_worlds_and_cameras() -> None:
    task = make_task("leap/rotate-z")
    with closing(Pictures(task, cameras=("behind", "front"), width=48, height=32)) as pictures:
        worlds = pictures.distribution.nominal(70)
        drawn = pictures.render(worlds, task.starts[:70])
        assert drawn.shape == (70, 2, 32, 48, 3) and drawn.dtype == np.uint8
        assert np.array_equal(pictures.render(worlds.take([67]), task.starts[67:68])[0], drawn[67])
    with closing(Pictures(task, width=48, height=32)) as pictures:
        assert pictures.cameras == ("front", "left", "behind")
        every = pictures.render(worlds.take([3]), task.starts[3:4])
    assert np.array_equal(every[0, [2, 0]], drawn[3])


def test_pictures_that_cannot_be_are_refused(camera) -> None:
    task = make_task("leap/rotate-z")
    with pytest.raises(UserError, match=re.escape("leap/rotate-z has no camera 'top'; cameras: front, left, behind")):
        Pictures(task, cameras=["front", "top"])
    with pytest.raises(UserError, match=re.escape("leap/rotate-z has no camera 'top'; cameras: front, left, behind")):
        Camera(camera.simulation, camera="top")
    with closing(Pictures(task)) as pictures, pytest.raises(UserError, match="2 worlds want a state each, got 3"):
        pictures.render(pictures.distribution.nominal(2), task.starts[:3])


def test_a_contact_sheet_has_its_pictures_row_by_row() -> None:
    pictures = np.stack([np.full((10, 20, 3), 30 * k, np.uint8) for k in range(5)])
    sheet = contact_sheet(pictures, columns=3)
    assert sheet.shape == (2 * 14 + 4, 3 * 24 + 4, 3)
    assert [int(sheet[8 + 14 * row, 10 + 24 * column, 0]) for row in (0, 1) for column in (0, 1, 2)] == [
        0,
        30,
        60,
        90,
        120,
        255,
    ]
    assert (sheet[:4] == 255).all() and (sheet[:, :4] == 255).all()


def test_a_sheet_of_worlds_shows_each_from_the_cameras_asked_for() -> None:
    task = make_task("leap/rotate-z")
    worlds = task.worlds.sample(np.random.default_rng(0), 3)
    sheet = sheet_of_worlds(task, worlds, cameras=("front", "left"), columns=2, width=40, height=30)
    assert sheet.shape == (2 * 34 + 4, 2 * 84 + 4, 3)
    first, second = sheet[4:34, 4:44], sheet[4:34, 44:84]
    assert reddish(first) > 5 and reddish(second) > 5 and not np.array_equal(first, second)


def test_worlds_whose_physics_alone_differs_look_alike_until_they_have_moved() -> None:
    task = make_task("leap/rotate-z")

    def sheet(name: str, after: float) -> np.ndarray:
        distribution = preset(name, task.target)
        worlds = distribution.sample(np.random.default_rng(0), 2)
        return sheet_of_worlds(task, worlds, distribution, columns=2, width=80, height=60, after=after)

    assert np.array_equal(sheet("nominal", 0.0), sheet("unseen-effects", 0.0))
    moved, otherwise = sheet("nominal", 0.5), sheet("unseen-effects", 0.5)
    assert np.array_equal(moved, sheet("nominal", 0.5))
    assert not np.array_equal(moved, sheet("nominal", 0.0))
    assert not np.array_equal(moved, otherwise)


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


def test_the_interpreter_ends_in_silence_though_other_finalizers_were_there_before_opengl() -> None:
    script = (
        "import tempfile; folder = tempfile.TemporaryDirectory()\n"
        "import mujoco; from sim2real.simulation.canvas import Canvas\n"
        "canvas = Canvas(mujoco.MjModel.from_xml_string('<mujoco/>'), 32, 32)"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (0, "")
