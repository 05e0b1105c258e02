import time

import numpy as np
import pytest

pytest.importorskip("rclpy")

from rclpy.qos import QoSPresetProfiles

from deploy_robot import ConnectionFailed, MalformedState, RobotTimeout, RosSettings
from deploy_robot.ros2.client import Ros2Robot
from deploy_robot.ros2.session import JointState, RosSession, quality

JOINTS = ("a", "b")
SECOND = 10**9


@pytest.fixture
def robot(ros, wire):
    """The client and, over the wire, what it is connected to."""
    hardware = wire()
    with Ros2Robot(JOINTS, ros) as client:
        hardware.wait_for_reader()
        client.wire = hardware
        yield client


def test_states_are_read_by_name_whatever_the_order(robot):
    robot.wire.publish("bxa", (2.0, 9.0, 1.0), (20.0, 90.0, 10.0), nanoseconds=3 * SECOND // 2)
    state = robot.read(5.0)
    assert state.position.tolist() == [1.0, 2.0]
    assert state.velocity.tolist() == [10.0, 20.0]
    assert state.stamp == 1.5


def test_velocity_is_taken_from_positions_if_it_is_not_sent(robot):
    velocities = []
    for tick, position in enumerate([(0.0, 1.0), (0.1, 0.8), (0.1, 0.9)]):
        robot.wire.publish("ab", position, nanoseconds=SECOND + tick * SECOND // 10)
        velocities.append(robot.read(5.0).velocity)
    assert np.array(velocities) == pytest.approx(np.array([[0.0, 0.0], [1.0, -2.0], [0.0, 1.0]]))


def test_a_state_is_read_once_and_only_the_newest(robot):
    for tick in range(5):
        robot.wire.publish("ab", (tick, tick), nanoseconds=SECOND + tick)
    # the newest may still be on its way when the first read returns
    seen = [robot.read(5.0).position[0]]
    while seen[-1] < 4.0:
        seen.append(robot.read(5.0).position[0])
    assert seen == sorted(set(seen))
    with pytest.raises(RobotTimeout, match=r"no new message on /joint_states within 0\.05 s"):
        robot.read(0.05)


def test_the_age_of_a_state_counts_from_its_arrival_not_from_its_reading(robot):
    robot.wire.publish("ab", (0.0, 0.0))
    time.sleep(0.3)
    assert 0.2 < time.monotonic() - robot.read(5.0).received < 5.0


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (("a", (1.0,)), "no joint 'b'; given: a"),
        (("aab", (1.0, 2.0, 3.0)), "name 'a' stands there more than once"),
        (("ab", (1.0, 2.0, 3.0)), "given 3 position values for 2 names"),
        (("ab", (1.0, 2.0), (1.0,)), "given 1 velocity values for 2 names"),
        (("ab", (1.0, float("nan"))), "position of joint 'b' is nan"),
    ],
)
def test_a_bad_message_is_dropped_counted_and_told(robot, message, reason):
    robot.wire.publish(*message)
    with pytest.raises(MalformedState) as error:
        robot.read(5.0)
    assert str(error.value) == f"joint message: {reason}"
    assert robot.rejected == 1
    robot.wire.publish("ab", (1.0, 2.0), nanoseconds=2 * SECOND)
    assert robot.read(5.0).position.tolist() == [1.0, 2.0]


def test_a_command_has_names_and_exactly_the_stamp_of_its_state(robot):
    nanoseconds = 1_712_345_678_123_456_789
    robot.wire.publish("ab", (0.0, 0.0), nanoseconds=nanoseconds)
    robot.command(np.array([0.1, 1 / 3]), robot.read(5.0).stamp)
    robot.wire.wait(lambda: robot.wire.commands)
    command = robot.wire.commands[0]
    assert command.name == ["a", "b"]
    assert list(command.position) == [0.1, 1 / 3]
    assert command.header.stamp.sec * SECOND + command.header.stamp.nanosec == nanoseconds


def test_stopping_sends_the_last_target_as_a_hold_after_all_commands(robot):
    robot.wire.publish("ab", (0.0, 0.0))
    robot.read(5.0)
    for tick in range(3):
        robot.command(np.array([tick, 0.5]), 1.0)
    robot.stop()
    robot.stop()
    robot.wire.wait(lambda: robot.wire.commands and robot.wire.commands[-1].header.frame_id == "hold")
    before, hold = robot.wire.commands[-2:]
    assert list(hold.position) == list(before.position) == [2.0, 0.5]
    assert sum(command.header.frame_id == "hold" for command in robot.wire.commands) == 1


def test_stopping_before_any_command_sends_nothing(robot):
    robot.stop()
    robot.wire.publish("ab", (0.0, 0.0))
    robot.command(np.zeros(2), robot.read(5.0).stamp)
    robot.wire.wait(lambda: robot.wire.commands)
    assert robot.wire.commands[0].header.frame_id == ""


def test_stopping_after_closing_is_harmless(ros, wire):
    wire()
    client = Ros2Robot(JOINTS, ros)
    client.command(np.zeros(2), 0.0)
    client.close()
    client.stop()
    client.close()


def test_a_second_publisher_of_states_is_told_when_it_appears(robot, wire):
    robot.wire.publish("ab", (0.0, 0.0))
    robot.read(5.0)
    second = wire()
    second.wait_for_reader()
    second.publish("ab", (0.0, 0.0), nanoseconds=2 * SECOND)
    with pytest.raises(MalformedState, match="a second publisher appeared on /joint_states"):
        robot.read(5.0)


def test_a_second_commander_is_told_when_it_appears(robot, ros):
    with RosSession("other", ros) as other:
        intruder = other.node.create_publisher(JointState, ros.command_topic, quality(1))
        other.wait_for(lambda: intruder.get_subscription_count() == 1, lambda: "no match")
        with pytest.raises(MalformedState, match="another node publishes on /joint_command"):
            robot.read(5.0)


def impatient(ros, **changes):
    return RosSettings(domain_id=ros.domain_id, localhost=True, match_timeout=1.5, **changes)


def test_no_robot_is_one_line_with_topics_and_domain(ros):
    with pytest.raises(ConnectionFailed) as error:
        Ros2Robot(JOINTS, impatient(ros, state_topic="/arm/states"))
    assert str(error.value).startswith(
        "no robot: /arm/states has 0 publishers, 0 of them usable, wanted 1; /joint_command"
    )
    assert f"in ROS domain {ros.domain_id} after 1.5 s" in str(error.value)
    assert "\n" not in str(error.value)


def test_two_robots_at_once_are_refused(ros, wire):
    wire()
    wire()
    with pytest.raises(ConnectionFailed, match="/joint_states has 2 publishers"):
        Ros2Robot(JOINTS, impatient(ros))


def test_a_second_commander_is_refused(robot, ros):
    with pytest.raises(ConnectionFailed, match="1 other publishers, wanted 0"):
        Ros2Robot(JOINTS, impatient(ros), node_name="other")


def test_a_robot_in_another_domain_is_not_seen(wire, other_domain):
    wire()
    elsewhere = RosSettings(domain_id=other_domain, localhost=True, match_timeout=1.0)
    with pytest.raises(ConnectionFailed, match="/joint_states has 0 publishers"):
        Ros2Robot(JOINTS, elsewhere)


def test_a_best_effort_robot_is_told_apart_and_accepted_on_request(ros, wire):
    hardware = wire(qos=quality(1, best_effort=True))
    with pytest.raises(ConnectionFailed, match="has 1 publishers, 0 of them usable"):
        Ros2Robot(JOINTS, impatient(ros))
    with Ros2Robot(JOINTS, impatient(ros, best_effort=True)) as client:
        hardware.wait_for_reader()
        hardware.publish("ab", (1.0, 2.0))
        assert client.read(5.0).position.tolist() == [1.0, 2.0]


def test_a_robot_with_system_default_quality_is_heard(ros, wire):
    hardware = wire(qos=QoSPresetProfiles.SYSTEM_DEFAULT.value)
    with Ros2Robot(JOINTS, ros) as client:
        hardware.wait_for_reader()
        hardware.publish("ab", (1.0, 2.0))
        assert client.read(5.0).position.tolist() == [1.0, 2.0]
