"""Poses of what is tracked beside the robot, over real DDS."""

import json
import time

import numpy as np
import pytest

pytest.importorskip("rclpy")

from rclpy.qos import QoSPresetProfiles

from deploy_robot import (
    Approach,
    ConnectionFailed,
    ControlLoop,
    InProcessRobot,
    MalformedState,
    MissingPose,
    PoseTerm,
    PoseTerms,
    RosSettings,
)
from deploy_robot.ros2.client import Ros2Robot
from deploy_robot.ros2.session import PoseStamped, quality

JOINTS = ("a", "b")
TERMS = PoseTerms(
    (
        PoseTerm("turn", "rotation", "object", "goal", goal=True),
        PoseTerm("way", "offset", "tip-1", "object"),
    )
)
POSES = {
    "object": (1.0, 2.0, 3.0, 0.5, 0.5, 0.5, 0.5),
    "goal": (0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0),
    "tip-1": (4.0,) * 7,
}
READ = np.array([POSES["object"], POSES["goal"], (4.0, 4.0, 4.0, 1.0, 0.0, 0.0, 0.0)])
"""As a client reads them: nobody asks how the tip is turned."""


@pytest.fixture
def connect(ros, wire):
    """The client and the hardware and tracker that it is connected to, in the order of making them."""
    clients = []

    def made(tracked=tuple(POSES), **options):
        hardware = wire()
        hardware.begin_tracking(*tracked)
        clients.append(Ros2Robot(JOINTS, ros, poses=TERMS, **options))
        hardware.wait_for_reader()
        return clients[-1], hardware

    yield made
    for client in clients:
        client.close()


def publish_all(hardware, nanoseconds=10**9, **others):
    for name, pose in POSES.items():
        hardware.track(name, others.get(name, pose), nanoseconds=nanoseconds)


def read_when(robot, hardware, condition, seconds=20.0):
    """The first state that satisfies `condition`, while states are published."""
    deadline, tick = time.monotonic() + seconds, 0
    while True:
        assert time.monotonic() < deadline
        tick += 1
        hardware.publish("ab", (0.0, 0.0), nanoseconds=10**9 + tick)
        state = robot.read(5.0)
        if condition(state):
            return state


def test_a_state_comes_with_the_poses_that_came_last(connect):
    robot, hardware = connect()
    assert robot.pose_names == ("object", "goal", "tip-1")
    publish_all(hardware)
    state = read_when(robot, hardware, lambda state: True)
    assert state.poses == pytest.approx(READ)
    assert (np.abs(time.monotonic() - state.poses_received) < 20.0).all()
    hardware.track("object", (9.0, 2.0, 3.0, 0.5, 0.5, 0.5, 0.5), nanoseconds=5)
    later = read_when(robot, hardware, lambda state: state.poses[0, 0] == 9.0)
    assert later.poses_received[0] > state.poses_received[0]
    assert later.poses_received[1:].tolist() == state.poses_received[1:].tolist()


def test_a_tracker_may_offer_what_cameras_do(ros, wire):
    hardware = wire()
    hardware.begin_tracking("object", "tip-1", qos=QoSPresetProfiles.SENSOR_DATA.value)
    hardware.begin_tracking("goal")
    with Ros2Robot(JOINTS, ros, poses=TERMS) as robot:
        hardware.wait_for_reader()
        publish_all(hardware)
        assert read_when(robot, hardware, lambda state: True).poses == pytest.approx(READ)


def test_there_is_no_state_before_there_is_every_pose(connect):
    robot, hardware = connect()
    hardware.track("object", POSES["object"])
    hardware.track("tip-1", POSES["tip-1"])
    hardware.publish("ab", (0.0, 0.0))
    with pytest.raises(MissingPose, match=r"^no pose of 'goal' yet on /goal_pose$"):
        robot.read(0.5)
    hardware.track("goal", POSES["goal"])
    assert robot.read(10.0).poses == pytest.approx(READ)


def test_in_lockstep_poses_are_those_of_the_states_own_stamp(connect):
    robot, hardware = connect(lockstep=True)
    publish_all(hardware, 7)
    hardware.publish("ab", (0.0, 0.0), nanoseconds=8)
    with pytest.raises(MissingPose, match="no pose of 'object' on /object_pose with the stamp of the state"):
        robot.read(0.5)
    publish_all(hardware, 8, object=(9.0, 2.0, 3.0, 0.5, 0.5, 0.5, 0.5))
    assert robot.read(10.0).poses[0, 0] == 9.0


@pytest.mark.parametrize(
    ("pose", "frame", "reason"),
    [
        (POSES["object"], "camera", "/object_pose: given in frame 'camera', wanted 'world'"),
        (
            (1.0, np.nan, 3.0, 1.0, 0.0, 0.0, 0.0),
            "world",
            "/object_pose: position [1.0, nan, 3.0], wanted finite numbers",
        ),
        (
            (1.0, 2.0, 3.0, 0.0, 0.0, 0.0, 0.0),
            "world",
            "/object_pose: orientation of length 0, wanted a unit quaternion",
        ),
        ((1.0, 2.0, 3.0, np.nan, 0.0, 0.0, 0.0), "world", "/object_pose: orientation of length nan, wanted a unit"),
    ],
)
def test_a_pose_that_cannot_be_used_is_told_in_one_line(connect, pose, frame, reason):
    robot, hardware = connect()
    publish_all(hardware)
    hardware.publish("ab", (0.0, 0.0))
    robot.read(10.0)
    hardware.track("object", pose, frame)
    with pytest.raises(MalformedState) as error:
        robot.read(5.0)
    assert str(error.value).startswith(reason)
    assert robot.rejected == 1


def test_a_second_tracker_is_an_error_another_goal_is_not(connect, wire):
    robot, hardware = connect()
    publish_all(hardware)
    read_when(robot, hardware, lambda state: True)
    other = wire(publish=False)
    for name, topic in (("goal", "/goal_pose"), ("object", "/object_pose")):
        other._poses[name] = other.session.node.create_publisher(PoseStamped, topic, quality(1))
    other.wait(lambda: all(publisher.get_subscription_count() for publisher in other._poses.values()))
    other.track("goal", (0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0))
    read_when(robot, hardware, lambda state: state.poses[1, 4] == 1.0)
    other.track("object", POSES["object"])
    with pytest.raises(MalformedState, match="a second publisher appeared on /object_pose"):
        read_when(robot, hardware, lambda state: False)


def test_without_a_tracker_there_is_no_robot(wire, domain):
    wire().begin_tracking("object")
    settings = RosSettings(domain_id=domain, localhost=True, match_timeout=2.0)
    with pytest.raises(
        ConnectionFailed, match=r"; /object_pose has 1 publishers, wanted 1; /tip_1_pose has 0 publishers"
    ):
        Ros2Robot(JOINTS, settings, poses=TERMS)


def test_topics_of_poses_are_a_choice_and_never_shared():
    assert RosSettings().pose_topics(["tip-1"]) == {"tip-1": "/tip_1_pose"}
    assert RosSettings(pose_topic="/mocap/{name}").pose_topics(["object"]) == {"object": "/mocap/object"}
    with pytest.raises(ValueError, match="'a:b' and 'a-b' would both come on /a_b_pose"):
        RosSettings().pose_topics(["a:b", "a-b"])
    for bad in ("/pose", "/{name}/{id}"):
        with pytest.raises(ValueError, match=r"wanted one with \{name\} in it"):
            RosSettings(pose_topic=bad)


SERVED = ("index_2", "thumb_2", "index_1", "thumb_1")
QUICK = Approach(seconds=0.5, speed=2.0)


def test_lockstep_with_poses_over_ros_is_the_in_process_run_bit_for_bit(start, tracking_bundle, lag_robot):
    client = start("run_client.py", tracking_bundle.path, "--pace", "lockstep", "--seconds", 10.0)
    server = start("run_server.py", "--pace", "lockstep", "--joints", *SERVED, "--poses", "goal", "object")
    output, errors = client.communicate(timeout=60.0)
    assert client.returncode == 0, errors
    over_ros = json.loads(output)
    served = json.loads(server.communicate(timeout=60.0)[0])
    robot = InProcessRobot(lag_robot(tracking_bundle.contract.joints, poses=("goal", "object")))
    expected = ControlLoop(tracking_bundle, robot, pace="lockstep", approach=QUICK).run(10.0)
    assert (over_ros["ended"], over_ros["pose_names"]) == ("completed", ["object", "goal"])
    assert served["rejected"] == 0
    for name in ("targets", "positions", "poses"):
        assert np.array_equal(np.array(over_ros["log"][name]), getattr(expected, name)), name
    assert np.ptp(expected.poses[:, 0, 0]) > 0.1, "the object moved"


def test_a_tracker_that_falls_silent_stops_the_robot_and_a_goal_does_not(start, tracking_bundle, ros, wire):
    client = start("run_client.py", tracking_bundle.path, "--pace", "wall", "--seconds", 60.0)
    hardware = wire()
    hardware.begin_tracking("object", "goal")
    hardware.wait_for_reader()
    upright = (0.1, 0.0, 0.2, 1.0, 0.0, 0.0, 0.0)
    hardware.track("goal", upright)
    began = time.monotonic()
    while client.poll() is None:
        assert time.monotonic() - began < 60.0
        stamp = time.time_ns()
        if time.monotonic() - began < 3.0:
            hardware.track("object", upright, nanoseconds=stamp)
        told = (
            dict(zip(hardware.commands[-1].name, hardware.commands[-1].position, strict=True))
            if hardware.commands
            else {}
        )
        hardware.publish(SERVED, [told.get(joint, 0.0) for joint in SERVED], nanoseconds=stamp)
        hardware.session.spin_once(0.02)
    report = json.loads(client.communicate()[0])
    assert report["ended"] == "fault"
    assert report["fault"].startswith("stale pose of 'object': 0.3"), report["fault"]
    assert report["ticks"] > 20, "it ran while the goal was old already"
