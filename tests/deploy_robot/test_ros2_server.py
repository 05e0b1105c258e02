"""A simulated robot served in a thread, commanded message by message."""

import itertools
import threading

import numpy as np
import pytest

pytest.importorskip("rclpy")

from sensor_msgs.msg import JointState

from deploy_robot.ros2.server import serve
from deploy_robot.ros2.session import RosSession, quality, stamp_of

PERIOD = 50_000_000


class Commander:
    """The client's side, by hand."""

    def __init__(self, settings):
        self.session = RosSession("commander", settings)
        self.states, self.times = [], []
        self.session.node.create_subscription(JointState, settings.state_topic, self.states.append, quality(10))
        self._publisher = self.session.node.create_publisher(JointState, settings.command_topic, quality(10))

    def send(self, nanoseconds, name="ab", position=(0.5, -0.5), frame=""):
        message = JointState(name=list(name), position=list(position))
        message.header.stamp, message.header.frame_id = stamp_of(nanoseconds), frame
        self._publisher.publish(message)

    def wait_for_states(self, count):
        """Until so many states were heard and a command would be."""
        self.session.wait_for(
            lambda: len(self.states) >= count and self._publisher.get_subscription_count() == 1,
            lambda: f"{len(self.states)} of {count} states",
        )


@pytest.fixture
def commander(ros):
    made = Commander(ros)
    yield made
    made.session.close()


@pytest.fixture
def serving(ros, lag_robot):
    """Starts to serve two joints in a thread; returns the robot and what waits for the report."""
    threads = []

    def begin(**options):
        robot, reports = lag_robot(("a", "b")), []
        threads.append(threading.Thread(target=lambda: reports.append(serve(robot, settings=ros, **options))))
        threads[-1].start()

        def end():
            threads[-1].join(30.0)
            return reports[0]

        return robot, end

    yield begin
    for thread in threads:
        thread.join(30.0)


BAD_COMMANDS = {
    "another stamp": ({"nanoseconds": 7}, "command: given stamp 7 ns, wanted 0 ns"),
    "unknown joint": ({"name": "ax"}, "command: given unknown joint 'x'; available: a, b"),
    "no joint": ({"name": "", "position": ()}, "command: given no joint; available: a, b"),
    "repeated joint": ({"name": "aa"}, "joint message: name 'a' stands there more than once"),
    "not finite": ({"position": (0.0, float("nan"))}, "joint message: position of joint 'b' is nan"),
    "too few": ({"position": (0.0,)}, "joint message: given 1 position values for 2 names"),
}


@pytest.mark.parametrize("name", BAD_COMMANDS)
def test_a_bad_command_moves_nothing_and_is_counted(commander, serving, name):
    bad, reason = BAD_COMMANDS[name]
    robot, end = serving(pace="lockstep")
    commander.wait_for_states(1)
    commander.send(**({"nanoseconds": 0} | bad))
    commander.send(0)
    commander.wait_for_states(2)
    commander.send(PERIOD, frame="hold")
    report = end()
    assert (report.rejected, report.rejection) == (1, reason)
    assert (report.ended, report.steps) == ("hold", 1)
    assert [targets.tolist() for targets in robot.targets] == [[0.5, -0.5]]


def test_a_command_for_some_joints_leaves_the_targets_of_the_others(commander, serving):
    robot, end = serving(pace="lockstep")
    commander.wait_for_states(1)
    commander.send(0, "ba", (-0.5, 0.5))
    commander.wait_for_states(2)
    commander.send(PERIOD, "b", (0.25,))
    commander.wait_for_states(3)
    commander.send(2 * PERIOD, frame="hold")
    end()
    assert [targets.tolist() for targets in robot.targets] == [[0.5, -0.5], [0.5, 0.25]]


def test_states_carry_names_velocities_and_simulated_time(commander, serving, lag_robot):
    expected = lag_robot(("a", "b"))
    _, end = serving(pace="lockstep", seconds=0.2)
    for tick in range(4):
        commander.wait_for_states(tick + 1)
        state, (position, velocity) = commander.states[tick], expected.state()
        assert list(state.name) == ["a", "b"]
        assert list(state.position) == position.tolist()
        assert list(state.velocity) == velocity.tolist()
        assert state.header.stamp == stamp_of(tick * PERIOD)
        expected.step(np.array([0.5, -0.5]))
        commander.send(tick * PERIOD)
    assert end().ended == "seconds"


def test_lockstep_waits_no_longer_than_it_was_told(commander, serving):
    _, end = serving(pace="lockstep", command_timeout=0.2)
    commander.wait_for_states(1)
    report = end()
    assert (report.ended, report.steps) == ("no command", 0)


def test_lockstep_publishes_the_simulated_time_as_clock(ros, commander, serving):
    clock = pytest.importorskip("rosgraph_msgs.msg").Clock
    heard = []
    commander.session.node.create_subscription(clock, "/clock", heard.append, quality(10))
    _, end = serving(pace="lockstep")
    for tick in range(40):
        commander.wait_for_states(tick + 1)
        commander.send(tick * PERIOD)
    commander.wait_for_states(41)
    commander.session.wait_for(lambda: heard and heard[-1].clock == stamp_of(40 * PERIOD), lambda: f"heard {heard}")
    commander.send(40 * PERIOD, frame="hold")
    end()


def test_in_wall_pace_it_steps_without_commands_and_holds_where_it_is(commander, serving):
    robot, end = serving(pace="wall", seconds=1.0)
    commander.wait_for_states(8)
    report = end()
    assert (report.ended, report.steps) == ("seconds", 20)
    assert report.watchdog_delays == ()
    assert all((targets == 0.0).all() for targets in robot.targets)
    stamps = [state.header.stamp.sec * 10**9 + state.header.stamp.nanosec for state in commander.states]
    assert all(later - earlier == PERIOD for earlier, later in itertools.pairwise(stamps))
