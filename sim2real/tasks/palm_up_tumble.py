"""PalmUpTumble: tumble a cube over its edges, feeling only the joints."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from randomizers import WorldDistribution
from sim2real.tasks.cube_faces import OPPOSITE, heights, lean
from sim2real.tasks.palm_up import PalmUp, PalmUpSimulation
from sim2real.tasks.task import Outcome


@dataclass(frozen=True)
class TumbleReward:
    """Weights of the reward terms, per control step, and what counts as tumbled and as failure."""

    lean: float = 8.0
    """Per rad that the face which came up last leans further than ever since: leaning back costs nothing."""
    tumble: float = 30.0
    """Once for each face that comes up, but for the one before the last: rocking to and fro does not pay."""
    linear_velocity: float = -0.1
    """Per m/s of the object."""
    action_rate: float = -0.001
    """Per squared change of the action, summed over joints."""
    pose: float = -0.003
    """Per squared distance [rad^2] of the joints from the start pose, summed over joints."""
    torque: float = -0.01
    """Per squared torque [(N m)^2], summed over joints."""
    drop: float = -20.0
    """Once, on failure."""
    up: float = 0.45
    """A face is up when it leans by less [rad],"""
    calm: float = 3.0
    """while the cube spins more slowly [rad/s]"""
    held: float = 0.03
    """and is higher above where it counts as dropped [m]: falling off the palm is no tumbling."""
    highest_lean: float = 1.4
    """Leaning further does not pay [rad]; then another face is coming up."""
    highest_speed: float = 15.0
    """A cube that spins faster [rad/s] is not being turned by a hand: the episode fails."""


TERMS = ("lean", "tumble", "linear_velocity", "action_rate", "pose", "torque", "drop")
METRICS = {"tumbles": "1", "drop": "1", "seconds": "s"}


class PalmUpTumble(PalmUp):
    """Neither goals nor directions: whatever brings the cube over an edge pays. Learnt by policies that turn cubes already,
    `--start-from` a run of `rotate-z`, which sees the same.

    The policy is not told where the cube is: it must be felt through the servos.
    """

    episode_steps = 200
    reward_terms = TERMS
    metrics = METRICS

    @property
    def recipe(self) -> dict[str, Any]:
        return {"worlds": 128, "rollout": 16, "gamma": 0.97, "steps": 1_500_000}

    def simulate(
        self, worlds: int, threads: int = 0, distribution: WorldDistribution | None = None
    ) -> PalmUpTumbleSimulation:
        return PalmUpTumbleSimulation(self, worlds, threads, distribution)


class PalmUpTumbleSimulation(PalmUpSimulation):
    """n hands that tumble a cube each."""

    reward = TumbleReward()

    def __init__(self, *arguments, **options) -> None:  # type: ignore[no-untyped-def]
        super().__init__(*arguments, **options)
        self._torque = self.sim.bind("actuator_force")
        self._rows = np.arange(self.n)
        self._face = np.zeros(self.n, dtype=np.int64)
        self._face_before = np.zeros(self.n, dtype=np.int64)
        self._leaned = np.zeros(self.n)
        self._tumbled = np.zeros(self.n, dtype=bool)
        self._tumbles = np.zeros(self.n, dtype=np.int64)
        self._dropped = np.zeros(self.n)
        self._action_before = np.zeros_like(self.last_action)

    def begin(self, ids: np.ndarray, rngs: list[np.random.Generator]) -> None:
        up = heights(self.object_pose[ids, 3:])
        self._face[ids] = up.argmax(axis=1)
        self._face_before[ids] = OPPOSITE[self._face[ids]]
        self._leaned[ids] = lean(up.max(axis=1))
        self._tumbles[ids] = 0
        self._dropped[ids] = 0.0
        self._action_before[ids] = 0.0

    def evaluate(self, diverged: np.ndarray) -> Outcome:
        weight, velocity = self.reward, self.object_velocity
        spin = np.linalg.norm(velocity[:, 3:], axis=1)
        held = self.object_pose[:, 2] > self.task.lowest + weight.held
        failure = self.dropped() | (spin > weight.highest_speed) | diverged
        self._dropped[failure] = 1.0
        up = heights(self.object_pose[:, 3:])
        gain = self._lean_on(up) * held
        self._tumble(up, held & (spin < weight.calm))
        change = self.last_action - self._action_before
        self._action_before[:] = self.last_action
        away = self.joint_position - self.task.start_pose
        rewards = {
            "lean": weight.lean * gain,
            "tumble": weight.tumble * self._tumbled,
            "linear_velocity": weight.linear_velocity * np.linalg.norm(velocity[:, :3], axis=1),
            "action_rate": weight.action_rate * (change**2).sum(axis=1),
            "pose": weight.pose * (away**2).sum(axis=1),
            "torque": weight.torque * (self._torque**2).sum(axis=1),
            "drop": weight.drop * failure,
        }
        return Outcome(rewards, np.zeros(self.n, dtype=bool), failure, diverged)

    def _lean_on(self, up: np.ndarray) -> np.ndarray:
        """How much further than ever each cube, its faces' `heights` (n, 6), leans [rad] (n,), other than back to the face that
        was up before."""
        leaning = np.minimum(lean(up[self._rows, self._face]), self.reward.highest_lean)
        onward = up[self._rows, self._face_before] < 0.5 * np.sin(leaning)
        gain = np.where(onward, np.maximum(leaning - self._leaned, 0.0), 0.0)
        self._leaned += gain
        return gain

    def _tumble(self, up: np.ndarray, settled: np.ndarray) -> None:
        """Count the faces that have come up anew in cubes, their faces' `heights` (n, 6), that have settled (n,)."""
        face, leaning = up.argmax(axis=1), lean(up.max(axis=1))
        new = settled & (leaning < self.reward.up) & (face != self._face)
        self._tumbled = new & (face != self._face_before)
        self._tumbles += self._tumbled
        self._face_before[new] = self._face[new]
        self._face[new] = face[new]
        self._leaned[new] = leaning[new]

    def progress(self) -> np.ndarray:
        return self._tumbled.astype(np.float64)

    def measure(self, ids: np.ndarray) -> dict[str, np.ndarray]:
        return {
            "tumbles": self._tumbles[ids].astype(np.float64),
            "drop": self._dropped[ids].copy(),
            "seconds": self.steps[ids] * self.task.control_period,
        }

    def _arrays(self) -> dict[str, np.ndarray]:
        return super()._arrays() | {
            "face": self._face,
            "face_before": self._face_before,
            "leaned": self._leaned,
            "tumbles": self._tumbles,
            "dropped": self._dropped,
            "action_before": self._action_before,
        }
