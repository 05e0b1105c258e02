"""Reading and writing geometry_msgs/PoseStamped: x first there, w first here."""

import numpy as np

from deploy_robot.errors import MalformedState
from deploy_robot.ros2.session import PoseStamped, Time

NORM_TOLERANCE = 1e-2
ROUNDING = 1e-9  # what is off by less is a unit quaternion, and stays as it was sent


def read_pose(message: PoseStamped, topic: str, frame: str, turned: bool) -> np.ndarray:
    """Position [m] and unit orientation, w first (7,).

    Raises `MalformedState` for another frame than `frame`, for numbers that are not finite and, if `turned`, whether the
    orientation matters, for one that is not a unit quaternion; otherwise that is read as no rotation.
    """
    if message.header.frame_id != frame:
        raise MalformedState(f"{topic}: given in frame {message.header.frame_id!r}, wanted {frame!r}")
    place, turn = message.pose.position, message.pose.orientation
    position, orientation = np.array([place.x, place.y, place.z]), np.array([turn.w, turn.x, turn.y, turn.z])
    if not np.isfinite(position).all():
        raise MalformedState(f"{topic}: position {position.tolist()}, wanted finite numbers")
    if not turned:
        return np.concatenate((position, [1.0, 0.0, 0.0, 0.0]))
    norm = float(np.linalg.norm(orientation))
    if not abs(norm - 1.0) <= NORM_TOLERANCE:
        raise MalformedState(f"{topic}: orientation of length {norm:g}, wanted a unit quaternion")
    if abs(norm - 1.0) > ROUNDING:
        orientation /= norm
    return np.concatenate((position, orientation))


def pose_message(pose: np.ndarray, frame: str, stamp: Time) -> PoseStamped:
    """The message of a pose (7,), w first."""
    message = PoseStamped()
    message.header.frame_id, message.header.stamp = frame, stamp
    place, turn = message.pose.position, message.pose.orientation
    place.x, place.y, place.z, turn.w, turn.x, turn.y, turn.z = (float(number) for number in pose)
    return message
