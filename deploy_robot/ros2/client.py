"""Ros2Robot: a robot that publishes its joint state and takes joint position targets over ROS 2."""

import time
from collections.abc import Sequence
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING

import numpy as np

from deploy_robot.errors import MalformedState, MissingPose, RobotTimeout
from deploy_robot.pose_terms import PoseTerms
from deploy_robot.robot import RobotState
from deploy_robot.ros2.joint_message import read_joints
from deploy_robot.ros2.pose_listener import PoseListener
from deploy_robot.ros2.session import JointState, RosSession, deliver, quality, queued_seconds, stamp_of
from deploy_robot.settings import RosSettings

if TYPE_CHECKING:
    from rclpy.subscription import MessageInfo

HOLD_FRAME = "hold"  # header.frame_id of the command that ends a run, for logs and for simulations in lockstep
DELIVERY_SECONDS = 0.2
SOLITUDE_SECONDS = 0.3  # others announce themselves several times within this


class Ros2Robot:
    """A `Robot` over two topics of sensor_msgs/JointState: states come in, position targets go out.

    Poses of what is tracked beside it come on topics of their own, geometry_msgs/PoseStamped. A state is given with those
    that came last or, in lockstep, with those of its own stamp. States are matched to `joints` by name. A message that
    cannot be used is counted in `rejected` and raised by the next `read`. Every command carries the stamp of the state it
    was decided on. Construction waits until exactly one robot is there and nobody else commands it, and raises
    `ConnectionFailed` if that does not come about.
    Python's handling of signals is left alone; `ControlLoop` sees to it that a hold goes out before the end.
    """

    def __init__(
        self,
        joints: Sequence[str],
        settings: RosSettings | None = None,
        node_name: str = "deploy_robot",
        poses: PoseTerms | None = None,
        lockstep: bool = False,
    ):
        settings = settings or RosSettings()
        self._joints = tuple(joints)
        self._terms, self._lockstep = poses or PoseTerms(()), lockstep
        self.rejected = 0
        """Messages that could not be used."""
        self._fresh: RobotState | None = None
        self._fresh_stamp = stamp_of(0)
        self._read_stamp = stamp_of(0)
        self._objection: str | None = None
        self._last: RobotState | None = None
        self._publisher_id: bytes | None = None
        self._targets: np.ndarray | None = None
        self._holding = True
        self._session = RosSession(node_name, settings)
        try:
            self._connect(settings)
        except BaseException:
            self._session.close()
            raise

    @property
    def joints(self) -> tuple[str, ...]:
        """The joints, in the order of every vector here (j,)."""
        return self._joints

    @property
    def pose_names(self) -> tuple[str, ...]:
        """What is tracked beside it, in the order of the poses in its states (m,)."""
        return self._terms.tracked

    def read(self, timeout: float) -> RobotState:
        """The newest state that has not been read yet, waiting up to `timeout` seconds for it.

        Raises `RobotTimeout` if there is none by then, `MissingPose` if a pose is missing beside it, and `MalformedState` if
        a message came that cannot be used, or if another node publishes states or commands as well.
        """
        deadline = time.monotonic() + timeout
        while True:
            self._session.spin_once(deadline - time.monotonic())
            if self._objection is not None:
                objection, self._objection = self._objection, None
                raise MalformedState(objection)
            self._check_commander()
            missing = self._poses.missing(self._awaited) if self._fresh is not None else None
            if self._fresh is not None and missing is None:
                state, self._fresh = self._fresh, None
                self._read_stamp = self._fresh_stamp
                return replace(state, poses=self._poses.poses.copy(), poses_received=self._poses.received.copy())
            if time.monotonic() >= deadline:
                if missing is not None:
                    raise MissingPose(missing)
                raise RobotTimeout(f"no new message on {self._session.settings.state_topic} within {timeout:g} s")

    def command(self, targets: np.ndarray, stamp: float) -> None:
        """Publish targets (j,) [rad], with the stamp of the state read last."""
        self._targets = np.array(targets, dtype=np.float64)
        self._holding = False
        self._publish("")

    def stop(self) -> None:
        """Publish the last target once more, marked as a hold, and wait until the robot has it.

        Without a command before it there is nothing to hold, and nothing is sent.
        """
        if not self._holding and self._session.is_open:
            self._holding = True
            # the hold must not push the last command out of a queue of one
            deliver(self._commands, DELIVERY_SECONDS)
            self._publish(HOLD_FRAME)
            deliver(self._commands, DELIVERY_SECONDS)

    def close(self) -> None:
        """Leave ROS."""
        self._session.close()

    def __enter__(self) -> "Ros2Robot":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self.close()

    @property
    def _awaited(self) -> tuple[int, int] | None:
        """The stamp that poses must have; None if any will do."""
        return (self._fresh_stamp.sec, self._fresh_stamp.nanosec) if self._lockstep else None

    def _connect(self, settings: RosSettings) -> None:
        node, states, commands = self._session.node, settings.state_topic, settings.command_topic
        self._poses = PoseListener(self._session, self._terms, self._object, self._lockstep)
        subscription = node.create_subscription(
            JointState, states, self._receive, quality(1, best_effort=settings.best_effort)
        )
        self._commands = node.create_publisher(JointState, commands, quality(1))
        self._session.wait_for(
            lambda: (
                subscription.get_publisher_count() == 1
                and node.count_publishers(states) == 1
                and self._commands.get_subscription_count() >= 1
                and node.count_publishers(commands) == 1
                and all(count == 1 for count in self._poses.publishers.values())
            ),
            lambda: (
                f"no robot: {states} has {node.count_publishers(states)} publishers, "
                f"{subscription.get_publisher_count()} of them usable, wanted 1; {commands} has "
                f"{self._commands.get_subscription_count()} usable subscribers, wanted at least 1, and "
                f"{node.count_publishers(commands) - 1} other publishers, wanted 0"
                + "".join(
                    f"; {topic} has {count} publishers, wanted 1" for topic, count in self._poses.publishers.items()
                )
            ),
            lasting=SOLITUDE_SECONDS,
        )

    def _publish(self, frame: str) -> None:
        assert self._targets is not None
        message = JointState()
        message.header.stamp = self._read_stamp
        message.header.frame_id = frame
        message.name = list(self._joints)
        message.position = self._targets.tolist()
        self._commands.publish(message)

    def _receive(self, message: JointState, info: "MessageInfo") -> None:
        received = time.monotonic() - queued_seconds(info)
        try:
            self._check_publisher(info)
            position, velocity = read_joints(message, self._joints)
        except MalformedState as error:
            self._object(str(error))
            return
        self._fresh_stamp = message.header.stamp
        stamp = message.header.stamp.sec + message.header.stamp.nanosec * 1e-9
        if velocity is None:
            velocity = self._difference(position, stamp)
        self._fresh = self._last = RobotState(stamp, received, position, velocity)

    def _object(self, objection: str) -> None:
        """Count a message that cannot be used; the next `read` raises the first objection."""
        self.rejected += 1
        self._objection = self._objection or objection

    def _check_publisher(self, info: "MessageInfo") -> None:
        identity = (info.get("publisher_gid") or {}).get("data")
        self._publisher_id = self._publisher_id or identity
        if identity != self._publisher_id:
            raise MalformedState(f"a second publisher appeared on {self._session.settings.state_topic}")

    def _check_commander(self) -> None:
        topic = self._session.settings.command_topic
        if self._session.node.count_publishers(topic) > 1:
            raise MalformedState(f"another node publishes on {topic}")

    def _difference(self, position: np.ndarray, stamp: float) -> np.ndarray:
        """Velocity (j,) [rad/s] from the state before, for a robot that does not measure it."""
        if self._last is None or stamp <= self._last.stamp:
            return np.zeros(len(self._joints))
        return (position - self._last.position) / (stamp - self._last.stamp)
