"""Sensing: what robots' sensors and the tracker beside them deliver of the true state."""

from __future__ import annotations

import numpy as np

from deploy_robot import RobotState
from randomizers.channels import WorldChannels
from sim2real.simulation.rows import as_slice
from sim2real.tasks.robot_task import RobotTask


class Sensing:
    """Passes n worlds' joints and what is tracked through the channel "observation", and keeps what came out last.

    The truth (m, p) of rows is what `truth` gives: joints by observation term, then what the tracker sees.
    """

    def __init__(self, task: RobotTask, channels: WorldChannels, worlds: int) -> None:
        self._channels = channels
        self._sensors = [(t.source, as_slice(np.array([task.joints.index(j) for j in t.joints]))) for t in task.sensed]
        self._sizes = [term.size for term in task.sensed]
        self.heard = np.zeros((worlds, sum(self._sizes) + sum(task.tracked.values())))
        """What was delivered last (n, p)."""

    def truth(self, position: np.ndarray, velocity: np.ndarray, tracked: np.ndarray) -> np.ndarray:
        """What there is to be sensed (m, p) of joints' angles (m, j) [rad] and speeds (m, j) [rad/s], and tracked (m, k)."""
        values = {"joint_position": position, "joint_velocity": velocity}
        return np.concatenate([*(values[source][:, columns] for source, columns in self._sensors), tracked], axis=1)

    def restart(self, rows: slice | np.ndarray, truth: np.ndarray) -> None:
        """Sense these rows as if their truth (m, p) had stood for long."""
        self.heard[rows] = self._channels.restart("observation", rows, truth)

    def hear(self, truth: np.ndarray) -> None:
        """Pass on one control step's truth (n, p)."""
        self.heard[:] = self._channels.apply("observation", truth)

    def deliver(
        self, rows: slice | np.ndarray, position: np.ndarray, velocity: np.ndarray
    ) -> tuple[RobotState, np.ndarray]:
        """What was delivered last of the robots and by the tracker (m, k); joints that no sensor measures as they are,
        given all of them (m, j)."""
        values = {"joint_position": position, "joint_velocity": velocity}
        heard, start = self.heard[rows], 0
        for (source, columns), size in zip(self._sensors, self._sizes, strict=True):
            values[source] = values[source].copy()
            values[source][:, columns] = heard[:, start : start + size]
            start += size
        return RobotState(0.0, 0.0, values["joint_position"], values["joint_velocity"]), heard[:, start:]


def distance_to_others(points: np.ndarray, markers: int) -> np.ndarray:
    """Distance [m] from each of the first `markers` points (n, k, 3) of a world to the nearest other point: (n, markers)."""
    apart = points[:, :markers, None] - points[:, None]
    squares = np.einsum("nmkx,nmkx->nmk", apart, apart)
    squares[:, np.arange(markers), np.arange(markers)] = np.inf
    return np.sqrt(squares.min(axis=2))
