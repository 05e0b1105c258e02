"""The errors of this package that a caller may want to catch."""


class BundleError(ValueError):
    """A bundle or its contract is not what it must be; the message names the file or field, given and wanted."""


class JointMapError(ValueError):
    """A file that maps joints is not what it must be; the message names the file and the joint or line."""


class RobotTimeout(TimeoutError):
    """No state newer than the last one read arrived within the time allowed."""


class MissingPose(RobotTimeout):
    """A state has arrived, but not yet every pose that goes with it; the message names the pose and its topic."""


class MalformedState(ValueError):
    """A state message cannot be used; the message names the joint or field."""


class ConnectionFailed(TimeoutError):
    """The other side of the topics was not found; the message names topic, domain id and what was seen."""


class MissingRos(ImportError):
    """rclpy or its message packages cannot be imported."""
