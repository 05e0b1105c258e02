"""RosSession: one node in a ROS context of its own, with signals left to the program."""

import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING

from deploy_robot.errors import ConnectionFailed, MissingRos
from deploy_robot.ros2.environment import prepare_environment
from deploy_robot.settings import RosSettings

try:
    import rclpy
    from builtin_interfaces.msg import Time
    from geometry_msgs.msg import PoseStamped
    from rclpy.duration import Duration
    from rclpy.executors import SingleThreadedExecutor
    from rclpy.publisher import Publisher
    from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy
    from rclpy.signals import SignalHandlerOptions
    from rclpy.utilities import get_rmw_implementation_identifier
    from sensor_msgs.msg import JointState
except ImportError as error:
    raise MissingRos(
        f"ROS 2 for Python cannot be imported ({error}): source a system ROS 2, or pip install ros-rclpy ros-sensor-msgs "
        "ros-geometry-msgs ros-rmw-fastrtps-cpp"
    ) from error

if TYPE_CHECKING:
    from rclpy.subscription import MessageInfo

__all__ = ["JointState", "PoseStamped", "RosSession", "Time", "deliver", "quality", "queued_seconds", "stamp_of"]

SPIN_SLICE = 0.02  # s; waiting inside ROS is not interrupted by signals, so none is longer


class RosSession:
    """A node that is spun by hand.

    rclpy's own signal handlers would end the context before a last command could be published: they are not installed.
    """

    def __init__(self, node_name: str, settings: RosSettings):
        prepare_environment(settings.localhost, get_rmw_implementation_identifier())
        self.settings = settings
        self._context = rclpy.Context()
        rclpy.init(
            args=[],
            context=self._context,
            domain_id=settings.domain_id,
            signal_handler_options=SignalHandlerOptions.NO,
        )
        self.node = rclpy.create_node(node_name, context=self._context)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.node)

    @property
    def is_open(self) -> bool:
        """Whether messages can still be sent."""
        return bool(self._context.ok())

    def spin_once(self, timeout: float) -> None:
        """Run one callback, waiting for it up to `timeout` [s] but never long enough to leave a signal unnoticed."""
        self._executor.spin_once(timeout_sec=max(0.0, min(timeout, SPIN_SLICE)))

    def wait_for(self, condition: Callable[[], bool], description: Callable[[], str], lasting: float = 0.0) -> None:
        """Spin until `condition` has held for `lasting` seconds.

        Raises `ConnectionFailed` with `description` if it does not begin to within the match timeout.
        """
        deadline = time.monotonic() + self.settings.match_timeout
        since: float | None = None
        while True:
            now = time.monotonic()
            since = (since or now) if condition() else None
            if since is not None and now - since >= lasting:
                return
            if since is None and now >= deadline:
                raise ConnectionFailed(
                    f"{description()} in ROS domain {self._context.get_domain_id()} after "
                    f"{self.settings.match_timeout:g} s; check that the other side runs, its ROS_DOMAIN_ID and its QoS"
                )
            self.spin_once(SPIN_SLICE)

    def close(self) -> None:
        """Leave ROS; safe to call more than once."""
        if self.is_open:
            self._executor.shutdown()
            self.node.destroy_node()
            rclpy.shutdown(context=self._context)

    def __enter__(self) -> "RosSession":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def quality(depth: int, best_effort: bool = False) -> QoSProfile:
    """Quality of service of every topic here.

    No deadline and no liveliness lease is requested: a publisher with default settings would then not match at all.
    """
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST,
        depth=depth,
        reliability=ReliabilityPolicy.BEST_EFFORT if best_effort else ReliabilityPolicy.RELIABLE,
        durability=DurabilityPolicy.VOLATILE,
    )


def deliver(publisher: Publisher, seconds: float) -> bool:
    """Wait up to `seconds` until every reader has acknowledged what was published; returns whether all have."""
    return bool(publisher.wait_for_all_acked(Duration(seconds=seconds)))


def stamp_of(nanoseconds: int) -> Time:
    """A ROS time from nanoseconds."""
    return Time(sec=nanoseconds // 10**9, nanosec=nanoseconds % 10**9)


def queued_seconds(info: "MessageInfo") -> float:
    """How long a message had been here before it was taken out of the queue [s]."""
    arrival = info.get("received_timestamp", 0)
    return max(0.0, (time.time_ns() - arrival) * 1e-9) if arrival else 0.0
