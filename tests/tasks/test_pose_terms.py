"""What the robot's computer reads from poses is what the simulator's trackers see."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from deploy_robot import PoseTerm, PoseTerms
from deploy_robot.quaternions import from_rotation_vector
from sim2real.tasks import make_task
from sim2real.tasks.delivered_poses import delivered_poses
from sim2real.tasks.robot_simulation import RobotSimulation
from sim2real.tasks.robot_task import RobotTask
from sim2real.trials import TrialEnv

TRACKED = [
    *("leap/reorient", "leap/reorient-z", "leap/reorient-playground", "allegro/reorient"),
    *("arm/reach", "arm/push", "arm/pick-and-place"),
    *("shadow/reach", "shadow/block-rotate-z", "shadow/block-full", "shadow/egg-rotate-xyz", "shadow/pen-full"),
    "shadow/block-dactyl",
]


def stepped(name: str) -> RobotSimulation:
    """Some steps into trials in six worlds."""
    task = make_task(name)
    assert isinstance(task, RobotTask)
    env = TrialEnv(task, 6, task.worlds, seed=0, threads=1)
    env.reset()
    rng = np.random.default_rng(0)
    for _ in range(8):
        env.step(rng.uniform(-1.0, 1.0, (6, env.action_space.shape[0])).astype(np.float32))
    assert isinstance(env.simulation, RobotSimulation)
    return env.simulation


seen_twice = cache(stepped)


@pytest.mark.parametrize("name", TRACKED)
def test_reading_the_true_poses_gives_what_is_tracked(name: str) -> None:
    simulation = seen_twice(name)
    terms, truth = simulation.task.poses, simulation.poses()
    assert terms is not None and set(terms.names) == set(truth)
    seen = terms.read(np.stack([truth[pose] for pose in terms.names], axis=1))
    wanted = simulation.track(slice(None))
    if name == "shadow/block-dactyl":
        seen = np.concatenate((seen[:, :18], 2.0 * np.arccos(seen[:, 18:19].clip(-1, 1))), axis=1)
        wanted = np.concatenate((wanted[:, :18], np.linalg.norm(wanted[:, 18:], axis=1, keepdims=True)), axis=1)
    assert seen == pytest.approx(wanted, abs=1e-7)
    assert np.ptp(seen, axis=0).max() > 0.001, "worlds differ"


@pytest.mark.parametrize("name", TRACKED)
def test_poses_that_trackers_deliver_read_as_the_noisy_values(name: str) -> None:
    simulation = seen_twice(name)
    terms, truth, values = simulation.task.poses, simulation.poses(), simulation.sensed_track()
    assert terms is not None
    for world in range(simulation.n):
        exact = np.array([truth[pose][world] for pose in terms.names])
        poses = delivered_poses(terms, exact, values[world])
        read = terms.read(poses)
        assert np.linalg.norm(poses[:, 3:], axis=1) == pytest.approx(1.0)
        first = 0
        for term in terms.terms:
            one, other = (block[first : first + term.size] for block in (read, values[world]))
            first += term.size
            if term.measure == "rotation":
                # One that noise has made longer than half a turn is read as the shorter way round.
                assert abs(from_rotation_vector(one) @ from_rotation_vector(other)) == pytest.approx(1.0, abs=1e-9)
            elif term.measure == "axis_rotation":
                # What turns a pen about its own axis is lost.
                assert np.linalg.norm(one) == pytest.approx(np.linalg.norm(other), abs=0.2)
            else:
                assert one == pytest.approx(other, abs=1e-7), term.name
        assert not np.array_equal(poses, exact), "there is noise"


def test_terms_that_contradict_each_other_are_refused() -> None:
    terms = PoseTerms((PoseTerm("a", "offset", "x", "y"), PoseTerm("b", "offset", "y", "x")))
    with pytest.raises(ValueError, match="b: 'y' and 'x' follow from other terms already"):
        delivered_poses(terms, np.zeros((2, 7)), np.zeros(6))


@pytest.mark.parametrize("name", ["arm/push", "shadow/reach"])
def test_another_goal_leaves_robot_and_object_where_they_are(name: str) -> None:
    simulation = stepped(name)
    qpos, goals = simulation.sim.qpos.copy(), simulation.goal.copy()  # type: ignore[attr-defined]
    simulation.next_goal(3)
    assert np.array_equal(simulation.sim.qpos, qpos)
    assert (np.abs(simulation.goal - goals).max(axis=1) > 1e-4).sum() >= 4  # type: ignore[attr-defined]
    later = simulation.goal.copy()  # type: ignore[attr-defined]
    simulation.next_goal(3)
    assert np.array_equal(simulation.goal, later)  # type: ignore[attr-defined]
