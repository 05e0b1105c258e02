"""Client and simulated robot as two processes over real DDS."""

import json
import signal
import time

import numpy as np
import pytest

pytest.importorskip("rclpy")

from deploy_robot import Approach, ConnectionFailed, ControlLoop, InProcessRobot, RosSettings
from deploy_robot.ros2.server import serve

SERVED = ("index_2", "extra", "thumb_2", "index_1", "thumb_1")
QUICK = Approach(seconds=0.5, speed=2.0)


def report_of(process, seconds=60.0):
    """What a process printed, once it has ended well."""
    output, errors = process.communicate(timeout=seconds)
    assert process.returncode == 0, errors
    return json.loads(output)


@pytest.fixture
def pair(start, bundle):
    """Starts a simulated robot and a client in this order or the other."""

    def run(pace, seconds, client_first=False, robot_seconds="inf"):
        arguments = {
            "run_server.py": ("--pace", pace, "--seconds", robot_seconds, "--joints", *SERVED),
            "run_client.py": (bundle.path, "--pace", pace, "--seconds", seconds),
        }
        order = sorted(arguments, reverse=not client_first)
        processes = {script: start(script, *arguments[script]) for script in order}
        return processes["run_server.py"], processes["run_client.py"]

    return run


@pytest.mark.parametrize("client_first", [False, True])
def test_lockstep_over_ros_is_the_in_process_run_bit_for_bit(pair, bundle, lag_robot, client_first):
    server, client = pair("lockstep", 20.0, client_first)
    over_ros, served = report_of(client), report_of(server)

    within = ControlLoop(bundle, InProcessRobot(lag_robot(bundle.contract.joints)), pace="lockstep", approach=QUICK)
    expected = within.run(20.0)

    assert expected.policy_ticks == over_ros["policy_ticks"] == 400
    assert np.ptp(expected.targets, axis=0).max() > 0.5, "the robot moved"
    assert over_ros["ended"] == "completed"
    for name in ("targets", "positions", "velocities"):
        assert np.array_equal(np.array(over_ros["log"][name]), getattr(expected, name)), name
    columns = [SERVED.index(joint) for joint in bundle.contract.joints]
    assert np.array_equal(np.array(served["log"]["targets"])[:, columns], expected.targets)
    assert np.array(served["log"]["stamps"]) == pytest.approx(np.arange(expected.ticks) * 0.05)
    assert (served["ended"], served["steps"], served["rejected"]) == ("hold", expected.ticks, 0)


def test_wall_pace_over_ros_keeps_the_period_without_faults(pair):
    server, client = pair("wall", 3.0)
    report = report_of(client)
    server.send_signal(signal.SIGTERM)
    served = report_of(server)
    assert (report["ended"], report["fault"], report["policy_ticks"]) == ("completed", None, 60)
    assert report["period"]["mean"] == pytest.approx(0.05 * (1 + report["overruns"] / report["ticks"]), rel=0.05)
    assert report["overruns"] <= 3
    assert report["latency"]["p50"] < 0.02
    assert report["velocity_clamps"] == report["position_clamps"] == 0
    assert (served["ended"], served["rejected"], served["holds"], served["watchdog_delays"]) == ("signal", 0, 1, [])
    assert served["commands"] == report["ticks"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_the_client_sends_a_hold_at_once(pair, wire, number):
    server, client = pair("wall", 60.0)
    listener = wire(publish=False)
    listener.wait(lambda: len(listener.commands) >= 25)
    client.send_signal(number)
    sent = time.monotonic()
    listener.wait(lambda: listener.commands[-1].header.frame_id == "hold")
    assert listener.arrivals[-1] - sent < 0.25
    assert list(listener.commands[-1].position) == list(listener.commands[-2].position)
    report = report_of(client)
    assert (report["ended"], report["signal"], report["fault"]) == ("signal", number.name, None)
    server.send_signal(signal.SIGTERM)
    served = report_of(server)
    assert (served["holds"], served["watchdog_delays"]) == (1, [])
    held = [served["final_targets"][SERVED.index(joint)] for joint in report["joints"]]
    assert held == report["log"]["targets"][-1]
    assert len(listener.commands) == len({(c.header.stamp.sec, c.header.stamp.nanosec) for c in listener.commands}) + 1


def wait_for_line(process, text):
    for line in process.stderr:
        if text in line:
            return
    raise AssertionError(f"{text!r} was never logged")


def test_the_robots_watchdog_holds_when_the_client_is_killed_and_a_new_client_can_take_over(pair, wire, start, bundle):
    server, client = pair("wall", 60.0)
    listener = wire(publish=False)
    listener.wait(lambda: len(listener.commands) >= 25)
    client.kill()
    client.wait(10.0)
    wait_for_line(server, "holding the last target")
    again = report_of(start("run_client.py", bundle.path, "--pace", "wall", "--seconds", 0.5))
    assert again["ended"] == "completed"
    assert again["approach_ticks"] >= 10, "it begins with the approach, not where the other ended"
    server.send_signal(signal.SIGTERM)
    served = report_of(server)
    assert len(served["watchdog_delays"]) == 1
    assert 0.2 < served["watchdog_delays"][0] <= 0.25


def test_a_robot_that_falls_silent_is_a_fault_at_the_client(pair, wire):
    server, client = pair("wall", 60.0)
    listener = wire(publish=False)
    listener.wait(lambda: len(listener.commands) >= 15)
    server.kill()
    listener.wait(lambda: listener.commands[-1].header.frame_id == "hold")
    report = report_of(client)
    assert report["ended"] == "fault"
    assert report["fault"] == "stale state: no new one within 0.150 s"
    assert listener.commands[-1].header.frame_id == "hold"
    assert list(listener.commands[-1].position) == report["log"]["targets"][-1]


def test_lockstep_ends_when_the_client_is_killed(pair, wire):
    server, client = pair("lockstep", 1e6)
    listener = wire(publish=False)
    listener.wait(lambda: len(listener.commands) >= 25)
    client.kill()
    assert report_of(server)["ended"] in ("client gone", "no command")


def test_the_robots_time_ends_the_session(pair):
    server, client = pair("lockstep", 60.0, robot_seconds=2.0)
    served = report_of(server)
    assert (served["ended"], served["steps"]) == ("seconds", 40)
    assert served["simulated_seconds"] == pytest.approx(2.0)
    report = report_of(client)
    assert report["ended"] == "fault"
    assert report["ticks"] == 40


def test_no_client_is_one_line_with_topics_and_domain(ros, lag_robot):
    impatient = RosSettings(domain_id=ros.domain_id, localhost=True, match_timeout=0.5)
    with pytest.raises(ConnectionFailed) as error:
        serve(lag_robot(("a",)), settings=impatient)
    assert str(error.value).startswith("no client: /joint_states has 0 subscribers, /joint_command has 0 publishers")
    assert f"in ROS domain {ros.domain_id} after 0.5 s" in str(error.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pace": "fast"}, "pace: given 'fast'"),
        ({"seconds": -1.0}, "seconds: given -1.0"),
        ({"watchdog": 0.0}, "watchdog: given 0.0 s"),
    ],
)
def test_options_of_a_server_that_cannot_be_are_refused(ros, lag_robot, options, message):
    with pytest.raises(ValueError, match=message):
        serve(lag_robot(("a",)), settings=ros, **options)
