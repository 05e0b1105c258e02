"""SimulatedRobot: what a simulator must offer to be driven like a robot; InProcessRobot drives one without ROS."""

import time
from typing import Protocol

import numpy as np

from deploy_robot.errors import RobotTimeout
from deploy_robot.robot import RobotState


class SimulatedRobot(Protocol):
    """A simulation of a robot that takes joint position targets and advances one control period at a time."""

    @property
    def joints(self) -> tuple[str, ...]:
        """The joints, in the order of every vector here (j,)."""

    @property
    def control_period(self) -> float:
        """Simulated time that one `step` takes [s]."""

    @property
    def time(self) -> float:
        """Simulated time now [s]."""

    @property
    def pose_names(self) -> tuple[str, ...]:
        """What is tracked beside the robot, in the order of `poses` (m,)."""

    def state(self) -> tuple[np.ndarray, np.ndarray]:
        """Position (j,) [rad] and velocity (j,) [rad/s] now."""

    def poses(self) -> np.ndarray:
        """Position [m] and orientation (w first) now of what is tracked (m, 7)."""

    def step(self, targets: np.ndarray) -> None:
        """Advance one control period under position targets (j,) [rad]; a joint without motor ignores its."""


class InProcessRobot:
    """A `Robot` around a simulation in the same process: every command advances it by one control period."""

    def __init__(self, simulation: SimulatedRobot):
        self._simulation = simulation
        self._read_time: float | None = None

    @property
    def joints(self) -> tuple[str, ...]:
        """The simulation's joints (j,)."""
        return self._simulation.joints

    @property
    def pose_names(self) -> tuple[str, ...]:
        """What the simulation tracks (m,)."""
        return self._simulation.pose_names

    def read(self, timeout: float) -> RobotState:
        """The state now; raises `RobotTimeout` at once if it was read already, for only a command makes a new one."""
        now = self._simulation.time
        if now == self._read_time:
            raise RobotTimeout(f"the simulation still is at {now:.6f} s; send a command first")
        self._read_time = now
        position, velocity = self._simulation.state()
        poses, received = np.array(self._simulation.poses()), time.monotonic()
        return RobotState(now, received, np.array(position), np.array(velocity), poses, np.full(len(poses), received))

    def command(self, targets: np.ndarray, stamp: float) -> None:
        """Advance the simulation by one control period under targets (j,) [rad]."""
        self._simulation.step(targets)

    def stop(self) -> None:
        """Nothing to do: simulated time stands still without commands."""
