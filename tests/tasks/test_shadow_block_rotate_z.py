"""The block on the Shadow hand: goals, falls, starts, and what is seen of them."""

import subprocess
import sys

import mujoco
import numpy as np
import pytest

from deploy_robot.quaternions import from_yaw, multiply
from randomizers import Worlds
from sim2real.tasks.shadow_hand import REST
from sim2real.tasks.shadow_manipulate import FARTHEST, ShadowManipulate, ShadowManipulateSimulation
from sim2real.trials.trial_env import TrialEnv

TRACKED = slice(-6, None)
"""Where a tracker's values stand in the policy group."""


@pytest.fixture(scope="module")
def task() -> ShadowManipulate:
    return ShadowManipulate("shadow/block-rotate-z")


def nominal(task: ShadowManipulate, worlds: int) -> TrialEnv:
    """Hands as the model has them, their first episode begun."""
    env = TrialEnv(task, worlds, threads=1, draw=lambda rng, n: Worlds((), np.zeros((n, 0)), np.arange(n)))
    env.reset()
    return env


def still(env: TrialEnv) -> np.ndarray:
    """An action that leaves every target where it is."""
    return np.zeros((env.num_envs, *env.action_space.shape), np.float32)


def put_at_goal(simulation: ShadowManipulateSimulation, rows: slice | list[int]) -> None:
    """Turn blocks into their goals, high enough to touch nothing for a step."""
    simulation.object_pose[rows, :3] = REST + np.array([0.0, 0.0, 0.05])
    simulation.object_pose[rows, 3:] = simulation.goal[rows]
    simulation.object_velocity[rows] = 0.0


def test_a_nominal_world_moves_as_the_full_model_does(task) -> None:
    env = nominal(task, 2)
    simulation = env.simulation
    full = task.spec.compile()
    data = mujoco.MjData(full)
    data.qpos[:] = simulation.sim.qpos[1]
    data.ctrl[:] = simulation.sim.ctrl[1]
    mujoco.mj_forward(full, data)
    rng = np.random.default_rng(0)
    for _ in range(20):
        env.step(rng.uniform(-1.0, 1.0, (2, 20)))
        data.ctrl[:] = simulation.sim.ctrl[1]
        mujoco.mj_step(full, data, task.substeps)
    np.testing.assert_array_equal(simulation.sim.qpos[1], data.qpos)


def test_a_goal_that_is_reached_pays_once_and_gives_way_to_another(task) -> None:
    env = nominal(task, 3)
    simulation = env.simulation
    before = simulation.goal.copy()
    put_at_goal(simulation, [0, 2])
    outcome = simulation.step(still(env))
    assert outcome.rewards["goal"].tolist() == [simulation.reward.goal, 0.0, simulation.reward.goal]
    assert simulation.progress().tolist() == [1.0, 0.0, 1.0]
    assert (simulation.goal != before).any(axis=1).tolist() == [True, False, True]
    assert np.linalg.norm(simulation.goal_rotation[[0, 2]], axis=1) == pytest.approx([2.0, 2.0], abs=1.25)
    assert not simulation.step(still(env)).rewards["goal"].any()
    assert simulation.progress().tolist() == [0.0, 0.0, 0.0]
    assert simulation.measure(np.arange(3))["goals"].tolist() == [1.0, 0.0, 1.0]


def test_goals_are_turns_about_the_vertical_that_are_not_reached_yet(task) -> None:
    simulation = nominal(task, 64).simulation
    assert (simulation.goal[:, 1:3] == 0.0).all()
    away = np.linalg.norm(simulation.goal_rotation, axis=1)
    assert away.min() >= simulation.reward.nearest > simulation.reward.tolerance
    assert away.max() > 2.5
    turns = simulation.goal_rotation[:, 2]
    assert 16 < (turns > 0).sum() < 48


def test_coming_closer_to_the_goal_pays_what_going_away_costs(task) -> None:
    env = nominal(task, 2)
    simulation = env.simulation
    put_at_goal(simulation, slice(None))
    simulation.object_pose[:, 3:] = multiply(from_yaw(np.array([1.5, -1.5])), simulation.goal)
    simulation.evaluate(np.zeros(2, dtype=bool))
    simulation.object_pose[:, 3:] = multiply(from_yaw(np.array([1.0, -2.0])), simulation.goal)
    rewards = simulation.evaluate(np.zeros(2, dtype=bool)).rewards
    assert rewards["approach"] == pytest.approx([0.5 * simulation.reward.approach, -0.5 * simulation.reward.approach])


def test_fifty_goals_in_a_row_end_the_episode_as_a_success(task) -> None:
    env = nominal(task, 1)
    for count in range(1, 51):
        put_at_goal(env.simulation, slice(None))
        _, _, _, (info,) = env.step(still(env))
        assert info.get("episode_end", False) == (count == 50)
    assert info["metrics"]["goals"] == 50.0
    assert info["metrics"]["drop"] == 0.0
    assert not info["TimeLimit.truncated"]


def test_a_dropped_block_ends_the_episode_with_the_penalty(task) -> None:
    env = nominal(task, 2)
    env.simulation.object_pose[1, :3] = REST - np.array([0.0, 0.0, FARTHEST + 0.01])
    _, reward, _, infos = env.step(still(env))
    assert "episode_end" not in infos[0]
    assert infos[1]["metrics"]["drop"] == 1.0
    assert reward[1] < 0.8 * env.simulation.reward.drop < reward[0]
    assert env.episode.tolist() == [0, 1]
    assert not env.simulation.dropped().any()


def test_a_spinning_block_is_not_turned_by_a_hand(task) -> None:
    simulation = nominal(task, 2).simulation
    simulation.object_velocity[0, 3:] = (0.0, 0.0, 1.01 * simulation.reward.highest_speed)
    simulation.object_velocity[1, 3:] = (0.0, 0.0, 0.99 * simulation.reward.highest_speed)
    outcome = simulation.evaluate(np.zeros(2, dtype=bool))
    assert outcome.failure.tolist() == [True, False]
    assert outcome.rewards["drop"].tolist() == [simulation.reward.drop, 0.0]


def test_a_goal_met_in_a_fall_does_not_count(task) -> None:
    env = nominal(task, 1)
    put_at_goal(env.simulation, slice(None))
    env.simulation.object_pose[:, 0] += FARTHEST
    outcome = env.simulation.step(still(env))
    assert outcome.failure.all() and not outcome.rewards["goal"].any()
    assert env.simulation.measure(np.arange(1))["goals"] == 0.0


def test_episodes_start_at_rest_on_the_palm(task) -> None:
    assert len(task.starts) > 64
    env = nominal(task, 32)
    simulation = env.simulation
    begun = simulation.object_pose.copy()
    assert len(np.unique(begun, axis=0)) > 16
    assert not simulation.sim.qvel.any()
    for _ in range(25):
        env.step(still(env))
    moved = np.linalg.norm(simulation.object_pose[:, :3] - begun[:, :3], axis=1)
    assert np.median(moved) < 0.01 and moved.max() < 0.03
    assert np.abs(simulation.object_velocity[:, :3]).max() < 0.05
    palm = task.spec.compile().geom("robot0:C_palm0")
    assert begun[:, 2].min() > task.spec.body("robot0:hand mount").pos[2] + palm.size[1] - 0.01


def test_a_drawn_world_starts_within_its_own_joint_limits(task) -> None:
    env = TrialEnv(task, 32, seed=4, threads=1)
    env.reset()
    simulation = env.simulation
    low, high = np.moveaxis(simulation.sim.fields["jnt_range"][:, [task.model.joint(j).id for j in task.joints]], -1, 0)
    assert (low != task.model.jnt_range[:24, 0]).all()
    assert (simulation.joint_position >= low).all() and (simulation.joint_position <= high).all()
    env.step(still(env))
    assert np.linalg.norm(simulation.object_velocity[:, :3], axis=1).max() < 0.5


def test_the_same_seed_gives_the_same_bits_whatever_the_threads(task) -> None:
    runs = []
    for threads in (1, 2):
        env = TrialEnv(task, 6, seed=7, threads=threads)
        rng = np.random.default_rng(0)
        seen = [env.reset()["critic"]]
        for _ in range(30):
            observation, reward, _, _ = env.step(rng.uniform(-1.0, 1.0, (6, 20)))
            seen += [observation["critic"], reward]
        runs.append(np.concatenate([array.ravel() for array in seen]))
    np.testing.assert_array_equal(*runs)
    assert np.isfinite(runs[0]).all()


def test_a_restored_run_goes_on_exactly(task) -> None:
    env = TrialEnv(task, 4, seed=1, threads=1)
    env.reset()
    rng = np.random.default_rng(0)
    for _ in range(10):
        env.step(rng.uniform(-1.0, 1.0, (4, 20)))
    state = env.state()
    put_at_goal(env.simulation, [2])
    action = rng.uniform(-1.0, 1.0, (4, 20))
    first = [env.step(action)[0]["critic"] for _ in range(5)]
    other = TrialEnv(task, 4, seed=2, threads=1)
    other.reset()
    other.restore(state)
    put_at_goal(other.simulation, [2])
    np.testing.assert_array_equal([other.step(action)[0]["critic"] for _ in range(5)], first)


def test_worlds_that_differ_move_differently_from_the_same_start(task) -> None:
    def same_seeds(rng: np.random.Generator, n: int) -> Worlds:
        drawn = task.worlds.sample(rng, n)
        return Worlds(drawn.names, drawn.values, np.zeros(n, np.uint64))

    env = TrialEnv(task, 8, threads=1, draw=same_seeds)
    env.reset()
    goals = env.simulation.goal
    assert (goals == goals[0]).all()
    for _ in range(10):
        env.step(np.full((8, 20), 0.3))
    assert len(np.unique(env.simulation.joint_position[:, 5])) == 8
    assert np.ptp(env.simulation.joint_position, axis=0).max() > 0.05


def test_the_groups_are_as_wide_as_the_task_says(task) -> None:
    simulation = nominal(task, 3).simulation
    policy, critic = simulation.observe()
    assert policy.shape == (3, task.observation_sizes["policy"]) == (3, 24 + 20 + 1 + 6)
    assert critic.shape == (3, task.observation_sizes["critic"])
    np.testing.assert_array_equal(critic[:, : policy.shape[1]], policy)
    rows = np.array([2, 0])
    for group, part in zip((policy, critic), simulation.observe(rows), strict=True):
        np.testing.assert_array_equal(part, group[rows])
    assert len(task.action.joints) == task.model.nu == 20


def test_the_policy_is_told_where_the_block_is_and_how_to_turn_it(task) -> None:
    simulation = nominal(task, 5).simulation
    policy, _ = simulation.observe()
    truth = np.concatenate((simulation.object_pose[:, :3] - REST, simulation.goal_rotation), axis=1)
    np.testing.assert_allclose(policy[:, TRACKED], truth, atol=1e-6)


def test_noise_and_bias_of_a_world_act_on_what_is_tracked(task) -> None:
    names = ("object_position_noise", "goal_rotation_offset[goal_rotation.2]")
    values = np.array([[0.0, 0.0], [0.002, 0.3]])
    env = TrialEnv(task, 2, threads=1, draw=lambda rng, n: Worlds(names, np.resize(values, (n, 2)), np.zeros(n)))
    env.reset()
    errors = []
    for _ in range(60):
        observation, _, _, _ = env.step(still(env))
        errors.append(observation["policy"][:, TRACKED] - env.simulation.track(slice(None)))
    errors = np.array(errors)
    np.testing.assert_allclose(errors[:, 0], 0.0, atol=1e-6)
    assert errors[:, 1, :3].std(axis=0) == pytest.approx([0.002] * 3, rel=0.3)
    np.testing.assert_allclose(errors[:, 1, 3:], np.tile([0.0, 0.0, 0.3], (60, 1)), atol=1e-6)


def test_the_hand_is_found_without_importing_its_package() -> None:
    script = "import sys, sim2real.tasks.shadow_manipulate; sys.exit('gymnasium_robotics' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")
