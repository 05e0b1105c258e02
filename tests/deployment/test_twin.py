from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from deploy_robot import InProcessRobot, RobotTimeout
from randomizers import WorldDistribution, Worlds, WorldsError
from sim2real.errors import UserError
from sim2real.evaluation.choice import choose_worlds
from sim2real.tasks import make_task
from sim2real.tasks.leap_hand import HOME, LOWEST
from sim2real.tasks.leap_rotate_z import LeapRotateZ
from sim2real.twin import Twin


@pytest.fixture(scope="module")
def task() -> LeapRotateZ:
    task = make_task("leap/rotate-z")
    assert isinstance(task, LeapRotateZ)
    return task


@pytest.fixture(scope="module")
def world(task) -> Worlds:
    return choose_worlds(task.worlds, "unseen", 1, 1)


def targets(steps: int, seed: int = 0) -> np.ndarray:
    """(steps, 16) [rad] around the start pose."""
    return HOME + np.random.default_rng(seed).uniform(-0.3, 0.3, (steps, 16))


def course(twin: Twin, steps: int = 40) -> list[np.ndarray]:
    seen = []
    for target in targets(steps):
        seen.append(np.concatenate(twin.state()))
        twin.step(target)
    return [*seen, np.array(twin.course)]


def test_the_same_world_under_the_same_targets_goes_through_the_same_states(task, world) -> None:
    one, other = course(Twin(task, world)), course(Twin(task, world))
    assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
    elsewhere = course(Twin(task, choose_worlds(task.worlds, "unseen", 1, 2)))
    assert not np.array_equal(one[0], elsewhere[0])


def test_each_command_takes_one_control_period(task, world) -> None:
    twin = Twin(task, world)
    robot = InProcessRobot(twin)
    assert robot.joints == task.joints
    for step in range(5):
        state = robot.read(0.0)
        assert state.stamp == pytest.approx(0.05 * step)
        assert state.position == pytest.approx(twin.simulation.joint_position[0], abs=0.3)
        with pytest.raises(RobotTimeout):
            robot.read(0.0)
        robot.command(HOME, state.stamp)
    assert len(twin.course) == 6 and len(twin.progress) == 5


def test_targets_are_taken_in_the_order_of_the_joints(task) -> None:
    twin = Twin(task, choose_worlds(task.worlds, "nominal", 1, 0))
    twin.simulation.object_pose[:, 2] = 100.0
    wanted = HOME.copy()
    wanted[4] += 0.3
    for _ in range(20):
        twin.step(wanted)
    assert twin.state()[0] == pytest.approx(wanted, abs=0.05)


def test_sensors_have_the_worlds_noise_and_say_the_same_when_asked_again(task, world) -> None:
    twin = Twin(task, world)
    for _ in range(3):
        twin.step(HOME)
        first, second = twin.state(), twin.state()
        assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    error = first[0] - twin.simulation.joint_position[0]
    assert np.abs(error).max() > 1e-3
    assert np.array_equal(first[1], twin.simulation.joint_velocity[0])


def test_a_dropped_cube_is_counted_and_put_back_at_rest_and_the_hand_stays(task, world) -> None:
    twin = Twin(task, world)
    start = twin.simulation.object_pose.copy()
    for drops in (1, 2):
        for target in targets(10):
            twin.step(target)
        assert twin.drops == drops - 1
        twin.simulation.object_pose[0, 2] = LOWEST - 0.05
        twin.step(HOME)
        assert twin.drops == drops
        assert np.array_equal(twin.simulation.object_pose, start)
        assert not twin.simulation.object_velocity.any()
        assert np.array_equal(twin.simulation.joint_position[0], twin.course[-1][:16])
        assert twin.course[-1][18] < LOWEST, "the record shows the drop"
        twin.step(HOME)
        assert twin.drops == drops, "once each"
    assert abs(twin.progress[-1]) < 10.0, "being put back is no rotation"


def test_the_summary_says_what_happened(task, world) -> None:
    twin = Twin(task, world)
    yaw = []
    held = twin.simulation.joint_position[0].copy()
    for swing in np.sin(np.arange(20)):
        twin.step(held + 0.05 * swing)
        yaw.append(twin.simulation.progress()[0] * 0.05)
    summary = json.loads(json.dumps(twin.summary(), allow_nan=False))
    assert (summary["task"], summary["metric"], summary["unit"]) == ("leap/rotate-z", "rotation_rate", "rad/s")
    assert summary["seconds"] == pytest.approx(1.0)
    assert summary["mean"] == pytest.approx(np.sum(yaw) / 1.0)
    assert (summary["drops"], summary["diverged_steps"]) == (0, 0)
    assert (summary["world"], summary["seed"]) == (dict(world[0].values), world[0].seed)
    assert Twin(task, world).summary()["mean"] == 0.0


def test_a_worlds_numbers_mean_what_the_distribution_it_is_of_says(task) -> None:
    heavy = [replace(term, name="weight") for term in task.worlds.terms if term.name == "cube_mass"]
    distribution = WorldDistribution(heavy, task.target)
    world = Worlds(("weight",), np.array([[1.3]]), np.zeros(1, np.uint64))
    twin = Twin(task, world, distribution)
    assert twin.simulation.sim.fields["body_mass"][0, task.model.body("cube").id] == pytest.approx(0.08 * 1.3)
    with pytest.raises(WorldsError, match="no parameter 'weight'"):
        Twin(task, world)


def test_a_task_that_needs_more_than_joint_states_and_poses_is_refused_in_one_line() -> None:
    task = make_task("shadow/block-rotate-z-touch")
    with pytest.raises(UserError, match="observes object_position, goal_rotation") as error:
        Twin(task, task.worlds.nominal(1))
    assert "\n" not in str(error.value)
