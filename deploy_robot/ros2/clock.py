"""SimulatedClock: /clock, for other nodes that run on simulated time."""

from typing import TYPE_CHECKING

from deploy_robot.ros2.session import quality, stamp_of

if TYPE_CHECKING:
    from rclpy.node import Node

try:
    from rosgraph_msgs.msg import Clock
except ImportError:
    Clock = None


class SimulatedClock:
    """Publishes /clock where the package rosgraph_msgs is installed; nothing here depends on it."""

    def __init__(self, node: "Node"):
        self._publisher = None if Clock is None else node.create_publisher(Clock, "/clock", quality(1))

    def publish(self, nanoseconds: int) -> None:
        """Say that it is `nanoseconds` of simulated time."""
        if self._publisher is not None:
            self._publisher.publish(Clock(clock=stamp_of(nanoseconds)))
