"""Policies that see tracked poses, and goals, from run to robot."""

from __future__ import annotations

import numpy as np
import pytest

from deploy_robot import Bundle, ControlLoop, InProcessRobot, map_action
from sim2real.evaluation.choice import choose_worlds
from sim2real.runs import load_policy
from sim2real.tasks import make_task
from sim2real.tasks.robot_task import RobotTask
from sim2real.twin import Twin


class WatchedTwin(Twin):
    """Keeps what the simulation's own policy group was at every reading."""

    def __init__(self, *arguments) -> None:
        super().__init__(*arguments)
        self.groups: list[np.ndarray] = []
        self.before: list[np.ndarray] = []

    def state(self) -> tuple[np.ndarray, np.ndarray]:
        self.groups.append(self.simulation.observe()[0])
        self.before.append(self.simulation.target_angle.copy())
        return super().state()


@pytest.mark.parametrize("name", ["arm/push", "shadow/reach", "leap/reorient-z"])
def test_the_robot_does_what_the_policy_does_in_the_simulator(name: str, exported) -> None:
    made = exported(name)
    task, bundle = made.task, made.bundle
    assert bundle.contract.poses.names == task.poses.names  # type: ignore[union-attr]
    twin = WatchedTwin(task, choose_worlds(task.worlds, "unseen", 1, 2))
    report = ControlLoop(bundle, InProcessRobot(twin), pace="lockstep").run(1.0)
    assert (report.ended, report.fault) == ("completed", None)
    assert np.ptp(report.targets[report.approach_ticks :], axis=0).max() > 0.1, "the robot moved"
    policy = load_policy(made.run).policy
    memory = policy.initial_memory(1)
    start = sum(term.size for term in task.observation) - 1
    for tick in range(report.approach_ticks, report.ticks):
        seen = twin.groups[tick]
        seen[:, start] = tick == report.approach_ticks  # the loop's trial begins after its approach
        action, memory = policy.step(seen, memory)
        target = map_action(task.action, task.control_period, action, twin.before[tick])[0]
        sent = report.targets[tick, list(bundle.contract.action_columns)]
        assert sent == pytest.approx(target, abs=2e-5), tick


def test_a_policy_that_feels_no_joint_runs_too(exported) -> None:
    made = exported("shadow/block-dactyl")
    task, bundle = made.task, Bundle.load(made.bundle.path)
    assert bundle.contract.observation == () and bundle.contract.observation_size == 22
    report = ControlLoop(bundle, InProcessRobot(Twin(task, task.worlds.nominal(1))), pace="lockstep").run(2.0)
    assert (report.ended, report.fault, report.policy_ticks) == ("completed", None, 25)
    assert report.poses.shape == (report.ticks, 7, 7)


def test_the_twin_sets_another_goal_when_an_episode_is_over_and_counts_goals() -> None:
    task = make_task("shadow/reach")
    assert isinstance(task, RobotTask) and task.poses is not None
    twin = Twin(task, task.worlds.nominal(1))
    goals = [twin.pose_names.index(name) for name in sorted(task.poses.goals)]
    seen = []
    for _ in range(3 * task.episode_steps):
        seen.append(twin.poses()[goals, :3])
        twin.step(task.start_pose)
    changes = np.flatnonzero(np.abs(np.diff(seen, axis=0)).max(axis=(1, 2)) > 5e-3) + 1
    assert changes.tolist() == [50, 100]
    assert twin.summary()["total"] is None and 0.0 <= twin.summary()["mean"] <= 1.0
    turning = make_task("leap/reorient-z")
    assert isinstance(turning, RobotTask)
    other = Twin(turning, turning.worlds.nominal(1))
    other.simulation.goal[:] = other.simulation.object_pose[:, 3:]  # type: ignore[attr-defined]
    other.step(turning.start_pose)
    assert other.summary()["total"] == 1.0


def test_a_robot_without_a_tracker_is_refused(exported) -> None:
    task, bundle = exported("arm/push").task, exported("arm/push").bundle
    twin = Twin(task, task.worlds.nominal(1))
    twin.pose_names = ("goal",)
    with pytest.raises(ValueError, match="nothing tracks object; tracked: goal; the contract wants object, goal"):
        ControlLoop(bundle, InProcessRobot(twin))
