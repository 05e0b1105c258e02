"""shadow/block-dactyl: what arXiv 1808.00177 says of its setting."""

from __future__ import annotations

import numpy as np
import pytest

from deploy_robot.quaternions import from_rotation_vector, multiply, rotation_between
from randomizers import Worlds, preset
from sim2real.runs import TrainConfig
from sim2real.tasks import make_task
from sim2real.tasks.shadow_dactyl import PATIENCE, ShadowBlockDactyl, ShadowBlockDactylSimulation
from sim2real.tasks.shadow_hand import REST
from sim2real.trials import TrialEnv

STILL = 20


@pytest.fixture(scope="module")
def task() -> ShadowBlockDactyl:
    task = make_task("shadow/block-dactyl")
    assert isinstance(task, ShadowBlockDactyl)
    return task


def nominal(task: ShadowBlockDactyl, worlds: int) -> TrialEnv:
    """Hands as the model has them, their first episode begun."""
    env = TrialEnv(task, worlds, threads=1, draw=lambda rng, n: Worlds((), np.zeros((n, 0)), np.arange(n)))
    env.reset()
    return env


def put_at_goal(simulation: ShadowBlockDactylSimulation) -> None:
    """Turn blocks into their goals, high enough to touch nothing for a step."""
    simulation.object_pose[:, :3] = REST + np.array([0.0, 0.0, 0.05])
    simulation.object_pose[:, 3:] = simulation.goal
    simulation.object_velocity[:] = 0.0


def test_it_is_stepped_smoothed_and_learnt_as_published(task) -> None:
    assert task.control_period == pytest.approx(0.08)
    assert (task.action.kind, task.action.smoothing, len(task.action.joints)) == ("relative", 0.3, 20)
    config = TrainConfig(**task.recipe)
    assert (config.bins, config.gamma, config.gae_lambda, config.entropy) == (11, 0.998, 0.95, 0.01)
    assert (config.clip_range, config.learning_rate, config.desired_kl, config.shared) == (0.2, 3e-4, None, False)


def test_the_policy_sees_fingertips_block_and_relative_goal_and_nothing_else(task) -> None:
    simulation = nominal(task, 3).simulation
    simulation.step(np.full((3, STILL), 0.3))
    policy, critic = simulation.observe()
    assert (policy.shape, critic.shape) == ((3, 22), (3, 22 + 84))
    tips, pose = (simulation.tips - REST).reshape(3, 15), simulation.object_pose
    np.testing.assert_allclose(policy[:, :15], tips, atol=1e-6)
    np.testing.assert_allclose(policy[:, 15:18], pose[:, :3] - REST, atol=1e-6)
    relative = policy[:, 18:].astype(float)
    turned = multiply(relative, pose[:, 3:])
    np.testing.assert_allclose(rotation_between(turned, simulation.goal), 0.0, atol=1e-5)
    rows = np.array([2, 0])
    for group, part in zip((policy, critic), simulation.observe(rows), strict=True):
        np.testing.assert_array_equal(part, group[rows])


def test_noise_reaches_the_policy_and_the_critic_also_sees_without(task) -> None:
    names = ("fingertip_noise", "goal_rotation_noise", "object_position_offset[object_position.1]")
    values = np.array([[0.0, 0.0, 0.0], [0.002, 0.1, 0.01]])
    simulation = task.simulate(2, 1)
    ids = np.arange(2)
    simulation.load(ids, task.worlds.complete(Worlds(names, values, ids.astype(np.uint64))), ids)
    simulation.reset(ids, ids)
    turns, errors = [], []
    for _ in range(100):
        simulation.step(np.zeros((2, STILL)))
        policy, critic = (group.astype(float) for group in simulation.observe())
        assert np.linalg.norm(policy[:, 18:22], axis=1) == pytest.approx([1.0, 1.0], abs=1e-6)
        errors.append(policy[:, :18] - critic[:, 22:40])
        turns.append(rotation_between(critic[:, 40:44], policy[:, 18:22]))
    errors, turns = np.array(errors), np.array(turns)
    np.testing.assert_allclose(errors[:, 0], 0.0, atol=1e-6)
    np.testing.assert_allclose(turns[:, 0], 0.0, atol=1e-5)
    assert errors[:, 1, :15].std() == pytest.approx(0.002, rel=0.1)
    np.testing.assert_allclose(errors[:, 1, 15:], np.tile([0.0, 0.01, 0.0], (100, 1)), atol=1e-6)
    assert 0.03 < turns[:, 1].std() < 0.15


def test_a_goal_within_0_4_rad_gives_a_new_orientation_and_closeness_is_paid_as_it_changes(task) -> None:
    simulation = nominal(task, 3).simulation
    put_at_goal(simulation)
    turn = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    simulation.object_pose[:, 3:] = multiply(from_rotation_vector(turn), simulation.goal)
    simulation.evaluate(np.zeros(3, dtype=bool))
    angle = np.array([0.39, 0.41, 2.0])
    simulation.object_pose[:, 3:] = multiply(from_rotation_vector(turn * angle[:, None]), simulation.goal)
    before = simulation.goal.copy()
    outcome = simulation.evaluate(np.zeros(3, dtype=bool))
    assert list(outcome.rewards) == ["approach", "goal", "drop"]
    assert outcome.rewards["approach"] == pytest.approx(1.0 - angle)
    assert outcome.rewards["goal"].tolist() == [5.0, 0.0, 0.0]
    assert (simulation.goal != before).any(axis=1).tolist() == [True, False, False]
    assert not outcome.failure.any()


def test_an_episode_ends_at_a_drop_which_costs_twenty(task) -> None:
    env = nominal(task, 2)
    env.simulation.object_pose[1, 2] -= 0.15
    _, reward, _, infos = env.step(np.zeros((2, STILL)))
    assert "episode_end" not in infos[0] and infos[1]["metrics"]["drop"] == 1.0
    assert reward[1] < -15.0 < reward[0]


def test_an_episode_ends_at_fifty_goals_in_a_row(task) -> None:
    env = nominal(task, 1)
    for count in range(1, 51):
        put_at_goal(env.simulation)
        _, _, _, (info,) = env.step(np.zeros((1, STILL)))
        assert info.get("episode_end", False) == (count == 50)
    assert info["metrics"]["goals"] == 50.0


def test_an_episode_ends_when_a_goal_is_not_reached_in_time_and_that_costs_nothing(task) -> None:
    simulation = nominal(task, 2).simulation
    never = np.zeros(2, dtype=bool)
    for step in range(1, PATIENCE + 1):
        if step == 10:
            simulation.object_pose[1, 3:] = simulation.goal[1]
        outcome = simulation.evaluate(never)
        assert outcome.failure.tolist() == [step == PATIENCE, False], step
    assert not outcome.rewards["drop"].any()
    assert simulation.measure(np.arange(2))["drop"].tolist() == [0.0, 0.0]
    assert simulation.measure(np.arange(2))["goals"].tolist() == [0.0, 1.0]
    simulation.reset(np.array([0]), np.array([1]))
    assert not simulation.evaluate(never).failure.any()


def test_its_worlds_are_the_papers_with_others_beyond_held_out(task) -> None:
    published = preset("dactyl2018", task.target)
    assert {term.name: term.distribution for term in task.worlds.terms} == {
        term.name: term.distribution for term in published.terms
    }
    assert set(task.worlds.left_out) == {"object_orientation_offset", "object_orientation_noise"}
    beyond = {term.name: term.distribution for term in preset("unseen-ranges", task.target).terms}
    unseen = {term.name: term.distribution for term in task.worlds.split()[1].terms}
    assert unseen == beyond


def test_each_fingertip_and_the_block_are_markers_that_others_can_hide(task) -> None:
    markers = task.target.markers
    assert markers == ("fftip", "mftip", "rftip", "lftip", "thtip", "object")
    simulation = nominal(task, 2).simulation
    points = np.concatenate((simulation.tips, simulation.object_pose[:, None, :3]), axis=1)
    clearance = simulation.sources()["clearance"]()
    assert clearance.shape == (2, len(markers))
    apart = np.linalg.norm(points[:, :, None] - points[:, None], axis=-1) + np.eye(6)
    np.testing.assert_allclose(clearance, apart.min(axis=2))


def test_it_goes_on_exactly_where_its_state_was_taken(task) -> None:
    env = TrialEnv(task, 3, seed=1, threads=1)
    other = TrialEnv(task, 3, seed=2, threads=1)
    rng = np.random.default_rng(0)
    for one in (env, other):
        one.reset()
    for _ in range(5):
        env.step(rng.uniform(-1.0, 1.0, (3, STILL)))
    env.simulation._waiting[1] = PATIENCE - 2
    other.restore(env.state())
    for _ in range(4):
        action = rng.uniform(-1.0, 1.0, (3, STILL))
        ours, theirs = env.step(action), other.step(action)
        np.testing.assert_array_equal(ours[0]["critic"], theirs[0]["critic"])
        np.testing.assert_array_equal(ours[1], theirs[1])
