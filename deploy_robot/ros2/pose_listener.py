"""PoseListener: hears where the things are that are tracked beside a robot, and the goals that are set."""

import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from deploy_robot.errors import MalformedState
from deploy_robot.pose_terms import PoseTerms
from deploy_robot.ros2.pose_message import read_pose
from deploy_robot.ros2.session import PoseStamped, RosSession, quality, queued_seconds

if TYPE_CHECKING:
    from rclpy.subscription import MessageInfo


class PoseListener:
    """One topic for each pose of `terms` that is tracked. A message that cannot be used is told to `object_to`, in one line.

    Trackers may offer best-effort delivery, as cameras do, but for goals and in `lockstep`, where none may be lost.
    """

    def __init__(self, session: RosSession, terms: PoseTerms, object_to: Callable[[str], None], lockstep: bool):
        self._node, self._terms, self._object_to = session.node, terms, object_to
        self._frame = session.settings.pose_frame
        self.topics = session.settings.pose_topics(terms.tracked)
        """By the pose's name."""
        count = len(terms.tracked)
        self.poses, self.received = np.tile([0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0], (count, 1)), np.full(count, -np.inf)
        """Position [m] and orientation (w first) that came last (m, 7), and when, on the steady clock [s] (m,)."""
        self._stamps: dict[str, tuple[int, int]] = {}
        self._publishers: dict[str, bytes | None] = {}
        for name, topic in self.topics.items():
            best_effort = name not in terms.goals and not lockstep
            self._node.create_subscription(PoseStamped, topic, partial(self._receive, name), quality(1, best_effort))

    @property
    def publishers(self) -> dict[str, int]:
        """How many publishers there are on the topic of each thing that is tracked, by topic; goals may be set by anyone."""
        return {
            topic: self._node.count_publishers(topic)
            for name, topic in self.topics.items()
            if name not in self._terms.goals
        }

    def missing(self, stamp: tuple[int, int] | None) -> str | None:
        """What has not come yet, or, given the stamp of a state, not with this stamp; None if nothing is missing."""
        for name, topic in self.topics.items():
            if name not in self._stamps:
                return f"no pose of {name!r} yet on {topic}"
            if stamp is not None and self._stamps[name] != stamp:
                return f"no pose of {name!r} on {topic} with the stamp of the state"
        return None

    def _receive(self, name: str, message: PoseStamped, info: "MessageInfo") -> None:
        topic, index = self.topics[name], self._terms.tracked.index(name)
        try:
            self._check_publisher(name, info)
            pose = read_pose(message, topic, self._frame, name in self._terms.turned)
        except MalformedState as error:
            self._object_to(str(error))
            return
        self.poses[index], self.received[index] = pose, time.monotonic() - queued_seconds(info)
        self._stamps[name] = message.header.stamp.sec, message.header.stamp.nanosec

    def _check_publisher(self, name: str, info: "MessageInfo") -> None:
        identity = (info.get("publisher_gid") or {}).get("data")
        if name not in self._terms.goals and self._publishers.setdefault(name, identity) != identity:
            raise MalformedState(f"a second publisher appeared on {self.topics[name]}")
