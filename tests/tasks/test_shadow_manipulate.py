"""Objects in the Shadow hand: positions, touch, and the rewards that gymnasium-robotics pays."""

from __future__ import annotations

from dataclasses import replace

import mujoco
import numpy as np
import pytest

from deploy_robot.quaternions import from_yaw, multiply
from randomizers import Worlds
from sim2real.tasks import make_task
from sim2real.tasks.gym_robotics.goal_env_simulation import GoalEnvSimulation
from sim2real.tasks.shadow_hand import REST
from sim2real.tasks.shadow_manipulate import OFFSETS, ShadowManipulateSimulation
from sim2real.tasks.shadow_variants import FAMILIES, VARIANTS
from sim2real.tasks.start_check import MOST_PENETRATION
from sim2real.trials import TrialEnv

STILL = 20


def nominal(name: str, n: int) -> ShadowManipulateSimulation:
    """Hands as the model has them, their first episode begun."""
    return in_worlds(name, (), np.zeros((n, 0)))


def in_worlds(name: str, names: tuple[str, ...], values: np.ndarray) -> ShadowManipulateSimulation:
    """Hands in worlds with these numbers, their first episode begun."""
    task = make_task(name)
    simulation = task.simulate(len(values), 1)
    ids = np.arange(len(values))
    worlds = Worlds(names, values, ids.astype(np.uint64))
    simulation.load(ids, task.worlds.complete(worlds), ids)
    simulation.reset(ids, np.zeros_like(ids))
    assert isinstance(simulation, ShadowManipulateSimulation)
    return simulation


def anyhow(n: int, seed: int) -> np.ndarray:
    """Orientations (n, 4) that are uniform."""
    q = np.random.default_rng(seed).normal(size=(n, 4))
    return q / np.linalg.norm(q, axis=1, keepdims=True)


def evaluated(simulation: ShadowManipulateSimulation):
    return simulation.evaluate(np.zeros(simulation.n, dtype=bool))


def test_every_combination_has_a_name() -> None:
    assert len(VARIANTS) == len(set(VARIANTS.values())) == 3 * 4 * 2 * 3
    assert sum(map(len, FAMILIES.values())) == len(VARIANTS)
    for name in ("shadow/block-rotate-z", "shadow/egg-full-touch-dense", "shadow/pen-rotate-parallel-sparse"):
        assert name in VARIANTS


@pytest.mark.parametrize(
    "name", ["shadow/block-rotate-xyz", "shadow/egg-rotate-z", "shadow/egg-full", "shadow/pen-full"]
)
def test_objects_start_at_rest_in_the_hand_and_stay_there(name: str) -> None:
    task = make_task(name)
    assert len(task.starts) > 64
    simulation = nominal(name, 24)
    begun = simulation.object_pose.copy()
    data = mujoco.MjData(task.model)
    for qpos in simulation.sim.qpos:
        data.qpos[:] = qpos
        mujoco.mj_forward(task.model, data)
        assert data.contact.dist.min() > -MOST_PENETRATION / 2
    for _ in range(25):
        assert not simulation.step(np.zeros((24, STILL))).failure.any()
    moved = np.linalg.norm(simulation.object_pose[:, :3] - begun[:, :3], axis=1)
    # A hand gives way under an egg, twice as heavy as the block.
    assert np.median(moved) < 0.015 and moved.max() < 0.03


@pytest.mark.parametrize("name", ["shadow/egg-full", "shadow/pen-full-sparse"])
def test_positions_of_goals_are_uniform_over_the_published_box(name: str) -> None:
    simulation = nominal(name, 512)
    share = (simulation.goal_position - REST - OFFSETS[0]) / (OFFSETS[1] - OFFSETS[0])
    assert (share >= 0).all() and (share < 1).all()
    assert share.mean(axis=0) == pytest.approx([0.5] * 3, abs=0.06)
    assert share.std(axis=0) == pytest.approx([12**-0.5] * 3, abs=0.03)


@pytest.mark.parametrize(("name", "near"), [("shadow/block-full", 0.01), ("shadow/pen-full", 0.05)])
def test_a_goal_with_a_position_is_reached_in_both_alone(name: str, near: float) -> None:
    simulation = nominal(name, 3)
    simulation.object_pose[:, :3] = simulation.goal_position + np.array([[0.9 * near], [1.1 * near], [0.0]]) * [0, 0, 1]
    simulation.object_pose[:, 3:] = simulation.goal
    simulation.object_pose[2, 3:] = multiply(simulation.goal[2], np.array([np.cos(0.25), np.sin(0.25), 0.0, 0.0]))
    before = simulation.goal_position.copy()
    assert evaluated(simulation).rewards["goal"].tolist() == [simulation.reward.goal, 0.0, 0.0]
    assert (simulation.goal_position != before).any(axis=1).tolist() == [True, False, False]


def test_coming_closer_in_position_pays_as_ten_times_as_much_in_angle() -> None:
    simulation = nominal("shadow/egg-full", 2)
    simulation.object_pose[:] = np.concatenate((simulation.goal_position, simulation.goal), axis=1)
    simulation.object_pose[:, 2] += 0.03
    evaluated(simulation)
    simulation.object_pose[:, 2] += [-0.01, 0.01]
    pay = 0.1 * simulation.reward.approach
    assert evaluated(simulation).rewards["approach"] == pytest.approx([pay, -pay])


def test_a_rolling_pen_is_not_spinning_and_rolls_to_its_goal_for_nothing() -> None:
    simulation = nominal("shadow/pen-rotate-xyz", 2)
    simulation.object_velocity[:, 3:] = [[0.0, 0.0, 40.0], [0.0, 40.0, 0.0]]
    assert evaluated(simulation).failure.tolist() == [False, True]
    simulation.object_velocity[:] = 0.0
    simulation.object_pose[:, 3:] = multiply(simulation.goal, from_yaw(np.array([2.0, -1.0])))
    assert evaluated(simulation).rewards["goal"].tolist() == [simulation.reward.goal] * 2


@pytest.mark.parametrize(
    ("ours", "original"),
    [
        ("shadow/block-rotate-z", "gym/HandManipulateBlockRotateZ{}-v1"),
        ("shadow/block-full", "gym/HandManipulateBlock{}-v1"),
        ("shadow/egg-rotate-xyz", "gym/HandManipulateEggRotate{}-v1"),
        ("shadow/pen-rotate-xyz", "gym/HandManipulatePenRotate{}-v1"),
        ("shadow/pen-full", "gym/HandManipulatePen{}-v1"),
    ],
)
def test_sparse_and_dense_rewards_are_the_originals_on_the_same_poses(ours: str, original: str) -> None:
    n = 128
    rng = np.random.default_rng(0)
    position = REST + rng.uniform(-0.02, 0.02, (n, 3))
    goal = np.concatenate((position + rng.normal(0.0, 0.01, (n, 3)), anyhow(n, 1)), axis=1)
    pose = np.concatenate((position, anyhow(n, 2)), axis=1)
    # Half of them almost there.
    pose[::2, 3:] = goal[::2, 3:] + rng.normal(0.0, 0.02, (n // 2, 4))
    pose[:, 3:] /= np.linalg.norm(pose[:, 3:], axis=1, keepdims=True)
    for suffix, dense in (("-sparse", ""), ("-dense", "Dense")):
        simulation = nominal(ours + suffix, n)
        simulation.object_pose[:] = pose
        simulation.goal_position[:], simulation.goal[:] = goal[:, :3], goal[:, 3:]
        outcome = evaluated(simulation)
        gym = make_task(original.format(dense)).simulate(1, 1)
        assert isinstance(gym, GoalEnvSimulation)
        # The original takes a quaternion and its negative for different: the shorter way is meant.
        signs = [goal * np.array([1.0] * 3 + [sign] * 4) for sign in (1.0, -1.0)]
        paid, reached = zip(*(gym.judge(pose, signed) for signed in signs), strict=True)
        np.testing.assert_allclose(outcome.rewards["goal"], np.max(paid, axis=0), atol=1e-9)
        success = simulation.measure(np.arange(n))["success"]
        assert success.tolist() == np.any(reached, axis=0).tolist()
        assert 0 < success.sum() < n / 2
        assert not outcome.failure.any() and not outcome.rewards["drop"].any()


@pytest.mark.parametrize(("name", "each"), [("shadow/egg-rotate-z-sparse", -1.0), ("shadow/egg-full-dense", -np.pi)])
def test_a_drop_ends_the_episode_and_pays_for_the_steps_left(name: str, each: float) -> None:
    simulation = nominal(name, 2)
    for _ in range(3):
        simulation.step(np.zeros((2, STILL)))
    simulation.object_pose[1, 2] -= 0.15
    outcome = simulation.step(np.zeros((2, STILL)))
    assert outcome.failure.tolist() == [False, True]
    assert outcome.rewards["drop"] == pytest.approx([0.0, each * (simulation.task.episode_steps - 4)])
    assert simulation.measure(np.arange(2))["drop"].tolist() == [0.0, 1.0]


def test_the_goal_stays_when_it_is_reached_and_the_episode_lasts_as_long_as_the_original() -> None:
    task = make_task("shadow/block-rotate-z-sparse")
    original = make_task("gym/HandManipulateBlockRotateZ-v1")
    assert task.episode_steps == original.episode_steps
    assert task.control_period == pytest.approx(original.control_period)
    env = TrialEnv(task, 1, threads=1, draw=lambda rng, n: Worlds((), np.zeros((n, 0)), np.arange(n)))
    env.reset()
    goal = env.simulation.goal.copy()
    env.simulation.object_pose[:, 3:] = goal
    _, reward, done, infos = env.step(np.zeros((1, STILL)))
    assert (reward[0], done[0], infos[0]) == (0.0, False, {})
    assert env.simulation.progress().tolist() == [1.0]
    np.testing.assert_array_equal(env.simulation.goal, goal)


@pytest.mark.parametrize("thing", ["block", "pen"])
def test_touch_is_what_the_models_sensors_say_and_changes_nothing_else(thing: str) -> None:
    name = f"shadow/{thing}-rotate-z"
    simulation, numb = nominal(f"{name}-touch", 2), nominal(name, 2)
    model = simulation.task.spec.compile()
    data = mujoco.MjData(model)
    data.qpos[:], data.ctrl[:] = simulation.sim.qpos[1], simulation.sim.ctrl[1]
    mujoco.mj_forward(model, data)
    sensors = [model.sensor(i).name for i in range(model.nsensor) if "TS_" in model.sensor(i).name]
    assert len(sensors) == simulation.task.tracked["touch"] == 92
    rng = np.random.default_rng(0)
    felt = []
    for _ in range(15):
        action = rng.uniform(-1.0, 1.0, (2, STILL))
        simulation.step(action)
        numb.step(action)
        data.ctrl[:] = simulation.sim.ctrl[1]
        mujoco.mj_step(model, data, simulation.task.substeps)
        felt.append([data.sensor(sensor).data[0] for sensor in sensors])
        policy, critic = simulation.observe()
        np.testing.assert_array_equal(policy[1, -92:], np.float32(felt[-1]))
        np.testing.assert_array_equal(critic[1, -92:], np.float32(felt[-1]))
        policy_without, _ = numb.observe()
        np.testing.assert_array_equal(policy[:, :-92], policy_without)
    assert (np.array(felt).max(axis=0) > 0.05).sum() > 3
    np.testing.assert_array_equal(simulation.sim.qpos, numb.sim.qpos)


def test_noise_of_touch_reaches_the_policy_alone() -> None:
    values = np.array([[0.0, 1.0], [0.5, 1.0], [0.0, 2.0]])
    simulation = in_worlds("shadow/egg-rotate-xyz-touch", ("touch_noise", "touch_scale"), values)
    errors, truths = [], []
    for _ in range(30):
        simulation.step(np.zeros((3, STILL)))
        policy, critic = simulation.observe()
        truths.append(critic[:, -92:])
        errors.append(policy[:, -92:] - critic[:, -92:])
    errors, truth = np.array(errors), np.array(truths)
    assert not errors[:, 0].any()
    assert errors[:, 1].std() == pytest.approx(0.5, rel=0.05)
    assert truth[:, 2].max() > 0.1
    np.testing.assert_allclose(errors[:, 2], truth[:, 2], rtol=1e-5, atol=1e-6)


def test_a_touch_sensor_is_no_marker_and_fails_by_itself() -> None:
    target = make_task("shadow/pen-full-touch").target
    assert target.markers == ("object",)
    assert target.unit_of_observation(["touch"]) == "N"
    assert sum(name.startswith("robot0:TS_") for name in target.sensor_names) == 92


def test_an_object_that_tips_over_is_lost_where_the_reward_says_so() -> None:
    usual, strict = nominal("shadow/block-rotate-z", 3), nominal("shadow/block-rotate-z", 3)
    strict.reward = replace(strict.reward, tipped=1.0)
    for simulation in (usual, strict):
        for world, angle in enumerate((0.0, 0.9, 1.1)):
            lean = np.array([np.cos(angle / 2), np.sin(angle / 2), 0.0, 0.0])
            pose = simulation.object_pose[world]
            pose[3:] = multiply(from_yaw(np.array(world)), lean)
    assert evaluated(usual).failure.tolist() == [False, False, False]
    assert evaluated(strict).failure.tolist() == [False, False, True]
