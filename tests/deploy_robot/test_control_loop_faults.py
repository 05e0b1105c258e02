"""What ends a run before its time, and that the robot then holds."""

import dataclasses
import json
import os
import signal
import threading
import time

import numpy as np
import pytest

from deploy_robot import Approach, ControlLoop, MalformedState, RobotState, RobotTimeout

QUICK = Approach(seconds=0.5, speed=2.0)


def run(bundle, robot, seconds=1.0, **options):
    return ControlLoop(bundle, robot, pace="lockstep", approach=QUICK, **options).run(seconds)


def nan(robot, state):
    return dataclasses.replace(state, position=state.position * [1, 1, np.nan, 1])


def jump(robot, state):
    return dataclasses.replace(state, position=np.add(state.position, [1.2, 0, 0, 0]))


def frozen_stamp(robot, state):
    return dataclasses.replace(state, stamp=state.stamp - 0.05)


def short(robot, state):
    return RobotState(state.stamp, state.received, state.position[:3], state.velocity[:3])


def malformed(robot, state):
    raise MalformedState("joint message: no joint 'thumb_2'; given: none")


def silent(robot, state):
    robot.fault_at += 1
    time.sleep(0.01)
    raise RobotTimeout("nothing")


def double_step(robot, state):
    robot._simulation.step(np.zeros(4))
    return dataclasses.replace(state, stamp=state.stamp + 0.05)


FAULTS = {
    nan: "position of joint 'index_1' is nan, wanted a finite number",
    jump: "joint 'index_2' jumped",
    frozen_stamp: "lockstep: a command moved the robot's time by 0.000000 s, wanted 0.050000 s",
    short: "state: given shape (3,), wanted (4,)",
    malformed: "joint message: no joint 'thumb_2'",
    silent: "stale state: no new one within 0.200 s",
    double_step: "lockstep: a command moved the robot's time by 0.100000 s, wanted 0.050000 s",
}


NEED_A_STATE_BEFORE = (jump, frozen_stamp, double_step)
AT_FIRST, IN_APPROACH, IN_RUN = 1, 6, 20


@pytest.mark.parametrize(
    ("fault", "fault_at"),
    [
        pytest.param(fault, fault_at, id=f"{fault.__name__}-{fault_at}")
        for fault in FAULTS
        for fault_at in (AT_FIRST, IN_APPROACH, IN_RUN)
        if fault_at > AT_FIRST or fault not in NEED_A_STATE_BEFORE
    ],
)
def test_a_robot_that_misbehaves_is_held_and_not_moved_again(bundle, make_robot, fault, fault_at):
    robot = make_robot(fault_at=fault_at, fault=fault)
    loop = ControlLoop(bundle, robot, pace="lockstep", approach=QUICK, state_timeout=0.2)
    report = loop.run(2.0)
    assert report.ended == "fault"
    assert report.fault.startswith(FAULTS[fault])
    assert report.ticks == len(robot.commands) == fault_at - 1
    assert robot.stops == 1
    robot.fault_at = None
    again = loop.run(2.0)
    assert (again.ended, again.fault, again.ticks) == ("fault", report.fault, 0)
    loop.safety.reset()
    robot.command(np.zeros(4), 0.0)
    assert loop.run(1.0).ended == "completed"


def test_a_stale_state_is_a_fault_in_wall_pace(bundle, make_robot):
    def old(robot, state):
        return dataclasses.replace(state, received=state.received - 0.2)

    robot = make_robot(fault_at=4, fault=old)
    report = ControlLoop(bundle, robot, approach=QUICK).run(1.0)
    assert report.fault.startswith("stale state: 0.2")
    assert report.ticks == 3


def test_silence_is_a_fault_in_wall_pace_after_the_allowed_age(bundle, make_robot):
    robot = make_robot(fault_at=4, fault=silent)
    began = time.monotonic()
    report = ControlLoop(bundle, robot, approach=QUICK).run(1.0)
    assert report.fault == "stale state: no new one within 0.150 s"
    assert time.monotonic() - began < 2.0


def test_a_network_that_gives_nan_moves_nothing(bundle, make_robot, monkeypatch):
    loop = ControlLoop(bundle, make_robot(), pace="lockstep", approach=QUICK)
    runtime = loop._controller._runtime
    step = runtime.step
    monkeypatch.setattr(runtime, "step", lambda *inputs: (step(*inputs)[0] * np.nan, inputs[1]))
    report = loop.run(1.0)
    assert report.fault == "target of joint 'thumb_1' is nan, wanted a finite number"
    assert report.policy_ticks == 0


@pytest.mark.parametrize("error", [RuntimeError("cable"), KeyboardInterrupt()])
def test_the_robot_holds_whatever_exception_ends_the_run(bundle, make_robot, error):
    def fail(robot, state):
        raise error

    robot = make_robot(fault_at=15, fault=fail)
    with pytest.raises(type(error)):
        run(bundle, robot)
    assert robot.stops == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("pace", ["wall", "lockstep"])
def test_a_signal_ends_the_run_with_a_hold(bundle, make_robot, number, pace):
    def interrupt(robot, state):
        os.kill(os.getpid(), number)
        return state

    robot = make_robot(fault_at=3, fault=interrupt)
    before = signal.getsignal(number)
    report = ControlLoop(bundle, robot, pace=pace, approach=QUICK).run(60.0)
    assert report.ended == "signal"
    assert report.signal == number.name
    assert report.ticks <= 3
    assert robot.stops == 1
    assert signal.getsignal(number) == before


def test_a_signal_ends_the_sleep_between_ticks(bundle, make_robot, contract):
    slow = dataclasses.replace(bundle, contract=dataclasses.replace(contract, control_period=5.0))
    timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGTERM))
    timer.start()
    began = time.monotonic()
    report = ControlLoop(slow, make_robot(control_period=5.0), approach=QUICK).run(60.0)
    assert report.ended == "signal"
    assert time.monotonic() - began < 2.0


def test_it_runs_outside_the_main_thread(bundle, make_robot):
    reports = []
    thread = threading.Thread(target=lambda: reports.append(run(bundle, make_robot())))
    thread.start()
    thread.join(30.0)
    assert reports[0].ended == "completed"


def test_a_run_that_never_ticked_has_a_report_too(bundle, make_robot):
    report = run(bundle, make_robot(fault_at=1, fault=nan))
    assert report.targets.shape == (0, 4)
    assert json.loads(report.to_json())["ticks"] == 0
