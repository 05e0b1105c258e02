"""Goals and captions in pictures."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from contextlib import closing
from functools import cache

import mujoco
import numpy as np
import pytest

from sim2real.simulation.camera import Camera
from sim2real.simulation.contact_sheet import sheet_of_worlds
from sim2real.simulation.marks import REACHED, WANTED, Ball, Copy, Mark, add_marks
from sim2real.simulation.stage import Stage
from sim2real.tasks import TASKS, Task, make_task
from sim2real.tasks.physics_simulation import PhysicsSimulation

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="renders through EGL")

WIDTH, HEIGHT = 160, 120
GYM_TASKS = [name for name in TASKS if name.startswith("gym/")]
GOAL_TASKS = (
    *("leap/reorient", "allegro/reorient", "shadow/block-rotate-z", "shadow/reach", "arm/push"),
    *("gym/HandReach-v3", "gym/HandManipulateEggRotate-v1", "gym/FetchPickAndPlace-v4"),
)


def started(name: str, worlds: int = 1) -> PhysicsSimulation:
    task = make_task(name)
    simulation = task.simulate(worlds, 1)
    ids = np.arange(worlds)
    simulation.load(ids, task.worlds.nominal(worlds), ids)
    simulation.reset(ids, ids)
    return simulation


@cache
def stage_of(name: str) -> Stage:
    stage = Stage(make_task(name).target, WIDTH, HEIGHT)
    stage.show({}, {}, 0, 0)
    return stage


def picture(task: Task, qpos: np.ndarray, marks: Iterable[Mark] = ()) -> np.ndarray:
    """What the first camera sees of the nominal world in a state."""
    stage = stage_of(task.name)
    stage.pose(qpos)
    out = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    stage.draw(task.target.id("camera", task.target.names("camera")[0]), out, marks)
    return out


def pixel_of(task: Task, point: np.ndarray) -> np.ndarray:
    """Column and row where the first camera sees a point."""
    model = task.target.visual_model
    data = mujoco.MjData(model)
    mujoco.mj_kinematics(model, data)
    mujoco.mj_camlight(model, data)
    camera = model.camera(task.target.names("camera")[0]).id
    x, y, z = data.cam_xmat[camera].reshape(3, 3).T @ (point - data.cam_xpos[camera])
    focal = HEIGHT / 2 / np.tan(np.deg2rad(model.cam_fovy[camera]) / 2)
    return np.array([WIDTH / 2 + focal * x / -z, HEIGHT / 2 - focal * y / -z])


def changed(before: np.ndarray, after: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The middle (column, row) of the pixels that differ, and which do (h, w)."""
    differ = (before != after).any(axis=2)
    rows, columns = np.nonzero(differ)
    return np.array([columns.mean(), rows.mean()]), differ


def test_a_ball_is_seen_where_it_is_and_nowhere_else() -> None:
    task = make_task("arm/reach")
    point = np.array([0.5, 0.1, 0.35])
    before = picture(task, task.starts[0])
    middle, differ = changed(before, picture(task, task.starts[0], [Ball(point, 0.03)]))
    assert np.abs(middle - pixel_of(task, point)).max() < 1.5
    rows, columns = np.nonzero(differ)
    assert np.hypot(columns - middle[0], rows - middle[1]).max() < 12
    assert np.array_equal(picture(task, task.starts[0]), before), "marks do not stay"


@pytest.mark.parametrize(
    ("name", "free"), [("gym/HandManipulatePen-v1", "object:joint"), ("gym/HandManipulateBlock-v1", "object:joint")]
)
def test_a_copy_of_a_body_looks_as_the_body_itself_would_there(name: str, free: str) -> None:
    task = make_task(name)
    first = int(task.model.joint(free).qposadr[0])
    here, there = task.model.qpos0.copy(), task.model.qpos0.copy()
    there[first : first + 7] = [1.03, 0.95, 0.25, 0.5, -0.5, 0.5, 0.5]
    away = here.copy()
    away[first + 2] -= 5.0
    moved = picture(task, there)
    assert changed(picture(task, away), moved)[1].sum() > 100
    copied = picture(task, away, [Copy("object", there[first : first + 3], there[first + 3 : first + 7])])
    assert np.abs(copied.astype(int) - moved).max() <= 2


def test_a_smaller_and_a_fainter_copy_change_less() -> None:
    task = make_task("gym/HandManipulateBlock-v1")
    place, turn = np.array([1.0, 0.8, 0.35]), np.array([1.0, 0.0, 0.0, 0.0])
    before = picture(task, task.model.qpos0).astype(int)
    whole, small, faint = (
        picture(task, task.model.qpos0, [Copy("object", place, turn, **how)]) - before
        for how in ({}, {"scale": 0.5}, {"opacity": 0.3})
    )
    assert small.any(axis=2).sum() < 0.4 * whole.any(axis=2).sum()
    assert np.abs(faint).sum() < 0.7 * np.abs(whole).sum()


@pytest.mark.parametrize("name", GOAL_TASKS)
def test_pictures_show_the_goal_and_physics_does_not_notice(name: str, monkeypatch) -> None:
    simulation = started(name)
    state = simulation.sim.state()
    with closing(Camera(simulation, WIDTH, HEIGHT)) as camera:
        shown = camera.picture(0)
        marks = simulation.marks(0)
        monkeypatch.setattr(type(simulation), "marks", lambda *_: ())
        middle, differ = changed(camera.picture(0), shown)
    assert np.array_equal(simulation.sim.state(), state)
    assert differ.sum() >= 3 and differ.mean() < 0.15
    seen = np.array([pixel_of(simulation.task, mark.position) for mark in marks])
    assert ((seen > 0) & (seen < [WIDTH, HEIGHT])).all(), "within the picture"
    assert np.hypot(*(middle - seen.mean(axis=0))) < 15


def test_another_goal_looks_different() -> None:
    simulation = started("leap/reorient", 2)
    simulation.sim.qpos[1] = simulation.sim.qpos[0]
    with closing(Camera(simulation, WIDTH, HEIGHT)) as camera:
        differ = changed(camera.picture(0), camera.picture(1))[1]
        assert differ.sum() > 50
        simulation.goal[1] = simulation.goal[0]
        assert np.array_equal(camera.picture(0), camera.picture(1))


@pytest.mark.parametrize("name", ["arm/reach", "shadow/reach", "gym/FetchReach-v4", "gym/HandReach-v3"])
def test_points_that_are_reached_have_another_colour(name: str) -> None:
    simulation = started(name)
    assert {mark.colour for mark in simulation.marks(0)} == {WANTED}
    # Until the hand has come to rest.
    for _ in range(25):
        simulation.goal[:] = simulation.achieved_goal if name.startswith("gym/") else simulation.achieved
        simulation.step(np.zeros((1, *simulation.task.action_space.shape), np.float32))
    assert {mark.colour for mark in simulation.marks(0)} == {REACHED}


def test_marks_are_added_to_another_scene_as_far_as_there_is_room() -> None:
    task = make_task("gym/HandManipulatePen-v1")
    model = task.target.visual_model
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    seen, onto, full = (mujoco.MjvScene(model, room) for room in (1000, 10, 1))
    everything = mujoco.mjtCatBit.mjCAT_ALL.value
    mujoco.mjv_updateScene(model, data, mujoco.MjvOption(), None, mujoco.MjvCamera(), everything, seen)
    before = seen.ngeom
    marks = [Copy("object", np.zeros(3), np.array([1.0, 0.0, 0.0, 0.0])), Ball(np.zeros(3), 0.01)]
    for scene in (onto, full):
        scene.ngeom = 0
        add_marks(marks, model, data, seen, scene)
    # The pen, the sites at its ends, and the ball.
    assert (seen.ngeom, onto.ngeom, full.ngeom) == (before, 4, 1)
    add_marks(marks, model, data, seen)
    assert seen.ngeom == before + 4


@pytest.mark.parametrize("name", GYM_TASKS)
def test_the_model_that_is_looked_at_has_the_state_that_is_simulated(name: str) -> None:
    task = make_task(name)
    visual = task.target.visual_model
    assert task.target.names("camera")[0] == "original"
    assert visual.nq == task.model.nq
    assert [visual.joint(i).name for i in range(visual.njnt)] == [task.model.joint(i).name for i in range(visual.njnt)]
    assert np.array_equal(visual.jnt_qposadr, task.model.jnt_qposadr)


@pytest.mark.parametrize("name", ["gym/FetchPush-v4", "shadow/reach"])
def test_a_sheet_shows_worlds_as_their_first_episodes_start(name: str) -> None:
    task = make_task(name)
    worlds = task.worlds.sample(np.random.default_rng(0), 2)
    sheet = sheet_of_worlds(task, worlds, columns=2, width=WIDTH, height=HEIGHT)
    simulation = task.simulate(2, 1)
    ids = np.arange(2)
    simulation.load(ids, worlds, ids)
    simulation.reset(ids, np.zeros(2, np.int64))
    with closing(Camera(simulation, WIDTH, HEIGHT)) as camera:
        assert np.array_equal(sheet[4 : 4 + HEIGHT, 4 : 4 + WIDTH], camera.picture(0))
        assert np.array_equal(sheet[4 : 4 + HEIGHT, 8 + WIDTH : 8 + 2 * WIDTH], camera.picture(1))


def test_a_caption_is_written_into_the_lower_left_corner() -> None:
    simulation = started("arm/reach")
    with closing(Camera(simulation, 320, 240)) as camera:
        plain, long, short = (camera.picture(0, caption=text) for text in ("", "1.0 s\ngoals 3", "1.0 s"))
    differ = (plain != long).any(axis=2)
    rows, columns = np.nonzero(differ)
    assert rows.min() > 120 and columns.max() < 160
    assert (long == 255).all(axis=2).sum() > 30, "white letters"
    assert (plain != short).any(axis=2).sum() < 0.7 * differ.sum()
