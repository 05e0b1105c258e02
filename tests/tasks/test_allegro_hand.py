"""The Allegro hand: its model, its starts, and the cube on it."""

import mujoco
import numpy as np
import pytest

from deploy_robot.quaternions import rotate
from randomizers import Worlds
from sim2real.tasks import make_task
from sim2real.tasks.allegro_rotate_z import AllegroRotateZ
from sim2real.tasks.palm_up_rotate_z import PalmUpRotateZSimulation
from sim2real.tasks.robot_simulation import SPEED_LIMIT
from sim2real.trials import TrialEnv

FINGER = [((-0.47, 0.47), 0.312), ((-0.196, 1.61), 0.562), ((-0.174, 1.709), 0.375), ((-0.227, 1.618), 0.237)]
THUMB = [((0.263, 1.396), 0.438), ((-0.105, 1.163), 0.338), ((-0.189, 1.644), 0.225), ((-0.162, 1.719), 0.225)]
"""Limits [rad] and torque limits [N m] in the maker's ROS packages."""


@pytest.fixture(scope="module")
def task() -> AllegroRotateZ:
    task = make_task("allegro/rotate-z")
    assert isinstance(task, AllegroRotateZ)
    return task


def started(task: AllegroRotateZ, worlds: int) -> PalmUpRotateZSimulation:
    """Nominal worlds of different seeds, their first episode begun."""
    nominal = task.worlds.nominal(worlds)
    ids = np.arange(worlds)
    simulation = task.simulate(worlds, 1)
    simulation.load(ids, Worlds(nominal.names, nominal.values, ids.astype(np.uint64)), ids)
    simulation.reset(ids, np.zeros_like(ids))
    return simulation


def test_the_model_has_the_drivers_joints_with_the_makers_limits(task) -> None:
    assert task.joints == task.action.joints == tuple(f"joint_{number}.0" for number in range(16))
    for name, (limits, torque) in zip(task.joints, FINGER * 3 + THUMB, strict=True):
        assert task.model.joint(name).range == pytest.approx(limits), name
        assert task.model.actuator(name).ctrlrange == pytest.approx(limits), name
        assert task.model.actuator(name).forcerange == pytest.approx((-torque, torque)), name


def test_a_stretched_finger_is_as_long_as_the_makers_and_points_along_x(task) -> None:
    data = mujoco.MjData(task.model)
    mujoco.mj_forward(task.model, data)
    reach = data.site("mf_tip").xpos - data.body("palm").xpos
    # From the frame of the palm to the middle of the round fingertip.
    assert np.linalg.norm(reach) == pytest.approx(0.0007 + 0.0164 + 0.054 + 0.0384 + 0.0267)
    assert reach[0] == pytest.approx(np.linalg.norm(reach), rel=0.01)
    data.qpos[task.joints.index("joint_5.0")] = 1.0
    mujoco.mj_forward(task.model, data)
    assert data.site("mf_tip").xpos[2] > data.body("palm").xpos[2] + 0.05, "fingers close upwards"


def test_the_policy_feels_joints_alone_at_20_hz(task) -> None:
    assert task.control_period == pytest.approx(0.05)
    assert task.observation_sizes == {"policy": 33, "critic": 106}
    assert not task.tracked


def test_episodes_start_at_rest_with_the_cube_upright_on_the_hand(task) -> None:
    assert len(task.starts) > 100
    data = mujoco.MjData(task.model)
    cube = task.model.geom("cube").id
    for start in task.starts[::10]:
        data.qpos[:] = start
        mujoco.mj_forward(task.model, data)
        assert cube in data.contact.geom, "the cube touches the hand"
        assert data.contact.dist.min() > -0.002, "and is not within it"
    assert rotate(task.starts[:, 19:23], np.array([0.0, 0.0, 1.0]))[:, 2].min() > 0.9
    yaw = 2 * np.arctan2(task.starts[:, 22], task.starts[:, 19])
    assert np.histogram(np.mod(yaw, 2 * np.pi), 4, (0, 2 * np.pi))[0].min() > 10, "turned any way"


def test_no_cube_falls_while_the_hand_holds_still(task) -> None:
    simulation = started(task, 48)
    place = simulation.object_pose.copy()
    for _ in range(task.episode_steps):
        assert not simulation.step(np.zeros((48, 16))).failure.any()
    assert np.abs(simulation.measure(np.arange(48))["rotation_rate"]).max() < 0.05
    assert np.linalg.norm(simulation.object_pose[:, :3] - place[:, :3], axis=1).max() < 0.02


def test_a_cube_below_the_palm_is_dropped(task) -> None:
    simulation = started(task, 2)
    simulation.object_pose[1, :3] = (0.2, 0.2, task.lowest - 0.01)
    outcome = simulation.step(np.zeros((2, 16)))
    assert outcome.failure.tolist() == [False, True]
    assert outcome.rewards["drop"].tolist() == [0.0, simulation.reward.drop]


def test_random_actions_break_no_world(task) -> None:
    env = TrialEnv(task, 40, seed=11, threads=1)
    env.reset()
    rng = np.random.default_rng(0)
    fastest, drops = 0.0, 0
    for _ in range(400):
        observation, reward, _, infos = env.step(rng.uniform(-1, 1, (40, 16)).astype(np.float32))
        assert np.isfinite(observation["critic"]).all() and np.isfinite(reward).all()
        fastest = max(fastest, float(np.abs(env.simulation.sim.qvel).max()))
        drops += sum(not info["TimeLimit.truncated"] for info in infos if info)
    assert drops > 20, "the worlds were treated roughly"
    assert env.simulation.diverged_steps == 0
    assert fastest < SPEED_LIMIT / 3
