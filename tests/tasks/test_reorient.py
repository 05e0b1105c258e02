"""leap/reorient and allegro/reorient: goals in any orientation, and what is seen of them."""

import numpy as np
import pytest

from deploy_robot.quaternions import from_rotation_vector, multiply, rotation_between
from randomizers import Worlds
from sim2real.tasks import make_task
from sim2real.tasks.palm_up_reorient import PalmUpReorient, PalmUpReorientSimulation
from sim2real.trials.trial_env import TrialEnv


@pytest.fixture(scope="module", params=["leap/reorient", "allegro/reorient"])
def task(request) -> PalmUpReorient:
    task = make_task(request.param)
    assert isinstance(task, PalmUpReorient)
    return task


def nominal(task: PalmUpReorient, worlds: int) -> TrialEnv:
    """Hands as the model has them, their first episode begun."""
    env = TrialEnv(task, worlds, threads=1, draw=lambda rng, n: Worlds((), np.zeros((n, 0)), np.arange(n)))
    env.reset()
    return env


def still(env: TrialEnv) -> np.ndarray:
    """An action that leaves every target where it is."""
    return np.zeros((env.num_envs, *env.action_space.shape), np.float32)


def put_at_goal(simulation: PalmUpReorientSimulation, rows: slice | list[int]) -> None:
    """Turn cubes into their goals, high enough to touch nothing for a step."""
    simulation.object_pose[rows, 2] += 0.1
    simulation.object_pose[rows, 3:] = simulation.goal[rows]
    simulation.object_velocity[rows] = 0.0


def test_goals_are_uniform_over_the_rotations_that_are_far_enough(task) -> None:
    simulation = nominal(task, 1).simulation
    start = simulation.object_pose[:1, 3:]
    chance = np.random.default_rng(0).random((20_000, 3))
    nearest = simulation.reward.nearest
    away = rotation_between(start, simulation.orientations.draw(np.repeat(start, 20_000, axis=0), chance, nearest))
    angle = np.linalg.norm(away, axis=1)
    assert nearest <= angle.min() < nearest + 0.05
    assert angle.max() <= np.pi
    # Of all rotations, (angle - sin angle) / pi turn by less than an angle.
    below = lambda a: (a - np.sin(a)) / np.pi  # noqa: E731
    for middle in (1.5, 2.0, 2.5, 3.0):
        share = (below(middle) - below(nearest)) / (1 - below(nearest))
        assert (angle < middle).mean() == pytest.approx(share, abs=0.015)
    axes = away / angle[:, None]
    assert np.abs(axes.mean(axis=0)).max() < 0.02
    assert (axes**2).mean(axis=0) == pytest.approx([1 / 3] * 3, abs=0.02)


def test_the_goals_of_an_episode_differ_and_depend_on_its_seed(task) -> None:
    simulation = nominal(task, 24).simulation
    assert len(np.unique(simulation.goal.round(6), axis=0)) == 24
    again = nominal(task, 24).simulation
    np.testing.assert_array_equal(again.goal, simulation.goal)


def test_a_goal_is_reached_within_0_4_rad_and_gives_way_to_another(task) -> None:
    env = nominal(task, 3)
    simulation = env.simulation
    put_at_goal(simulation, slice(None))
    turn = np.array([[0.35, 0.0, 0.0], [0.0, 0.45, 0.0], [0.0, 0.0, 0.35]])
    simulation.object_pose[:, 3:] = multiply(from_rotation_vector(turn), simulation.goal)
    before = simulation.goal.copy()
    outcome = simulation.evaluate(np.zeros(3, dtype=bool))
    assert outcome.rewards["goal"].tolist() == [simulation.reward.goal, 0.0, simulation.reward.goal]
    assert (simulation.goal != before).any(axis=1).tolist() == [True, False, True]
    assert (np.linalg.norm(simulation.goal_rotation, axis=1)[[0, 2]] >= simulation.reward.nearest).all()
    assert simulation.measure(np.arange(3))["goals"].tolist() == [1.0, 0.0, 1.0]


def test_fifty_goals_in_a_row_end_the_episode_as_a_success(task) -> None:
    env = nominal(task, 1)
    for count in range(1, 51):
        env.simulation.object_pose[0, :3] = task.cube_start
        put_at_goal(env.simulation, slice(None))
        _, _, _, (info,) = env.step(still(env))
        assert info.get("episode_end", False) == (count == 50)
    assert info["metrics"]["goals"] == 50.0
    assert not info["TimeLimit.truncated"]


def test_the_policy_is_told_where_the_cube_is_and_how_to_turn_it(task) -> None:
    simulation = nominal(task, 5).simulation
    policy, critic = simulation.observe()
    assert policy.shape == (5, task.observation_sizes["policy"]) == (5, 16 + 16 + 1 + 6)
    truth = np.concatenate((simulation.object_pose[:, :3] - task.cube_start, simulation.goal_rotation), axis=1)
    np.testing.assert_allclose(policy[:, -6:], truth, atol=1e-6)
    np.testing.assert_array_equal(critic[:, :39], policy)
    np.testing.assert_allclose(critic[:, -7:-3], simulation.goal, atol=1e-6)


def test_noise_of_a_world_acts_on_the_goal_that_is_seen_and_not_on_the_one_that_counts(task) -> None:
    names = ("goal_rotation_offset[goal_rotation.1]",)
    values = np.array([[0.0], [0.3]])
    env = TrialEnv(task, 2, threads=1, draw=lambda rng, n: Worlds(names, np.resize(values, (n, 1)), np.zeros(n)))
    observation = env.reset()["policy"][:, -3:]
    wrong = observation - env.simulation.goal_rotation
    np.testing.assert_allclose(wrong, [[0.0, 0.0, 0.0], [0.0, 0.3, 0.0]], atol=1e-6)


def test_a_restored_run_goes_on_exactly(task) -> None:
    env = TrialEnv(task, 4, seed=1, threads=1)
    env.reset()
    rng = np.random.default_rng(0)
    for _ in range(8):
        env.step(rng.uniform(-1.0, 1.0, (4, 16)))
    state = env.state()
    action = rng.uniform(-1.0, 1.0, (4, 16))
    first = [env.step(action)[0]["critic"] for _ in range(8)]
    other = TrialEnv(task, 4, seed=2, threads=1)
    other.reset()
    other.restore(state)
    np.testing.assert_array_equal([other.step(action)[0]["critic"] for _ in range(8)], first)


def test_random_actions_break_no_world(task) -> None:
    env = TrialEnv(task, 40, seed=3, threads=1)
    env.reset()
    rng = np.random.default_rng(0)
    for _ in range(200):
        observation, reward, _, _ = env.step(rng.uniform(-1, 1, (40, 16)).astype(np.float32))
        assert np.isfinite(observation["critic"]).all() and np.isfinite(reward).all()
    assert env.simulation.diverged_steps == 0
