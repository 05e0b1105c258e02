from __future__ import annotations

from collections.abc import Sequence

import mujoco
import numpy as np
import pytest

from deploy_robot import map_action
from deploy_robot.quaternions import from_yaw, multiply, rotate
from randomizers import Worlds
from sim2real.tasks import make_task
from sim2real.tasks.leap_hand import LOWEST
from sim2real.tasks.leap_rotate_z import LeapRotateZ
from sim2real.tasks.palm_up_rotate_z import PalmUpRotateZSimulation
from sim2real.tasks.robot_simulation import SPEED_LIMIT
from sim2real.trials import TrialEnv

FINGER = {"mcp": (-0.314, 2.23), "rot": (-1.047, 1.047), "pip": (-0.506, 1.885), "dip": (-0.366, 2.042)}
THUMB = {"cmc": (-0.349, 2.094), "axl": (-0.349, 2.094), "mcp": (-0.47, 2.443), "ipl": (-1.34, 1.88)}
LIMITS = {f"{finger}_{joint}": limits for finger in ("if", "mf", "rf") for joint, limits in FINGER.items()}
LIMITS |= {f"th_{joint}": limits for joint, limits in THUMB.items()}
"""The LEAP hand's joints and their limits [rad] (Shaw, Agarwal, Pathak 2023)."""


@pytest.fixture(scope="module")
def task() -> LeapRotateZ:
    task = make_task("leap/rotate-z")
    assert isinstance(task, LeapRotateZ)
    return task


def nominal(task: LeapRotateZ, seeds: Sequence[int]) -> Worlds:
    worlds = task.worlds.nominal(len(seeds))
    return Worlds(worlds.names, worlds.values, np.array(seeds, dtype=np.uint64))


def started(task: LeapRotateZ, worlds: Worlds, threads: int = 1) -> PalmUpRotateZSimulation:
    simulation = task.simulate(len(worlds), threads)
    ids = np.arange(len(worlds))
    simulation.load(ids, worlds, ids)
    simulation.reset(ids, np.zeros_like(ids))
    return simulation


def no_action(simulation: PalmUpRotateZSimulation) -> np.ndarray:
    return np.zeros((simulation.n, 16))


def nothing(simulation: PalmUpRotateZSimulation) -> np.ndarray:
    return np.zeros(simulation.n, dtype=bool)


def about_x(angle: float) -> np.ndarray:
    return np.array([np.cos(angle / 2), np.sin(angle / 2), 0.0, 0.0])


def test_the_model_has_the_leap_hands_joints_and_limits(task) -> None:
    assert set(task.joints) == set(LIMITS)
    assert len(task.joints) == 16
    for name, limits in LIMITS.items():
        assert task.model.joint(name).range == pytest.approx(limits), name
        assert task.model.actuator(name).ctrlrange == pytest.approx(limits), name
    lower, upper = np.array([LIMITS[name] for name in task.action.joints]).T
    assert np.array(task.action.lower) == pytest.approx(lower)
    assert np.array(task.action.upper) == pytest.approx(upper)


def test_the_control_rate_is_20_hz(task) -> None:
    assert task.control_period == pytest.approx(0.05)


def test_the_groups_have_the_sizes_that_the_task_declares(task) -> None:
    policy, critic = started(task, nominal(task, range(3))).observe()
    assert task.observation_sizes == {"policy": 33, "critic": 106}
    assert (policy.shape, critic.shape) == ((3, 33), (3, 106))
    assert policy.dtype == critic.dtype == np.float32


def test_the_policy_group_is_scaled_joints_scaled_targets_and_the_start_flag(task) -> None:
    simulation = started(task, nominal(task, range(2)))
    lower, upper = np.array([LIMITS[name] for name in task.joints]).T
    assert simulation.observe()[0][:, 32].tolist() == [1.0, 1.0]
    simulation.step(np.full((2, 16), 0.7))
    simulation.sim.qpos[0, :16], simulation.sim.qpos[1, :16] = lower, (lower + upper) / 2
    simulation.target_angle[0], simulation.target_angle[1] = upper, (lower + 3 * upper) / 4
    simulation.listen()
    policy, _ = simulation.observe()
    assert policy[0] == pytest.approx(np.repeat([-1.0, 1.0, 0.0], [16, 16, 1]), abs=1e-6)
    assert policy[1] == pytest.approx(np.repeat([0.0, 0.5, 0.0], [16, 16, 1]), abs=1e-6)


def test_the_critic_sees_the_policy_group_and_the_cube_and_the_policy_does_not_see_the_cube(task) -> None:
    simulation = started(task, nominal(task, range(2)))
    policy, critic = simulation.observe()
    assert np.array_equal(critic[:, :33], policy)
    simulation.object_pose[1, :3] += (0.01, 0.02, 0.03)
    after, moved = simulation.observe()
    assert np.array_equal(after, policy)
    assert np.array_equal(moved[0], critic[0])
    change = moved[1] - critic[1]
    assert change[change != 0] == pytest.approx([0.01, 0.02, 0.03] + [-0.01, -0.02, -0.03] * 4, abs=1e-6)


def test_some_rows_are_observed_as_among_all(task) -> None:
    simulation = started(task, nominal(task, range(4)))
    simulation.step(np.full((4, 16), 0.3))
    rows = np.array([3, 1])
    for whole, some in zip(simulation.observe(), simulation.observe(rows), strict=True):
        assert np.array_equal(whole[rows], some)


def test_episodes_start_at_rest_with_the_cube_upright_on_the_hand(task) -> None:
    assert len(task.starts) > 100
    data = mujoco.MjData(task.model)
    cube = task.model.geom("cube").id
    for start in task.starts[::10]:
        data.qpos[:] = start
        mujoco.mj_forward(task.model, data)
        assert cube in data.contact.geom, "the cube touches the hand"
    assert rotate(task.starts[:, 19:23], np.array([0.0, 0.0, 1.0]))[:, 2].min() > 0.9
    yaw = 2 * np.arctan2(task.starts[:, 22], task.starts[:, 19])
    assert np.histogram(np.mod(yaw, 2 * np.pi), 4, (0, 2 * np.pi))[0].min() > 10, "turned any way"

    simulation = started(task, nominal(task, range(64)))
    assert not simulation.sim.qvel.any()
    place = simulation.object_pose.copy()
    for _ in range(20):
        simulation.step(no_action(simulation))
    assert np.abs(simulation.object_pose - place)[:, :3].max() < 0.005
    assert np.abs(simulation.joint_position - simulation.target_angle).max() < 0.2


def test_no_cube_falls_while_the_hand_holds_still(task) -> None:
    simulation = started(task, nominal(task, range(64)), threads=2)
    for _ in range(task.episode_steps):
        outcome = simulation.step(no_action(simulation))
        assert not outcome.failure.any() and not outcome.success.any()
    measured = simulation.measure(np.arange(64))
    assert np.abs(measured["rotation_rate"]).max() < 0.05
    assert not measured["drop"].any()
    assert measured["seconds"] == pytest.approx(10.0)


def test_starts_depend_on_the_worlds_seed_and_the_episode(task) -> None:
    simulation = started(task, nominal(task, [7, 8, 7]))
    first = simulation.sim.qpos.copy()
    simulation.reset(np.arange(3), np.array([0, 0, 1]))
    assert np.array_equal(simulation.sim.qpos[:2], first[:2])
    assert np.array_equal(first[0], first[2])
    assert not np.array_equal(simulation.sim.qpos[2], first[2])
    assert not np.array_equal(first[1], first[0])


def test_a_cube_that_falls_off_fails_the_episode_and_pays_once_it_is_down(task) -> None:
    simulation = started(task, nominal(task, range(2)))
    simulation.object_pose[0, :3] = (0.3, 0.3, LOWEST + 0.15)
    steps = 0
    while not simulation.measure(np.arange(2))["drop"].any():
        steps += 1
        assert steps < 20
        outcome = simulation.step(no_action(simulation))
        fallen = simulation.object_pose[0, 2] < LOWEST
        assert outcome.failure.tolist() == [fallen, False]
        assert outcome.rewards["drop"].tolist() == [-60.0 * fallen, 0.0]
    # Free fall over 15 cm.
    assert steps == int(np.ceil(np.sqrt(2 * 0.15 / 9.81) / 0.05))
    simulation.object_pose[0, 2] = 1.0
    simulation.step(no_action(simulation))
    assert simulation.measure(np.arange(2))["drop"].tolist() == [1.0, 0.0], "what has fallen has fallen"


def test_a_cube_that_spins_faster_than_declared_fails_the_episode(task) -> None:
    simulation = started(task, nominal(task, range(3)))
    simulation.object_velocity[:, 3:] = np.array([[15.1, 0, 0], [0, 0, -15.1], [10.0, 10.0, 0.0]])
    assert simulation.evaluate(nothing(simulation)).failure.tolist() == [True, True, False]


def test_a_world_that_diverged_stands_in_a_start_state_again(task, monkeypatch, tmp_path) -> None:
    monkeypatch.chdir(tmp_path)  # where MuJoCo logs its warning
    simulation = started(task, nominal(task, range(3)))
    simulation.step(no_action(simulation))
    simulation.sim.qvel[1] = np.nan
    outcome = simulation.step(no_action(simulation))
    assert outcome.diverged.tolist() == outcome.failure.tolist() == [False, True, False]
    assert (simulation.sim.qpos[:, None] == task.starts).all(axis=2).any(axis=1).tolist() == [False, True, False]
    assert not simulation.sim.qvel[1].any()
    assert all(np.isfinite(term).all() for term in outcome.rewards.values())


def test_each_reward_term_is_what_it_says(task) -> None:
    simulation = started(task, nominal(task, range(2)))
    rng = np.random.default_rng(0)
    before = np.zeros((2, 16))
    for _ in range(5):
        action = rng.uniform(-1.2, 1.2, (2, 16))
        outcome = simulation.step(action)
        taken = action.clip(-1, 1)
        forces = simulation.sim.bind("actuator_force")
        wanted = {
            "rotation": simulation.progress().clip(-1.5, 1.5),
            "linear_velocity": -0.1 * np.linalg.norm(simulation.object_velocity[:, :3], axis=1),
            "action_rate": -0.001 * ((taken - before) ** 2).sum(axis=1),
            "pose": -0.01 * ((simulation.joint_position - task.start_pose) ** 2).sum(axis=1),
            "torque": -0.01 * (forces**2).sum(axis=1),
            "drop": np.zeros(2),
        }
        assert tuple(outcome.rewards) == tuple(wanted) == task.reward_terms
        for name, term in outcome.rewards.items():
            assert term == pytest.approx(wanted[name], rel=1e-9), name
        before = taken
    assert np.abs(forces).max() <= 0.95, "the servos' greatest torque"
    simulation.reset(np.array([1]), np.array([1]))
    rates = simulation.step(before).rewards["action_rate"]
    assert rates == pytest.approx([0.0, -0.001 * (before[1] ** 2).sum()]), "an episode begins without an action before"


def test_the_environments_reward_is_the_sum_of_the_terms(task) -> None:
    env = TrialEnv(task, 3, seed=4, threads=1)
    env.reset()
    outcomes, step = [], env.simulation.step
    env.simulation.step = lambda action: outcomes.append(step(action)) or outcomes[-1]
    rng = np.random.default_rng(0)
    for t in range(20):
        if t == 10:
            env.simulation.object_pose[1, 2] = 0.0
        _, reward, _, _ = env.step(rng.uniform(-0.1, 0.1, (3, 16)).astype(np.float32))
        assert reward == pytest.approx(sum(outcomes[-1].rewards.values()), rel=1e-6)
        assert (reward < -15.0).tolist() == [False, t == 10, False]


def turned(simulation: PalmUpRotateZSimulation, by: np.ndarray, times: int = 1) -> np.ndarray:
    """Turn every cube by a quaternion so many times, a control step each; returns the rotation terms' sums (n,)."""
    paid = np.zeros(simulation.n)
    for _ in range(times):
        simulation.object_pose[:, 3:] = multiply(by, simulation.object_pose[:, 3:])
        paid += simulation.evaluate(nothing(simulation)).rewards["rotation"]
    return paid


@pytest.mark.parametrize("tilt", [0.0, 0.4, np.pi / 2])
@pytest.mark.parametrize("angle", [0.07, -0.05])
def test_turning_about_the_vertical_by_a_known_angle_is_that_rotation_rate(task, angle: float, tilt: float) -> None:
    simulation = started(task, nominal(task, range(4)))
    turned(simulation, about_x(tilt))
    simulation.begin(np.arange(4), [])
    paid = turned(simulation, from_yaw(angle), 30)
    assert simulation.measure(np.arange(4))["rotation_rate"] == pytest.approx(30 * angle / 10.0)
    assert simulation.progress() == pytest.approx(angle / 0.05)
    assert paid == pytest.approx(30 * angle / 0.05)


def test_more_than_a_whole_turn_is_counted(task) -> None:
    simulation = started(task, nominal(task, range(2)))
    turned(simulation, from_yaw(0.5), 40)
    assert simulation.measure(np.arange(2))["rotation_rate"] == pytest.approx(20.0 / 10.0)


def test_tilting_alone_is_no_rotation(task) -> None:
    simulation = started(task, nominal(task, range(4)))
    assert turned(simulation, about_x(0.05), 20) == pytest.approx(0.0, abs=1e-9)
    assert simulation.measure(np.arange(4))["rotation_rate"] == pytest.approx(0.0, abs=1e-12)


def test_flicking_forth_fast_and_back_slowly_nets_nothing_and_does_not_pay(task) -> None:
    simulation = started(task, nominal(task, range(4)))
    paid = turned(simulation, from_yaw(0.6)) + turned(simulation, from_yaw(-0.05), 12)
    assert simulation.measure(np.arange(4))["rotation_rate"] == pytest.approx(0.0, abs=1e-12)
    assert paid == pytest.approx(1.5 - 12.0), "fast turning counts as the highest rate"


def test_the_rotation_of_one_episode_is_not_carried_into_the_next(task) -> None:
    simulation = started(task, nominal(task, range(2)))
    turned(simulation, from_yaw(0.3), 5)
    simulation.reset(np.array([1]), np.array([1]))
    rate = simulation.measure(np.arange(2))["rotation_rate"]
    assert rate == pytest.approx([1.5 / 10.0, 0.0])


def test_a_nominal_world_is_the_model_stepped_under_mapped_actions_bit_for_bit(task) -> None:
    simulation = started(task, nominal(task, [3, 4]), threads=2)
    model = task.model
    motors = [model.actuator(name).id for name in task.action.joints]
    joints = [int(model.joint(name).qposadr[0]) for name in task.action.joints]
    worlds = []
    for row in range(2):
        data = mujoco.MjData(model)
        data.qpos[:] = simulation.sim.qpos[row]
        data.ctrl[motors] = data.qpos[joints]
        mujoco.mj_forward(model, data)
        worlds.append(data)
    targets = simulation.sim.qpos[:, joints].copy()
    rng = np.random.default_rng(1)
    for _ in range(50):
        action = rng.uniform(-1, 1, (2, 16))
        simulation.step(action)
        targets = map_action(task.action, task.control_period, action, targets)
        for row, data in enumerate(worlds):
            data.ctrl[motors] = targets[row]
            for _ in range(task.substeps):
                mujoco.mj_step(model, data)
            assert np.array_equal(simulation.sim.qpos[row], data.qpos)
    assert np.abs(simulation.joint_position - task.start_pose).max() > 0.3, "the hand moved"


def test_random_actions_break_no_world_and_no_observation_is_infinite(task) -> None:
    env = TrialEnv(task, 40, seed=11, threads=2)
    env.reset()
    sim, highest = env.simulation.sim, task.simulate(1, 1).reward.highest_speed
    step, speeds = sim.step, []

    def watched(substeps: int) -> np.ndarray:
        diverged = step(substeps)
        speeds.append(np.where(diverged[:, None], 0.0, sim.qvel).copy())
        return diverged

    sim.step = watched
    rng = np.random.default_rng(0)
    failures = diverged = 0
    for _ in range(500):
        observation, reward, _, infos = env.step(rng.uniform(-1, 1, (40, 16)).astype(np.float32))
        assert np.isfinite(observation["policy"]).all() and np.isfinite(observation["critic"]).all()
        assert np.isfinite(reward).all()
        spin = np.linalg.norm(speeds[-1][:, 19:22], axis=1)
        assert (spin[[not info for info in infos]] <= highest).all(), "faster ones have failed"
        diverged += sum(info["metrics"]["diverged"] for info in infos if info)
        failures += sum(not info["TimeLimit.truncated"] for info in infos if info)
    assert failures > 100, "the worlds were treated roughly"
    assert np.abs(speeds).max() < SPEED_LIMIT / 3
    assert diverged == env.simulation.diverged_steps <= 2


def course(task: LeapRotateZ, seed: int, threads: int, steps: int = 60) -> np.ndarray:
    """Observations and rewards (steps, 4, c + 1) of four drawn worlds under the same random actions."""
    env = TrialEnv(task, 4, seed=seed, threads=threads)
    env.reset()
    seen = []
    rng = np.random.default_rng(9)
    for _ in range(steps):
        observation, reward, _, _ = env.step(rng.uniform(-1, 1, (4, 16)).astype(np.float32))
        seen.append(np.concatenate((observation["critic"], reward[:, None]), axis=1))
    return np.array(seen)


def test_the_same_seed_gives_the_same_bits_at_any_number_of_threads_and_another_seed_others(task) -> None:
    first = course(task, 5, 1)
    assert np.array_equal(course(task, 5, 1), first)
    assert np.array_equal(course(task, 5, 2), first)
    other = course(task, 6, 1)
    assert not (other == first).all(axis=(0, 2)).any()
