"""Robot: the one interface behind which a simulated twin, a ROS 2 robot or a replayed log stands."""

from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np


@dataclass(frozen=True)
class RobotState:
    """One measurement of all joints, with what is known by then of the poses tracked beside the robot."""

    stamp: float
    """When it was measured, on the robot's clock [s]."""
    received: float
    """When it arrived here, on this computer's steady clock (`time.monotonic`) [s]."""
    position: np.ndarray
    """(j,) [rad]."""
    velocity: np.ndarray
    """(j,) [rad/s]."""
    poses: np.ndarray = field(default_factory=lambda: np.zeros((0, 7)))
    """(m, 7) position [m] and orientation (w first)."""
    poses_received: np.ndarray = field(default_factory=lambda: np.zeros(0))
    """(m,) when each pose arrived here, on the steady clock [s]."""

    def __post_init__(self) -> None:
        for name in ("position", "velocity", "poses", "poses_received"):
            object.__setattr__(self, name, np.asarray(getattr(self, name), dtype=np.float64))
        if self.position.shape != self.velocity.shape:
            raise ValueError(f"position {self.position.shape} and velocity {self.velocity.shape} differ in shape")

    def columns(self, joints: np.ndarray, poses: np.ndarray) -> "RobotState":
        """The same measurement with its joints and poses picked and ordered by these indices."""
        return replace(
            self,
            position=self.position[..., joints],
            velocity=self.velocity[..., joints],
            poses=self.poses[poses],
            poses_received=self.poses_received[poses],
        )


class Robot(Protocol):
    """A robot that takes joint position targets."""

    @property
    def joints(self) -> tuple[str, ...]:
        """The joints, in the order of every vector here (j,)."""

    @property
    def pose_names(self) -> tuple[str, ...]:
        """What is tracked beside it, in the order of the poses in its states (m,)."""

    def read(self, timeout: float) -> RobotState:
        """The newest state that has not been read yet, waiting up to `timeout` seconds for it.

        Raises `RobotTimeout` if there is none by then and `MalformedState` if one arrived that cannot be used.
        """

    def command(self, targets: np.ndarray, stamp: float) -> None:
        """Send position targets (j,) [rad] decided on the state of that `stamp`; a joint without motor ignores its."""

    def stop(self) -> None:
        """Hold the last target. Safe to call at any time, more than once, and before any command."""
