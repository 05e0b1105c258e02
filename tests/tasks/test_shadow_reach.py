"""shadow/reach: where fingertips are to go, and when they are there."""

import numpy as np
import pytest

from randomizers import Worlds
from sim2real.tasks import make_task
from sim2real.tasks.shadow_hand import JOINTS
from sim2real.tasks.shadow_reach import MEETING, ShadowReach
from sim2real.trials.trial_env import TrialEnv


@pytest.fixture(scope="module")
def task() -> ShadowReach:
    task = make_task("shadow/reach")
    assert isinstance(task, ShadowReach)
    return task


def nominal(task: ShadowReach, worlds: int) -> TrialEnv:
    """Hands as the model has them, their first episode begun."""
    env = TrialEnv(task, worlds, threads=1, draw=lambda rng, n: Worlds((), np.zeros((n, 0)), np.arange(n)))
    env.reset()
    return env


def still(env: TrialEnv) -> np.ndarray:
    """An action that leaves every target where it is."""
    return np.zeros((env.num_envs, *env.action_space.shape), np.float32)


def test_the_fingertips_rest_where_the_original_documents_them(task) -> None:
    documented = [[0.99, 0.8, 0.15], [1.02, 0.8, 0.15], [1.04, 0.81, 0.155], [1.07, 0.82, 0.16], [0.95, 0.84, 0.16]]
    np.testing.assert_allclose(task.rest[1], documented, atol=0.006)
    assert dict(zip(JOINTS, task.start_pose, strict=True))["robot0:THJ0"] == -0.7895


def test_the_thumb_and_one_finger_are_to_meet_and_the_others_to_stay(task) -> None:
    simulation = nominal(task, 1).simulation
    rng = np.random.default_rng(0)
    goals = np.array([simulation.draw_goal(rng, 0) for _ in range(400)]).reshape(400, 5, 3)
    away = np.linalg.norm(goals - task.rest[1], axis=2) > 1e-9
    stays = ~away.any(axis=1)
    assert stays.mean() == pytest.approx(0.1, abs=0.05)
    assert (away[~stays].sum(axis=1) == 2).all() and away[~stays][:, 4].all()
    assert away[~stays][:, :4].mean(axis=0) == pytest.approx([0.25] * 4, abs=0.08)
    thumbs = goals[~stays][:, 4]
    assert thumbs.mean(axis=0) == pytest.approx(task.rest[0] + MEETING, abs=0.006)
    others = np.where(away[~stays][:, :4, None], goals[~stays][:, :4], 0.0).sum(axis=1)
    gap = np.linalg.norm(others - thumbs, axis=1)
    assert 0.0 < gap.min() and gap.max() <= 0.01 + 1e-9, "both stop 5 mm before the place where they meet"


def test_episodes_start_at_rest_near_the_documented_pose_and_sag_a_little(task) -> None:
    assert len(task.starts) > 100
    env = nominal(task, 32)
    simulation = env.simulation
    begun = simulation.achieved.copy()
    assert np.abs(begun - task.rest[1].ravel()).max() < 0.03
    assert not simulation.sim.qvel.any()
    for _ in range(20):
        env.step(still(env))
    # The servos hold a weight only by being off their targets, which start where the joints are.
    assert np.abs(simulation.achieved - begun).max() < 0.02
    assert np.abs(simulation.joint_velocity).max() < 0.05


def test_success_is_a_mean_distance_of_less_than_a_centimetre_and_ends_nothing(task) -> None:
    env = nominal(task, 3)
    simulation = env.simulation
    simulation.goal[:] = simulation.achieved
    simulation.goal[0, 0] += 0.049
    simulation.goal[1, 0] += 0.051
    simulation.goal[2, :] += 0.005
    outcome = simulation.evaluate(np.zeros(3, dtype=bool))
    assert simulation.measure(np.arange(3))["success"].tolist() == [1.0, 0.0, 1.0]
    assert not outcome.success.any() and not outcome.failure.any()
    distance = outcome.rewards["distance"] / simulation.reward.distance
    assert distance == pytest.approx([0.0098, 0.0102, 0.005 * 3**0.5])


def test_an_episode_lasts_as_long_as_the_originals(task) -> None:
    env = nominal(task, 2)
    assert task.control_period == pytest.approx(0.04)
    for step in range(1, 51):
        _, _, _, infos = env.step(still(env))
        assert all(info.get("episode_end", False) == (step == 50) for info in infos)
    assert infos[0]["TimeLimit.truncated"]
    assert next(iter(infos[0]["metrics"])) == "success"


def test_the_policy_is_told_how_far_each_fingertip_is_from_its_goal(task) -> None:
    simulation = nominal(task, 4).simulation
    policy, critic = simulation.observe()
    np.testing.assert_allclose(policy[:, -15:], simulation.goal - simulation.achieved, atol=1e-6)
    np.testing.assert_array_equal(critic[:, : policy.shape[1]], policy)
    assert {"policy": policy.shape[1], "critic": critic.shape[1]} == task.observation_sizes


def test_random_actions_break_no_world(task) -> None:
    env = TrialEnv(task, 20, seed=3, threads=1)
    env.reset()
    rng = np.random.default_rng(0)
    for _ in range(100):
        observation, reward, _, _ = env.step(rng.uniform(-1, 1, (20, 20)).astype(np.float32))
        assert np.isfinite(observation["critic"]).all() and np.isfinite(reward).all()
    assert env.simulation.diverged_steps == 0


def test_a_restored_run_goes_on_exactly(task) -> None:
    env = TrialEnv(task, 4, seed=1, threads=1)
    env.reset()
    rng = np.random.default_rng(0)
    for _ in range(10):
        env.step(rng.uniform(-1.0, 1.0, (4, 20)))
    state = env.state()
    action = rng.uniform(-1.0, 1.0, (4, 20))
    first = [env.step(action)[0]["critic"] for _ in range(5)]
    other = TrialEnv(task, 4, seed=2, threads=1)
    other.reset()
    other.restore(state)
    np.testing.assert_array_equal([other.step(action)[0]["critic"] for _ in range(5)], first)
