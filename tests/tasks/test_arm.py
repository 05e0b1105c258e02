"""The Franka arm's tasks: reach, push, pick and place."""

import mujoco
import numpy as np
import pytest

from randomizers import Worlds
from sim2real.tasks import make_task
from sim2real.tasks.arm_block import CLEARANCE, LOWEST
from sim2real.tasks.arm_push import REACH_BEHIND
from sim2real.tasks.franka_arm import ARM, GRIPPER, REACH, FrankaArm
from sim2real.trials.trial_env import TrialEnv

TASKS = ("arm/reach", "arm/push", "arm/pick-and-place")
WITH_BLOCK = TASKS[1:]
LIMITS = [(-2.8973, 2.8973), (-1.7628, 1.7628), (-2.8973, 2.8973), (-3.0718, -0.0698)]
LIMITS += [(-2.8973, 2.8973), (-0.0175, 3.7525), (-2.8973, 2.8973)]
"""Of the joints [rad], in the maker's description."""


def arm(name: str) -> FrankaArm:
    task = make_task(name)
    assert isinstance(task, FrankaArm)
    return task


def nominal(task: FrankaArm, worlds: int) -> TrialEnv:
    """Arms as the model has them, their first episode begun."""
    env = TrialEnv(task, worlds, threads=1, draw=lambda rng, n: Worlds((), np.zeros((n, 0)), np.arange(n)))
    env.reset()
    return env


def still(env: TrialEnv) -> np.ndarray:
    """An action that leaves every target where it is."""
    return np.zeros((env.num_envs, *env.action_space.shape), np.float32)


def towards(simulation, point: np.ndarray, pointing_down: bool = True) -> np.ndarray:
    """Actions (n, 7) that bring the gripper nearer to points (n, 3)."""
    model = simulation.task.model
    data = mujoco.MjData(model)
    site = model.site("grip").id
    columns = [model.joint(name).dofadr[0] for name in ARM]
    actions = np.zeros((simulation.n, 7))
    for i in range(simulation.n):
        data.qpos[:] = simulation.sim.qpos[i]
        mujoco.mj_forward(model, data)
        rows = np.zeros((6, model.nv))
        mujoco.mj_jacSite(model, data, rows[:3], rows[3:], site)
        error = np.concatenate((point[i] - data.site_xpos[site], np.zeros(3)))
        if pointing_down:
            frame = data.site_xmat[site].reshape(3, 3)
            error[3:] = (np.cross(frame[:, 0], (1, 0, 0)) + np.cross(frame[:, 2], (0, 0, -1))) / 2
        actions[i] = np.linalg.pinv(rows[:, columns], 1e-2) @ error
    return np.clip(4.0 * actions, -1.0, 1.0)


@pytest.mark.parametrize("name", TASKS)
def test_the_arm_has_the_makers_joints_limits_and_speeds(name: str) -> None:
    task = arm(name)
    assert task.action.joints[:7] == ARM == tuple(f"panda_joint{number}" for number in range(1, 8))
    assert task.action.joints[7:] == ((GRIPPER,) if name == "arm/pick-and-place" else ())
    for joint, limits in zip(ARM, LIMITS, strict=True):
        assert task.model.joint(joint).range == pytest.approx(limits)
    assert np.array(task.action.lower)[:7] == pytest.approx(np.array(LIMITS)[:, 0])
    assert task.action.max_velocity[:7] == (2.175,) * 4 + (2.61,) * 3
    assert task.control_period == pytest.approx(0.05)
    assert task.episode_steps * task.control_period == pytest.approx(5.0)


def test_the_flange_is_where_the_makers_parameters_put_it() -> None:
    task = arm("arm/reach")
    data = mujoco.MjData(task.model)
    mujoco.mj_forward(task.model, data)
    # All joints at 0: two links up, three across, and down again to the hand.
    assert data.body("panda_hand").xpos == pytest.approx((0.088, 0.0, 0.333 + 0.316 + 0.384 - 0.107), abs=1e-6)


@pytest.mark.parametrize("name", TASKS)
def test_episodes_start_at_rest_and_touch_nothing_but_the_table_under_the_block(name: str) -> None:
    task = arm(name)
    assert len(task.starts) > 200
    env = nominal(task, 32)
    simulation = env.simulation
    begun = simulation.joint_position.copy()
    data = mujoco.MjData(task.model)
    for qpos in simulation.sim.qpos:
        data.qpos[:] = qpos
        mujoco.mj_forward(task.model, data)
        touching = {frozenset(task.model.geom(i).name for i in pair) for pair in data.contact.geom}
        assert touching <= {frozenset(("table", "block"))}
        assert data.contact.dist.size == 0 or data.contact.dist.min() > -1e-4
    for _ in range(20):
        env.step(still(env))
    assert np.abs(simulation.joint_position - begun).max() < 0.01
    if task.object_body:
        assert np.abs(simulation.object_velocity).max() < 0.02


def test_goals_of_reach_fill_the_workspace() -> None:
    task = arm("arm/reach")
    simulation = nominal(task, 1).simulation
    rng = np.random.default_rng(0)
    goals = np.array([simulation.draw_goal(rng, 0) for _ in range(200)]) - task.grip_start
    assert np.abs(goals).max() <= REACH
    assert goals.min() < -0.9 * REACH and goals.max() > 0.9 * REACH


@pytest.mark.parametrize("name", WITH_BLOCK)
def test_blocks_start_beside_the_gripper_and_goals_lie_on_the_table_or_half_of_them_above(name: str) -> None:
    task = arm(name)
    simulation = nominal(task, 64).simulation
    beside = simulation.object_pose[:, :2] - task.grip_start[:2]
    assert np.abs(beside).max() <= REACH
    assert np.linalg.norm(beside, axis=1).min() >= CLEARANCE
    rng = np.random.default_rng(0)
    goals = np.array([simulation.draw_goal(rng, 0) for _ in range(200)])
    assert np.abs(goals[:, :2] - task.grip_start[:2]).max() <= REACH
    above = goals[:, 2] - 0.025
    in_air = (above > 1e-9).mean()
    assert in_air == 0.0 if name == "arm/push" else in_air == pytest.approx(0.5, abs=0.12)
    assert -1e-9 < above.min() and above.max() < 0.45


def test_a_block_of_another_size_starts_on_the_table_and_has_its_goal_there() -> None:
    names, values = ("block_size",), np.array([[0.9], [1.1]])
    env = TrialEnv(
        arm("arm/push"), 2, threads=1, draw=lambda rng, n: Worlds(names, np.resize(values, (n, 1)), np.arange(n))
    )
    env.reset()
    assert env.simulation.object_pose[:, 2] == pytest.approx([0.0225, 0.0275])
    assert env.simulation.goal[:, 2] == pytest.approx([0.0225, 0.0275])


def test_reaching_the_goal_does_not_end_the_episode_and_must_last() -> None:
    task = arm("arm/reach")
    env = nominal(task, 2)
    simulation = env.simulation
    for _ in range(40):
        action = towards(simulation, simulation.goal, pointing_down=False)
        outcome = simulation.step(action)
        assert not outcome.success.any() and not outcome.failure.any()
    assert simulation.measure(np.arange(2))["success"].tolist() == [1.0, 1.0]
    assert outcome.rewards["reached"].tolist() == [simulation.reward.reached] * 2
    assert simulation.progress().tolist() == [1.0, 1.0]
    for _ in range(20):
        simulation.step(np.array([[1.0] + [0.0] * 6, [0.0] * 7]))
    assert simulation.measure(np.arange(2))["success"].tolist() == [0.0, 1.0]


@pytest.mark.parametrize("name", WITH_BLOCK)
def test_a_block_at_its_goal_is_a_success_and_one_that_has_fallen_off_the_table_is_not(name: str) -> None:
    env = nominal(arm(name), 3)
    simulation = env.simulation
    simulation.object_pose[0, :3] = simulation.goal[0] + (0.03, 0.0, 0.03)
    simulation.object_pose[1, :3] = simulation.goal[1] + (0.0, 0.06, 0.0)
    simulation.object_pose[2, :3] = (0.5, 0.0, LOWEST - 0.01)
    simulation.goal[2] = simulation.object_pose[2, :3]
    outcome = simulation.evaluate(np.zeros(3, dtype=bool))
    assert simulation.measure(np.arange(3))["success"].tolist() == [1.0, 0.0, 0.0]
    assert outcome.failure.tolist() == [False, False, True]
    assert outcome.rewards["drop"].tolist() == [0.0, 0.0, simulation.reward.drop]
    assert outcome.rewards["distance"][1] == pytest.approx(0.06 * simulation.reward.distance)


def test_the_way_to_a_block_ends_behind_it_and_leads_over_it_from_its_other_side() -> None:
    env = nominal(arm("arm/push"), 4)
    simulation = env.simulation
    block = simulation.tools + np.array([REACH_BEHIND, 0.0, 0.0])
    simulation.object_pose[:, :3] = block
    simulation.goal[:] = block + np.array([[0.2, 0, 0], [-0.2, 0, 0], [-0.2, 0, 0], [0.03, 0, 0]])
    simulation.object_pose[2, 2] -= 0.08
    way = simulation.evaluate(np.zeros(4, dtype=bool)).rewards["approach"] / simulation.reward.approach
    across = 2 * REACH_BEHIND
    assert way == pytest.approx([0.0, across + 0.08, across, 0.0]), "behind, before, above it; and it is at its goal"


def test_the_closed_gripper_can_push_a_block() -> None:
    task = arm("arm/push")
    env = nominal(task, 1)
    simulation = env.simulation
    simulation.object_pose[0, :3] = (0.5, 0.12, 0.025)
    for _ in range(40):
        simulation.step(towards(simulation, np.array([[0.5, 0.12, 0.03]])))
    assert simulation.object_pose[0, 1] > 0.14
    assert simulation.object_pose[0, 2] == pytest.approx(0.025, abs=0.002), "it stays on the table"


def test_the_gripper_can_pick_up_a_block_and_hold_it() -> None:
    env = nominal(arm("arm/pick-and-place"), 1)
    simulation = env.simulation
    simulation.object_pose[0, :3] = (0.58, 0.06, 0.025)
    simulation.goal[0] = (0.45, -0.1, 0.3)
    gripper = -1.0

    def go(point: tuple[float, float, float], steps: int) -> dict[str, np.ndarray]:
        for _ in range(steps):
            arm_action = towards(simulation, np.array([point]))
            outcome = simulation.step(np.column_stack((arm_action, [gripper])))
        return outcome.rewards

    gripper = 1.0
    assert go((0.58, 0.06, 0.1), 25)["grasp"] == 0.0
    go((0.58, 0.06, 0.025), 15)
    gripper = -1.0
    assert go((0.58, 0.06, 0.025), 12)["grasp"] == simulation.reward.grasp
    go((0.45, -0.1, 0.3), 40)
    assert simulation.measure(np.arange(1))["success"] == 1.0
    held = np.linalg.norm(simulation.object_offset)
    assert held < 0.02
    go((0.45, -0.1, 0.3), 40)
    assert np.linalg.norm(simulation.object_offset) == pytest.approx(held, abs=0.004), "it does not slip"
    gripper = 1.0
    go((0.45, -0.1, 0.3), 15)
    assert simulation.object_pose[0, 2] < 0.1, "let go, it falls"


@pytest.mark.parametrize("name", TASKS)
def test_the_policy_is_told_the_way_to_the_goal_and_to_the_block(name: str) -> None:
    task = arm(name)
    simulation = nominal(task, 4).simulation
    policy, critic = simulation.observe()
    achieved = simulation.object_pose[:, :3] if task.object_body else simulation.tools
    truth = simulation.goal - achieved
    if task.object_body:
        truth = np.concatenate((truth, achieved - simulation.tools), axis=1)
    np.testing.assert_allclose(policy[:, -truth.shape[1] :], truth, atol=1e-6)
    np.testing.assert_array_equal(critic[:, : policy.shape[1]], policy)
    assert {"policy": policy.shape[1], "critic": critic.shape[1]} == task.observation_sizes


def test_the_grippers_opening_is_measured_in_metres_and_scaled_as_the_joints_are() -> None:
    task = arm("arm/pick-and-place")
    assert {term.name: term.unit for term in task.sensed} == {"joint_position": "rad", "gripper_position": "m"}
    simulation = nominal(task, 1).simulation
    assert simulation.observe()[0][0, 14:16] == pytest.approx([1.0, 1.0], abs=1e-3), "open, and told to be"


@pytest.mark.parametrize("name", ["arm/reach", "arm/pick-and-place"])
def test_no_joint_is_faster_than_the_arm_while_it_moves_freely(name: str) -> None:
    env = nominal(arm(name), 8)
    simulation = env.simulation
    rng = np.random.default_rng(0)
    signs = rng.choice((-1.0, 1.0), (8, 7))
    fastest = np.zeros(7)
    for step in range(16):
        action = np.zeros((8, *env.action_space.shape))
        # Up and away from the table first.
        action[:, :7] = (0, -1, 0, 0, 0, 0, 0) if step < 6 else signs
        simulation.step(action)
        fastest = np.maximum(fastest, np.abs(simulation.joint_velocity[:, :7]).max(axis=0))
    assert (fastest < 1.25 * np.array([2.175] * 4 + [2.61] * 3)).all(), fastest


@pytest.mark.parametrize("name", TASKS)
def test_random_actions_break_no_world_and_throw_no_block_faster_than_the_arm_could(name: str) -> None:
    env = TrialEnv(arm(name), 40, seed=11, threads=1)
    env.reset()
    rng = np.random.default_rng(0)
    fastest = 0.0
    for _ in range(200):
        action = rng.uniform(-1, 1, (40, *env.action_space.shape)).astype(np.float32)
        observation, reward, _, _ = env.step(action)
        assert np.isfinite(observation["critic"]).all() and np.isfinite(reward).all()
        if env.task.object_body:
            fastest = max(fastest, float(np.abs(env.simulation.object_velocity[:, :3]).max()))
    assert env.simulation.diverged_steps == 0
    assert fastest < 5.0


@pytest.mark.parametrize("name", TASKS)
def test_a_restored_run_goes_on_exactly(name: str) -> None:
    task = arm(name)
    env = TrialEnv(task, 4, seed=1, threads=1)
    env.reset()
    rng = np.random.default_rng(0)
    shape = (4, *env.action_space.shape)
    for _ in range(10):
        env.step(rng.uniform(-1.0, 1.0, shape))
    state = env.state()
    action = rng.uniform(-1.0, 1.0, shape)
    first = [env.step(action)[0]["critic"] for _ in range(5)]
    other = TrialEnv(task, 4, seed=2, threads=1)
    other.reset()
    other.restore(state)
    np.testing.assert_array_equal([other.step(action)[0]["critic"] for _ in range(5)], first)
