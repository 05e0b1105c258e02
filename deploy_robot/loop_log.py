"""LoopLog: gathers what a LoopReport is made of while the loop runs."""

import time
from typing import Any

import numpy as np

from deploy_robot.robot import RobotState


class LoopLog:
    """One row a tick; appending is all that happens while the robot moves."""

    def __init__(self, joints: int, poses: int):
        self._joints, self._poses = joints, poses
        self._states: list[RobotState] = []
        self._targets: list[np.ndarray] = []
        self._sent: list[float] = []
        self._inference: list[float] = []

    def add(self, state: RobotState, target: np.ndarray, inference: float | None) -> None:
        """Note a command that has just been sent: target (j,) [rad], inference [s] or None if no policy was asked."""
        self._sent.append(time.monotonic())
        self._states.append(state)
        self._targets.append(target)
        if inference is not None:
            self._inference.append(inference)

    def columns(self) -> dict[str, Any]:
        """The log's part of a report, by field name."""
        shape = (len(self._sent), self._joints)
        sent = np.array(self._sent)
        return {
            "approach_ticks": len(self._sent) - len(self._inference),
            "stamps": np.array([state.stamp for state in self._states]),
            "sent": sent,
            "latencies": sent - np.array([state.received for state in self._states]),
            "inference": np.array(self._inference),
            "positions": np.array([state.position for state in self._states]).reshape(shape),
            "velocities": np.array([state.velocity for state in self._states]).reshape(shape),
            "targets": np.array(self._targets).reshape(shape),
            "poses": np.array([state.poses for state in self._states]).reshape(len(self._sent), self._poses, 7),
        }
