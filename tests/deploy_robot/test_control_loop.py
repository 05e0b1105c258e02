import copy
import dataclasses
import json
import time

import numpy as np
import onnxruntime
import pytest

from deploy_robot import Approach, ControlLoop, SafetyFilter, SafetyLimits

JOINTS = ("index_2", "thumb_2", "index_1", "thumb_1")
QUICK = Approach(seconds=0.5, speed=2.0)


def run(bundle, robot, seconds=1.0, **options):
    return ControlLoop(bundle, robot, pace="lockstep", approach=QUICK, **options).run(seconds)


def test_the_policy_runs_for_its_time_after_the_approach(bundle, make_robot):
    robot = make_robot()
    report = run(bundle, robot, seconds=2.0)
    assert report.ended == "completed"
    assert report.fault is None
    assert report.policy_ticks == 40
    assert report.approach_ticks >= 10
    assert report.ticks == len(robot.commands) == report.policy_ticks + report.approach_ticks
    assert robot.stops == 1


def test_targets_are_what_the_network_and_the_mapping_make_of_the_states(bundle, make_robot):
    """The loop against the definition, written out by hand for this contract."""
    report = run(bundle, make_robot(), seconds=2.0)
    session = onnxruntime.InferenceSession(bundle.onnx_bytes)
    memory = np.zeros((1, 2, 4), dtype=np.float32)
    acted = [2, 0, 1]
    scale, limit, speed = np.array([0.1, 0.2, 0.3]), np.array([1.0, 0.8, 0.6]), np.array([2.0, 2.0, 3.0])
    target, action, start = np.array([0.5, 0.3, -0.2]), np.zeros(3), 1.0
    moved = False
    for tick in range(report.approach_ticks, report.ticks):
        position, velocity = report.positions[tick], report.velocities[tick]
        row = [*((position - [0.1, 0.2, 0.3, 0.4]) * 2.0), *(velocity[[3, 0]] * 0.1), *target, *action, start]
        inputs = {"observation": np.array([row], dtype=np.float32), "memory": memory}
        output, memory = session.run(["action", "memory_out"], inputs)
        action, start = output[0].astype(float), 0.0
        wanted = np.clip(0.2 * target + 0.8 * (target + scale * action), -limit, limit)
        target = np.clip(wanted, target - speed * 0.05, target + speed * 0.05)
        assert report.targets[tick][acted] == pytest.approx(target, abs=1e-5)
        target = report.targets[tick][acted]
        moved |= bool(np.abs(target - [0.5, 0.3, -0.2]).max() > 0.1)
    assert moved


def test_joints_are_matched_by_name(bundle, make_robot):
    reports = [run(bundle, make_robot(joints)) for joints in (JOINTS, bundle.contract.joints)]
    assert np.array_equal(reports[0].targets, reports[1].targets)
    assert np.array_equal(reports[0].positions, reports[1].positions)


def test_commands_carry_the_stamp_of_the_state_they_were_decided_on(bundle, make_robot):
    robot = make_robot()
    report = run(bundle, robot)
    assert [stamp for _, stamp in robot.commands] == report.stamps.tolist()


def test_the_approach_is_no_faster_than_asked_and_ends_at_the_start_pose(bundle, make_robot):
    robot = make_robot(begin=(0.4, -0.5, -0.9, 0.7))
    report = ControlLoop(bundle, robot, pace="lockstep", approach=Approach(seconds=0.0, speed=0.4)).run(1.0)
    ramp = np.array([target for target, _ in robot.commands[: report.approach_ticks]])
    assert np.abs(np.diff(ramp, axis=0)).max() <= 0.4 * 0.05 + 1e-9
    assert report.targets[report.approach_ticks - 1].tolist() == list(bundle.contract.start_pose)
    assert report.approach_ticks == pytest.approx(1.4 / 0.4 / 0.05, abs=3)


def test_joints_that_the_policy_does_not_move_are_held_at_the_start_pose(bundle, make_robot):
    report = run(bundle, make_robot(begin=(0.2, 0.0, 0.0, 0.0)))
    held = report.targets[:, bundle.contract.joints.index("index_2")]
    assert held[0] > 0.0
    assert (held[report.approach_ticks - 1 :] == 0.0).all()


def test_a_joint_without_motor_does_not_keep_the_policy_from_starting(bundle, make_robot):
    robot = make_robot(begin=(0.9, 0.0, 0.0, 0.0), passive=("index_2",))
    assert run(bundle, robot).ended == "completed"


def test_a_robot_that_does_not_reach_the_start_pose_is_a_fault(bundle, make_robot):
    report = run(bundle, make_robot(passive=("index_1",)))
    assert report.ended == "fault"
    assert report.fault == "start pose not reached: joint 'index_1' is at 0.000 rad, wanted 0.500 within 0.200"
    assert report.policy_ticks == 0


def test_every_trial_starts_with_cleared_memory(bundle, make_robot):
    robot = make_robot()
    loop = ControlLoop(bundle, robot, pace="lockstep", approach=QUICK)
    loop.run(1.0)
    same_robot = copy.deepcopy(robot)
    second = loop.run(1.0)
    fresh = run(bundle, same_robot)
    assert second.policy_ticks == 20
    assert np.array_equal(second.targets, fresh.targets)


def test_no_time_means_the_approach_alone(bundle, make_robot):
    report = run(bundle, make_robot(), seconds=0.0)
    assert report.ended == "completed"
    assert report.policy_ticks == 0
    assert report.targets[-1].tolist() == list(bundle.contract.start_pose)


def test_wall_pace_keeps_the_period(bundle, make_robot):
    report = ControlLoop(bundle, make_robot(), approach=QUICK).run(1.5)
    assert report.ended == "completed"
    assert report.periods.mean() == pytest.approx(0.05, rel=0.05)
    assert report.sent[-1] - report.sent[0] == pytest.approx((report.ticks - 1 + report.overruns) * 0.05, abs=0.03)


def test_a_slow_tick_is_skipped_over_and_counted(bundle, make_robot):
    def slow(robot, state):
        time.sleep(0.18)
        return dataclasses.replace(state, received=time.monotonic())

    report = ControlLoop(bundle, make_robot(fault_at=15, fault=slow), approach=QUICK).run(1.0)
    assert report.ended == "completed"
    assert report.overruns >= 2
    elapsed = report.sent - report.sent[0]
    late = elapsed[20:] / 0.05 - np.round(elapsed[20:] / 0.05)
    assert np.abs(late).mean() < 0.3, "ticks are back on the schedule that they began with"


def test_the_report_is_json_with_the_timing_and_on_demand_the_log(bundle, make_robot):
    report = run(bundle, make_robot())
    data = json.loads(report.to_json())
    assert data["ended"] == "completed"
    assert data["bundle"] == bundle.fingerprint
    assert data["policy_ticks"] == 20
    for name in ("period", "latency", "inference"):
        assert 0.0 <= data[name]["p50"] <= data[name]["p95"] <= data[name]["p99"] <= data[name]["max"]
    assert "log" not in data
    log = json.loads(report.to_json(log=True))["log"]
    assert np.array_equal(log["targets"], report.targets)
    assert np.array_equal(log["positions"], report.positions)


def test_misfits_are_refused_before_anything_moves(bundle, make_robot, contract):
    with pytest.raises(ValueError, match=r"the robot has joints a, b; the contract wants thumb_1"):
        ControlLoop(bundle, make_robot(("a", "b")))
    with pytest.raises(ValueError, match="pace: given 'fast', wanted one of wall, lockstep"):
        ControlLoop(bundle, make_robot(), pace="fast")
    limits = dataclasses.replace(SafetyLimits.from_contract(contract), joints=JOINTS)
    with pytest.raises(ValueError, match="in this order"):
        ControlLoop(bundle, make_robot(), SafetyFilter(limits))
    with pytest.raises(ValueError, match="seconds: given nan"):
        ControlLoop(bundle, make_robot()).run(float("nan"))
