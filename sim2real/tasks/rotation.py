"""Turning an object about the vertical: what rotation tasks share."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np

from deploy_robot.quaternions import rotation_between
from sim2real.tasks.robot_simulation import RobotSimulation
from sim2real.tasks.task import Outcome


@dataclass(frozen=True)
class RotationReward:
    """Weights of the reward terms, per control step, and what counts as failure."""

    rotation: float = 1.0
    """Per rad/s about the vertical."""
    highest_rate: float = 1.5
    """Faster turning, either way, counts as this [rad/s]: throwing the object does not pay, exploring does not cost."""
    linear_velocity: float = -0.1
    """Per m/s of the object."""
    action_rate: float = -0.001
    """Per squared change of the action, summed over joints."""
    pose: float = -0.01
    """Per squared distance [rad^2] of the joints from the start pose, summed over joints."""
    torque: float = -0.01
    """Per squared torque [(N m)^2], summed over joints."""
    drop: float = -60.0
    """Once, on failure."""
    highest_speed: float = 15.0
    """An object that spins faster [rad/s] is not being turned by a hand: the episode fails."""


TERMS = ("rotation", "linear_velocity", "action_rate", "pose", "torque", "drop")
METRICS = {"rotation_rate": "rad/s", "drop": "1", "seconds": "s"}


class RotationSimulation(RobotSimulation):
    """An object is turned about the vertical, as fast as rewarded, without being dropped.

    `rotation_rate` is the net rotation about the vertical over the length of a whole episode, so that what a drop cuts
    off counts as standing still.
    """

    reward: RotationReward
    """Weights; set by the task's simulation."""

    def __init__(self, *arguments, **options) -> None:  # type: ignore[no-untyped-def]
        super().__init__(*arguments, **options)
        self._torque = self.sim.bind("actuator_force")
        self._before = self.object_pose[:, 3:].copy()
        self._turned = np.zeros(self.n)
        self._dropped = np.zeros(self.n)
        self._step_turn = np.zeros(self.n)
        self._action_before = np.zeros_like(self.last_action)

    def begin(self, ids: np.ndarray, rngs: list[np.random.Generator]) -> None:
        self._before[ids] = self.object_pose[ids, 3:]
        self._turned[ids] = 0.0
        self._dropped[ids] = 0.0
        self._action_before[ids] = 0.0

    def evaluate(self, diverged: np.ndarray) -> Outcome:
        weight, period = self.reward, self.task.control_period
        pose, velocity = self.object_pose, self.object_velocity
        self._step_turn = rotation_between(self._before, pose[:, 3:])[:, 2]
        self._turned += self._step_turn
        self._before[:] = pose[:, 3:]
        spinning = _squares(velocity[:, 3:]) > weight.highest_speed**2
        failure = self.dropped() | spinning | diverged
        self._dropped[failure] = 1.0
        change = self.last_action - self._action_before
        self._action_before[:] = self.last_action
        away = self.joint_position - self.task.start_pose
        rate = self._step_turn / period
        rewards = {
            "rotation": weight.rotation * np.minimum(np.maximum(rate, -weight.highest_rate), weight.highest_rate),
            "linear_velocity": weight.linear_velocity * np.sqrt(_squares(velocity[:, :3])),
            "action_rate": weight.action_rate * _squares(change),
            "pose": weight.pose * _squares(away),
            "torque": weight.torque * _squares(self._torque),
            "drop": weight.drop * failure,
        }
        return Outcome(rewards, np.zeros(self.n, dtype=bool), failure, diverged)

    @abstractmethod
    def dropped(self) -> np.ndarray:
        """Whether the object has left the hand (n,)."""

    def progress(self) -> np.ndarray:
        return self._step_turn / self.task.control_period

    def measure(self, ids: np.ndarray) -> dict[str, np.ndarray]:
        length = self.task.episode_steps * self.task.control_period
        return {
            "rotation_rate": self._turned[ids] / length,
            "drop": self._dropped[ids].copy(),
            "seconds": self.steps[ids] * self.task.control_period,
        }

    def _arrays(self) -> dict[str, np.ndarray]:
        return super()._arrays() | {
            "before": self._before,
            "turned": self._turned,
            "dropped": self._dropped,
            "action_before": self._action_before,
        }


def _squares(rows: np.ndarray) -> np.ndarray:
    """Sum of squares of each row: (n, k) -> (n,)."""
    return np.einsum("nk,nk->n", rows, rows)
