"""serve: offers a simulated robot over ROS 2, as a process of its own in the place of hardware."""

import logging
import math
import time
from typing import get_args

import numpy as np

from deploy_robot.errors import MalformedState
from deploy_robot.pace import Pace, Pacer
from deploy_robot.ros2.client import HOLD_FRAME
from deploy_robot.ros2.clock import SimulatedClock
from deploy_robot.ros2.joint_message import read_joints
from deploy_robot.ros2.pose_message import pose_message
from deploy_robot.ros2.serve_report import ServeEnding, ServeReport
from deploy_robot.ros2.session import JointState, PoseStamped, RosSession, quality, stamp_of
from deploy_robot.ros2.watchdog import CommandWatchdog
from deploy_robot.settings import RosSettings
from deploy_robot.simulated_robot import SimulatedRobot
from deploy_robot.stop_signals import StopSignals

COMMAND_QUEUE = 10
RESEND_SECONDS = 0.2
log = logging.getLogger(__name__)

ROUNDING = 1e-9  # s; simulated time is a sum of control periods


def serve(
    robot: SimulatedRobot,
    seconds: float = math.inf,
    pace: Pace = "wall",
    settings: RosSettings | None = None,
    watchdog: float = 0.2,
    command_timeout: float = 10.0,
    node_name: str = "simulated_robot",
) -> ServeReport:
    """Publish the state of `robot`, and what is tracked beside it, and step it under the commands that come, for `seconds`
    of simulated time.

    With pace "wall" a state is published and a step made every control period, command or not; when none came for
    `watchdog` seconds the last target is held. With "lockstep" every state is published once and the step waits, up to
    `command_timeout` seconds, for the command that carries its stamp: exact, and as fast as both sides can.
    It ends early on SIGINT or SIGTERM and, in lockstep, when the client stops, leaves or falls silent.
    Raises `ConnectionFailed` if no client appears.
    """
    if pace not in get_args(Pace):
        raise ValueError(f"pace: given {pace!r}, wanted one of {', '.join(get_args(Pace))}")
    if not seconds >= 0.0:
        raise ValueError(f"seconds: given {seconds}, wanted at least 0")
    with StopSignals() as stop, RosSession(node_name, settings or RosSettings()) as session:
        server = _Server(robot, session, CommandWatchdog(watchdog), stop)
        begin, server.end = robot.time, robot.time + seconds
        server.connect()
        ended = server.run_wall() if pace == "wall" else server.run_lockstep(command_timeout)
        return server.report(ended, robot.time - begin)


class _Server:
    """The state of one call of `serve`."""

    def __init__(self, robot: SimulatedRobot, session: RosSession, watchdog: CommandWatchdog, stop: StopSignals):
        self.end = math.inf
        self._robot, self._session, self._watchdog, self._stop = robot, session, watchdog, stop
        settings = session.settings
        self._states = session.node.create_publisher(JointState, settings.state_topic, quality(1))
        self._subscription = session.node.create_subscription(
            JointState, settings.command_topic, self._receive, quality(COMMAND_QUEUE)
        )
        self._poses = {
            name: session.node.create_publisher(PoseStamped, topic, quality(1))
            for name, topic in settings.pose_topics(robot.pose_names).items()
        }
        self._targets = np.array(robot.state()[0], dtype=np.float64)
        self._steps = self._overruns = self._rejected = self._holds = 0
        self._rejection: str | None = None
        self._awaited: int | None = None
        self._lockstep = False
        self._stamps: list[int] = []
        self._log: list[np.ndarray] = []

    def connect(self) -> None:
        """Wait for a client that reads states and sends commands."""
        settings = self._session.settings
        self._session.wait_for(
            lambda: (
                self._stop.requested
                or (self._states.get_subscription_count() >= 1 and self._subscription.get_publisher_count() >= 1)
            ),
            lambda: (
                f"no client: {settings.state_topic} has {self._states.get_subscription_count()} subscribers, "
                f"{settings.command_topic} has {self._subscription.get_publisher_count()} publishers, wanted 1 of each"
            ),
        )

    def run_wall(self) -> ServeEnding:
        """Step at the pace of the steady clock, whether commands come or not."""
        # stamps start at wall time and advance with simulated time, so that they agree with the motion they stamp
        epoch = time.time_ns() - round(self._robot.time * 1e9)
        pacer = Pacer("wall", self._robot.control_period, time.monotonic())
        while self._robot.time < self.end - ROUNDING and not self._stop.requested:
            self._publish(epoch + round(self._robot.time * 1e9))
            due = pacer.next_due()
            while (now := time.monotonic()) < due and not self._stop.requested:
                self._session.spin_once(due - now)
                if self._watchdog.check(time.monotonic()):
                    log.warning("no command for %.3f s: holding the last target", self._watchdog.trip_delays[-1])
            self._step()
        self._overruns = pacer.overruns
        return "signal" if self._stop.requested else "seconds"

    def run_lockstep(self, command_timeout: float) -> ServeEnding:
        """Step once for every state that is answered."""
        self._lockstep = True
        clock = SimulatedClock(self._session.node)
        while self._robot.time < self.end - ROUNDING:
            self._awaited = round(self._robot.time * 1e9)
            clock.publish(self._awaited)
            self._publish(self._awaited)
            ended = self._wait_for_command(time.monotonic() + command_timeout)
            if ended is not None:
                return ended
            self._step()
        return "seconds"

    def _wait_for_command(self, deadline: float) -> ServeEnding | None:
        """None once the awaited command is here, else why to end."""
        resend = time.monotonic() + RESEND_SECONDS
        while self._awaited is not None:
            if time.monotonic() >= resend:
                # a client may have heard a state before it was able to hear the poses
                self._publish_poses(self._awaited)
                resend += RESEND_SECONDS
            if self._stop.requested:
                return "signal"
            if self._holds:
                return "hold"
            if self._subscription.get_publisher_count() == 0:
                return "client gone"
            if time.monotonic() >= deadline:
                return "no command"
            self._session.spin_once(deadline - time.monotonic())
        return None

    def report(self, ended: ServeEnding, simulated_seconds: float) -> ServeReport:
        """What happened."""
        return ServeReport(
            ended=ended,
            simulated_seconds=simulated_seconds,
            steps=self._steps,
            overruns=self._overruns,
            rejected=self._rejected,
            rejection=self._rejection,
            holds=self._holds,
            watchdog_delays=tuple(self._watchdog.trip_delays),
            command_stamps=np.array(self._stamps) * 1e-9,
            command_targets=np.array(self._log).reshape(len(self._log), len(self._robot.joints)),
            final_targets=self._targets.copy(),
        )

    def _step(self) -> None:
        self._robot.step(self._targets.copy())
        self._steps += 1

    def _publish(self, nanoseconds: int) -> None:
        self._publish_poses(nanoseconds)
        position, velocity = self._robot.state()
        message = JointState()
        message.header.stamp = stamp_of(nanoseconds)
        message.name = list(self._robot.joints)
        message.position = np.asarray(position, dtype=np.float64).tolist()
        message.velocity = np.asarray(velocity, dtype=np.float64).tolist()
        self._states.publish(message)

    def _publish_poses(self, nanoseconds: int) -> None:
        frame, poses = self._session.settings.pose_frame, self._robot.poses()
        for publisher, pose in zip(self._poses.values(), poses, strict=True):
            publisher.publish(pose_message(pose, frame, stamp_of(nanoseconds)))

    def _receive(self, message: JointState) -> None:
        stamp = message.header.stamp.sec * 10**9 + message.header.stamp.nanosec
        hold = message.header.frame_id == HOLD_FRAME
        try:
            targets = self._merged(message)
            if self._lockstep and not hold and stamp != self._awaited:
                raise MalformedState(f"command: given stamp {stamp} ns, wanted {self._awaited} ns")
        except MalformedState as error:
            self._rejected += 1
            self._rejection = str(error)
            return
        self._targets = targets
        if hold:
            self._holds += 1
            self._watchdog.rest()
            return
        self._awaited = None
        self._watchdog.feed(time.monotonic())
        self._stamps.append(stamp)
        self._log.append(targets)

    def _merged(self, message: JointState) -> np.ndarray:
        """The targets (j,) after a command, which may be for some of the joints only."""
        joints = self._robot.joints
        unknown = [name for name in message.name if name not in joints]
        if unknown or not message.name:
            given = f"unknown joint {unknown[0]!r}" if unknown else "no joint"
            raise MalformedState(f"command: given {given}; available: {', '.join(joints)}")
        position, _ = read_joints(message, message.name)
        targets = self._targets.copy()
        targets[[joints.index(name) for name in message.name]] = position
        return targets
