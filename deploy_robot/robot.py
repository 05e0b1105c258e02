"""Robot: the one interface behind which a simulated twin, a ROS 2 robot or a replayed log stands."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np


@dataclass(frozen=True)
class RobotState:
    """One measurement of all joints."""

    stamp: float
    """When it was measured, on the robot's clock [s]."""
    received: float
    """When it arrived here, on this computer's steady clock (`time.monotonic`) [s]."""
    position: np.ndarray
    """(j,) [rad]."""
    velocity: np.ndarray
    """(j,) [rad/s]."""

    def __post_init__(self) -> None:
        for field in ("position", "velocity"):
            object.__setattr__(self, field, np.asarray(getattr(self, field), dtype=np.float64))
        if self.position.shape != self.velocity.shape:
            raise ValueError(f"position {self.position.shape} and velocity {self.velocity.shape} differ in shape")

    def columns(self, order: np.ndarray) -> "RobotState":
        """The same measurement with its joints picked and ordered by the indices `order`."""
        return RobotState(self.stamp, self.received, self.position[..., order], self.velocity[..., order])


class Robot(Protocol):
    """A robot that takes joint position targets."""

    @property
    def joints(self) -> tuple[str, ...]:
        """The joints, in the order of every vector here (j,)."""

    def read(self, timeout: float) -> RobotState:
        """The newest state that has not been read yet, waiting up to `timeout` seconds for it.

        Raises `RobotTimeout` if there is none by then and `MalformedState` if one arrived that cannot be used.
        """

    def command(self, targets: np.ndarray, stamp: float) -> None:
        """Send position targets (j,) [rad] decided on the state of that `stamp`; a joint without motor ignores its."""

    def stop(self) -> None:
        """Hold the last target. Safe to call at any time, more than once, and before any command."""
