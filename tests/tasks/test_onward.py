"""leap/reorient-onward: goals that begin with one more tumble and widen, each row by itself."""

import numpy as np
import pytest

from deploy_robot.quaternions import from_rotation_vector, from_yaw, multiply, rotate, rotation_between
from randomizers import Worlds
from sim2real.tasks import make_task
from sim2real.tasks.palm_up_onward import STEP, PalmUpOnward, PalmUpOnwardSimulation
from sim2real.trials import TrialEnv

NONE = np.zeros(3, dtype=bool)


@pytest.fixture(scope="module")
def task() -> PalmUpOnward:
    task = make_task("leap/reorient-onward")
    assert isinstance(task, PalmUpOnward)
    return task


@pytest.fixture
def simulation(task) -> PalmUpOnwardSimulation:
    env = TrialEnv(task, 3, threads=1, draw=lambda rng, n: Worlds((), np.zeros((n, 0)), np.arange(n)))
    env.reset()
    simulation = env.simulation
    assert isinstance(simulation, PalmUpOnwardSimulation)
    simulation.object_pose[:, :3] = task.cube_start
    simulation.object_velocity[:] = 0.0
    return simulation


def draw(simulation: PalmUpOnwardSimulation, seed: int = 0) -> np.ndarray:
    """Goals of all rows from where their cubes are, as rotation vectors [rad] (3, 3)."""
    goals = simulation._draw(np.arange(3), np.random.default_rng(seed).random((3, 3)))
    return rotation_between(simulation.object_pose[:, 3:], goals)


def test_a_goal_is_first_one_tumble_over_an_edge(simulation) -> None:
    simulation.object_pose[:, 3:] = from_yaw(np.array([0.0, 0.4, 1.0]))
    away = draw(simulation)
    np.testing.assert_allclose(np.linalg.norm(away, axis=1), np.pi / 2)
    np.testing.assert_allclose(away[:, 2], 0.0, atol=1e-9)
    yaw = np.arctan2(away[:, 1], away[:, 0]) - [0.0, 0.4, 1.0]
    np.testing.assert_allclose((yaw + 0.1) % (np.pi / 2), 0.1, atol=1e-9)


def test_and_after_a_tumble_the_same_once_more(simulation) -> None:
    simulation.object_pose[:, 3:] = from_yaw(np.array([0.0, 0.4, 1.0]))
    simulation.begin(np.arange(3), [np.random.default_rng(i) for i in range(3)])
    turn = rotate(simulation.object_pose[:, 3:], np.array([0.0, np.pi / 2, 0.0]))
    simulation.object_pose[:, 3:] = multiply(from_rotation_vector(turn), simulation.object_pose[:, 3:])
    simulation.evaluate(NONE)
    for seed in range(5):
        np.testing.assert_allclose(draw(simulation, seed), turn, atol=1e-9)
    # A cube that leans is laid down first: that the goal is on an edge of a lying one is the same.
    goals = simulation._tumbled(simulation.object_pose[:, 3:], simulation._axis)
    leaning = multiply(from_rotation_vector(np.array([[0.2, 0.1, 0.0]])), simulation.object_pose[:, 3:])
    np.testing.assert_allclose(rotation_between(simulation._tumbled(leaning, simulation._axis), goals), 0.0, atol=0.03)


def test_goals_widen_with_those_reached_and_narrow_with_those_missed(simulation) -> None:
    for _ in range(10):
        simulation.object_pose[:2, 3:] = simulation.goal[:2]
        simulation.evaluate(NONE)
    np.testing.assert_allclose(simulation.measure(np.arange(3))["spread"], [10 * STEP, 10 * STEP, 0.0])
    simulation.evaluate(np.array([True, False, False]))  # the first one fails
    for _ in range(int(simulation.reward.patience / simulation.task.control_period)):
        simulation.evaluate(NONE)
    spread = simulation.measure(np.arange(3))["spread"]
    assert spread[1] == pytest.approx(9 * STEP)
    assert spread[0] < spread[1]
    assert spread[2] == 0.0


def test_a_goal_that_is_not_reached_in_time_gives_way_to_another(simulation) -> None:
    before, steps = simulation.goal.copy(), round(simulation.reward.patience / simulation.task.control_period)
    for _ in range(steps - 1):
        simulation.evaluate(NONE)
    np.testing.assert_array_equal(simulation.goal, before)
    simulation._spread[:] = 0.5
    simulation.evaluate(NONE)
    assert (simulation.goal != before).any(axis=1).all()
    assert simulation.measure(np.arange(3))["goals"].tolist() == [0.0, 0.0, 0.0]


def test_only_coming_closer_than_ever_pays(simulation) -> None:
    weight, goal = simulation.reward.approach, simulation.goal.copy()

    def at(angle: float) -> np.ndarray:
        turn = from_rotation_vector(np.array([[0.0, 0.0, angle]]))
        simulation.object_pose[:, 3:] = multiply(turn, goal)
        return simulation.evaluate(NONE).rewards["approach"]

    at(1.0)
    np.testing.assert_allclose(at(0.8), 0.2 * weight)
    np.testing.assert_allclose(at(1.4), 0.0)
    np.testing.assert_allclose(at(0.8), 0.0, atol=1e-9)
    np.testing.assert_allclose(at(0.6), 0.2 * weight)


def test_wide_goals_lie_in_any_direction_and_are_no_present(simulation) -> None:
    simulation._spread[:] = 1.0
    away = np.concatenate([draw(simulation, seed) for seed in range(400)])
    angle = np.linalg.norm(away, axis=1)
    assert angle.min() >= simulation.reward.nearest - 1e-9
    assert (away.min(axis=0) < -2.0).all()
    assert (away.max(axis=0) > 2.0).all()


def test_what_was_widened_outlasts_the_episode_and_a_restored_run_goes_on_exactly(task) -> None:
    env = TrialEnv(task, 4, seed=1, threads=1)
    env.reset()
    env.simulation._spread[:] = 0.4
    rng = np.random.default_rng(0)
    env.simulation.reset(np.array([0]), np.array([1]))
    assert env.simulation.measure(np.array([0]))["spread"] == [0.4]
    state, action = env.state(), rng.uniform(-1.0, 1.0, (4, 16))
    first = [env.step(action)[0]["critic"] for _ in range(70)]
    other = TrialEnv(task, 4, seed=2, threads=1)
    other.reset()
    other.restore(state)
    np.testing.assert_array_equal([other.step(action)[0]["critic"] for _ in range(70)], first)
