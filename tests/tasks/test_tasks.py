from __future__ import annotations

import numpy as np
import pytest

from sim2real.errors import UserError
from sim2real.tasks import ELSEWHERE, ROBOT_FAMILIES, TASKS, make_task, task_class

ROBOTS = [names[0] for names in ROBOT_FAMILIES.values()]
MOVE_AN_OBJECT = [name for name in (*ROBOTS, "shadow/pen-full-touch-sparse") if task_class(name).object_body]


def test_an_unknown_task_is_refused_with_the_names_of_those_there_are() -> None:
    with pytest.raises(UserError, match=r"unknown task 'leap'; tasks: leap/rotate-z, shadow/block-\*") as error:
        make_task("leap")
    assert "\n" not in str(error.value)


def test_a_task_is_made_once() -> None:
    assert make_task("leap/rotate-z") is make_task("leap/rotate-z")


@pytest.mark.parametrize("name", [name for name in TASKS if name not in ELSEWHERE])
def test_a_task_is_what_it_declares(name: str) -> None:
    task = make_task(name)
    assert isinstance(task, task_class(name))
    assert task.name == task.worlds.task == name
    simulation = task.simulate(2, 1)
    worlds = task.worlds.nominal(2)
    ids = np.arange(2)
    simulation.load(ids, worlds, ids)
    simulation.reset(ids, ids)
    outcome = simulation.step(np.zeros((2, *task.action_space.shape)))
    assert tuple(outcome.rewards) == task.reward_terms
    assert tuple(simulation.measure(ids)) == tuple(task.metrics)
    policy, critic = simulation.observe()
    assert {"policy": policy.shape[1], "critic": critic.shape[1]} == task.observation_sizes
    assert simulation.progress().shape == (2,)


@pytest.mark.parametrize("name", ROBOTS)
def test_a_distribution_of_ones_own_is_simulated_in_place_of_the_tasks(name: str) -> None:
    task = make_task(name)
    bare = task.worlds.replace_distribution(task.worlds.terms[0].name, task.worlds.terms[0].distribution)
    assert task.simulate(1, 1, bare).distribution is bare
    assert task.simulate(1, 1).distribution is task.worlds


@pytest.mark.parametrize("name", MOVE_AN_OBJECT)
def test_a_returned_object_lies_where_it_is_put_and_the_robot_stays(name: str) -> None:
    task = make_task(name)
    simulation = task.simulate(2, 1)
    ids = np.arange(2)
    simulation.load(ids, task.worlds.nominal(2), ids)
    simulation.reset(ids, ids)
    start = simulation.object_pose.copy()
    for _ in range(5):
        simulation.step(np.full((2, *task.action_space.shape), 0.5))
    # From beneath a floor, contact would throw it back within a control step of Dactyl's.
    simulation.object_pose[:, 2] = 0.03 if name.startswith("shadow/") else -1.0
    assert simulation.step(np.zeros((2, *task.action_space.shape))).failure.all()
    assert simulation.measure(ids)["drop"].tolist() == [1.0, 1.0]
    robot = simulation.joint_position.copy()
    simulation.return_object(start)
    assert np.array_equal(simulation.object_pose, start)
    assert not simulation.object_velocity.any()
    assert np.array_equal(simulation.joint_position, robot)
    assert not any(values.any() for name, values in simulation.measure(ids).items() if name != "seconds")
