"""Which orientations goals are drawn from, and what of a pen counts."""

from __future__ import annotations

import numpy as np
import pytest

from deploy_robot.quaternions import conjugate, from_rotation_vector, from_yaw, multiply, rotate, rotation_vector
from sim2real.tasks.goal_orientations import GoalOrientations
from sim2real.tasks.shadow_objects import OBJECTS

N = 20_000
UP = np.array([0.0, 0.0, 1.0])


def anyhow(n: int, seed: int) -> np.ndarray:
    """Orientations (n, 4) that are uniform."""
    q = np.random.default_rng(seed).normal(size=(n, 4))
    return q / np.linalg.norm(q, axis=1, keepdims=True)


@pytest.fixture(params=OBJECTS)
def thing(request: pytest.FixtureRequest):
    return OBJECTS[request.param]


def goals_of(orientations: GoalOrientations, nearest: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Many starts and the goals that are drawn for them."""
    starts = anyhow(N, 0)
    return starts, orientations.draw(starts, np.random.default_rng(1).random((N, 3)), nearest)


@pytest.mark.parametrize("turns", ["z", "parallel", "xyz"])
def test_no_goal_is_nearer_than_allowed(thing, turns) -> None:
    orientations = thing.orientations(turns)
    angle = np.linalg.norm(orientations.rotation(*goals_of(orientations, 0.8)), axis=1)
    assert angle.min() > 0.8 - 1e-6
    assert angle.max() <= np.pi + 1e-9


def test_goals_about_the_vertical_lie_and_are_turned_by_any_angle(thing) -> None:
    _, goals = goals_of(thing.orientations("z"))
    turn = multiply(goals, conjugate(np.array(thing.lying)))
    assert np.abs(turn[:, 1:3]).max() < 1e-12
    angle = rotation_vector(turn)[:, 2]
    assert np.histogram(angle, 8, (-np.pi, np.pi))[0] / N == pytest.approx([1 / 8] * 8, abs=0.012)


def test_parallel_goals_have_each_of_the_six_sides_up_alike_and_any_angle(thing) -> None:
    _, goals = goals_of(thing.orientations("parallel"))
    up = rotate(conjugate(goals), UP)
    side = np.abs(up).argmax(axis=1) + 3 * (up.sum(axis=1) < 0)
    assert np.abs(up).max(axis=1) == pytest.approx(np.ones(N))
    assert np.bincount(side, minlength=6) / N == pytest.approx([1 / 6] * 6, abs=0.012)
    heading = rotate(goals, np.array([1.0, 0.0, 0.0]))[np.isin(side, (1, 2, 4, 5))]
    around = np.histogram(np.arctan2(heading[:, 1], heading[:, 0]), 8, (-np.pi, np.pi))[0]
    assert around / len(heading) == pytest.approx([1 / 8] * 8, abs=0.012)


def test_goals_in_any_orientation_are_uniform(thing) -> None:
    starts, goals = goals_of(thing.orientations("xyz"))
    for axis in np.eye(3)[2 if thing.axial else 0 :]:
        turned = rotate(goals, axis)
        assert np.abs(turned.mean(axis=0)).max() < 0.02
        assert (turned**2).mean(axis=0) == pytest.approx([1 / 3] * 3, abs=0.015)
    if not thing.axial:
        angle = np.linalg.norm(rotation_vector(multiply(goals, conjugate(starts))), axis=1)
        for middle in (1.0, 2.0, 2.5):
            assert (angle < middle).mean() == pytest.approx((middle - np.sin(middle)) / np.pi, abs=0.012)


def test_turns_of_a_pen_about_its_axis_do_not_count() -> None:
    pen = OBJECTS["pen"].orientations("xyz")
    starts, goals = anyhow(100, 2), anyhow(100, 3)
    rolled = multiply(starts, from_yaw(np.linspace(-3.0, 3.0, 100)))
    spun = multiply(goals, from_yaw(np.linspace(3.0, -3.0, 100)))
    rotation = pen.rotation(starts, goals)
    np.testing.assert_allclose(pen.rotation(rolled, spun), rotation, atol=1e-9)
    np.testing.assert_allclose(pen.rotation(rolled, starts), 0.0, atol=1e-7)
    np.testing.assert_allclose(pen.tilt(rolled), pen.tilt(starts), atol=1e-9)
    block = OBJECTS["block"].orientations("xyz")
    assert np.linalg.norm(block.rotation(rolled, starts), axis=1).max() > 2.0


def test_the_rotation_to_a_goal_takes_a_pens_axis_there_whatever_the_angle() -> None:
    pen = OBJECTS["pen"].orientations("xyz")
    starts = anyhow(100, 4)
    goals = anyhow(100, 5)
    reversed_ = multiply(starts[:10], np.array([0.0, 1.0, 0.0, 0.0]))
    goals[:10] = multiply(reversed_, from_yaw(np.linspace(0.0, 1.0, 10)))
    rotation = pen.rotation(starts, goals)
    brought = multiply(from_rotation_vector(rotation), starts)
    np.testing.assert_allclose(rotate(brought, UP), rotate(goals, UP), atol=1e-6)
    assert np.linalg.norm(rotation[:10], axis=1) == pytest.approx(np.full(10, np.pi), abs=1e-6)
    # The shortest way: across the pen.
    assert np.abs((rotation * rotate(starts, UP)).sum(axis=1)).max() < 1e-6
