"""leap/*-playground: rewards with the published weights, worked out by hand in states that are set."""

from __future__ import annotations

import numpy as np
import pytest

from deploy_robot.quaternions import from_rotation_vector, from_yaw, multiply
from randomizers import Worlds
from sim2real.tasks import make_task
from sim2real.tasks.leap_reorient_playground import LeapReorientPlaygroundSimulation, near
from sim2real.tasks.palm_up import PalmUpSimulation
from sim2real.tasks.task import Outcome
from sim2real.trials import TrialEnv

N = 4
PERIOD = 0.05


def started(name: str) -> PalmUpSimulation:
    """Hands in the start pose in nominal worlds, their cubes at rest above."""
    task = make_task(name)
    env = TrialEnv(task, N, threads=1, draw=lambda rng, n: Worlds((), np.zeros((n, 0)), np.arange(n)))
    env.reset()
    simulation = env.simulation
    assert isinstance(simulation, PalmUpSimulation)
    simulation.sim.qpos[:, simulation._q] = task.start_pose
    simulation.sim.qvel[:] = 0.0
    simulation._torque[:] = 0.0
    return simulation


def evaluated(simulation: PalmUpSimulation) -> Outcome:
    return simulation.evaluate(np.zeros(N, dtype=bool))


def test_turning_pays_the_angle_turned_however_fast_and_a_drop_costs_5() -> None:
    simulation = started("leap/rotate-z-playground")
    simulation.begin(np.arange(N), [])
    angles = np.array([0.0, 0.1, -0.1, 0.3])
    simulation.object_pose[:, 3:] = multiply(from_yaw(angles), simulation.object_pose[:, 3:])
    simulation.object_velocity[:, :3] = 0.3
    simulation.last_action[:] = 0.5
    simulation.object_pose[0, 2] = 0.0
    outcome = evaluated(simulation)
    np.testing.assert_allclose(sum(outcome.rewards.values()), [-5.0, 0.1, -0.1, 0.3], atol=1e-9)
    np.testing.assert_allclose(outcome.rewards["rotation"], angles, atol=1e-9)
    assert outcome.failure.tolist() == [True, False, False, False]


def test_the_settings_are_the_published_ones() -> None:
    turn, reorient = (make_task(f"leap/{name}-playground") for name in ("rotate-z", "reorient"))
    assert turn.control_period == reorient.control_period == pytest.approx(PERIOD)
    assert (turn.episode_steps, reorient.episode_steps) == (500, 1000)
    assert (turn.recipe["gamma"], reorient.recipe["gamma"]) == (0.97, 0.99)


@pytest.fixture
def reorient() -> LeapReorientPlaygroundSimulation:
    simulation = started("leap/reorient-playground")
    assert isinstance(simulation, LeapReorientPlaygroundSimulation)
    simulation.object_pose[:, :3] = simulation.place_of_object
    return simulation


def turned_from_goal(simulation: LeapReorientPlaygroundSimulation, angles: list[float]) -> None:
    away = np.stack((np.array(angles), *np.zeros((2, N))), axis=1)
    simulation.object_pose[:, 3:] = multiply(from_rotation_vector(away), simulation.goal)


def test_orientation_is_paid_in_full_up_to_a_fifth_of_a_radian_then_less(reorient) -> None:
    angles = [0.15, 0.2 + np.pi / 3, 0.2 + np.pi / 2, 3.0]
    turned_from_goal(reorient, angles)
    worth = [1.0, 0.7, 0.55, 1.0 - 0.9 * (3.0 - 0.2) / np.pi]
    np.testing.assert_allclose(evaluated(reorient).rewards["orientation"], PERIOD * 5.0 * np.array(worth), rtol=1e-6)


def test_a_goal_within_a_tenth_of_a_radian_pays_100_and_gives_way(reorient) -> None:
    turned_from_goal(reorient, [0.09, 0.11, 0.0, 1.0])
    before = reorient.goal.copy()
    outcome = evaluated(reorient)
    assert outcome.rewards["goal"].tolist() == [100.0, 0.0, 100.0, 0.0]
    assert (reorient.goal != before).any(axis=1).tolist() == [True, False, True, False]
    # Paid for the goal that it reached, not for the one that it has now.
    np.testing.assert_allclose(outcome.rewards["orientation"][:3], PERIOD * 5.0)


def test_a_cube_in_its_place_is_paid_up_to_two_centimetres_then_less(reorient) -> None:
    turned_from_goal(reorient, [1.0] * N)
    reorient.object_pose[:, 0] += [0.01, 0.02 + 0.025, 0.02 + 0.05, 0.2]
    rewards = evaluated(reorient).rewards["position"]
    np.testing.assert_allclose(rewards, PERIOD * 0.5 * np.array([1.0, 0.55, 0.1, 0.0]), atol=1e-9)


def test_pose_energy_and_drops_cost_what_is_published(reorient) -> None:
    turned_from_goal(reorient, [1.0] * N)
    reorient.sim.qpos[1, reorient._q] += 0.2
    reorient.sim.qvel[2, reorient._v] = [2.0, -1.0, *[0.0] * 14]
    reorient._torque[2, :2] = [-0.5, 0.25]
    reorient.object_pose[3, 2] = 0.0
    rewards = evaluated(reorient).rewards
    np.testing.assert_allclose(rewards["pose"], PERIOD * -0.5 * 16 * np.array([0.0, 0.04, 0.0, 0.0]), atol=1e-12)
    np.testing.assert_allclose(rewards["energy"], PERIOD * -0.001 * np.array([0.0, 0.0, 1.25, 0.0]), atol=1e-12)
    assert rewards["drop"].tolist() == [0.0, 0.0, 0.0, -5.0]


def test_actions_cost_their_change_and_the_change_of_that(reorient) -> None:
    turned_from_goal(reorient, [1.0] * N)
    costs = []
    for size in (0.5, 0.5, -0.5):
        reorient.last_action[:] = 0.0
        reorient.last_action[:, 0] = size
        costs.append(evaluated(reorient).rewards["action_rate"][0])
    expected = [0.5**2 + 0.5**2, 0.0 + 0.5**2, 1.0**2 + 1.0**2]
    np.testing.assert_allclose(costs, PERIOD * -0.001 * np.array(expected), rtol=1e-9)


def test_what_is_near_is_worth_1_a_margin_away_a_tenth_and_far_away_nothing() -> None:
    distance = np.array([0.0, 0.2, 0.7, 1.2, 1.2 + 1.0 / 9, 5.0])
    np.testing.assert_allclose(near(distance, 0.2, 1.0), [1.0, 1.0, 0.55, 0.1, 0.0, 0.0], atol=1e-12)


def test_a_run_that_is_restored_goes_on_exactly() -> None:
    task = make_task("leap/reorient-playground")
    env, other = TrialEnv(task, N, seed=1, threads=1), TrialEnv(task, N, seed=2, threads=1)
    env.reset(), other.reset()
    rng = np.random.default_rng(0)
    actions = rng.uniform(-1.0, 1.0, (12, N, 16))
    for action in actions[:6]:
        env.step(action)
    other.restore(env.state())
    for action in actions[6:]:
        np.testing.assert_array_equal(env.step(action)[1], other.step(action)[1])
