"""Turning an object from one goal to the next: what goal tasks share."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sim2real.simulation.marks import Copy
from sim2real.simulation.quaternions import from_yaw, rotation_between
from sim2real.tasks.robot_simulation import RobotSimulation
from sim2real.tasks.task import Outcome


@dataclass(frozen=True)
class GoalReward:
    """Weights of the reward terms, per control step, and what counts as reached and as failure.

    After Dactyl (arXiv 1808.00177), where coming closer pays less and motion costs nothing.
    """

    approach: float = 5.0
    """Per rad that the object has come closer to its goal."""
    goal: float = 5.0
    """Once for every goal reached."""
    action_rate: float = -0.0005
    """Per squared change of the action, summed over joints."""
    torque: float = -0.002
    """Per squared torque [(N m)^2], summed over joints."""
    drop: float = -20.0
    """Once, on failure."""
    tolerance: float = 0.4
    """A goal is reached when the object is rotated from it by less [rad]."""
    nearest: float = 0.8
    """New goals are at least this far off [rad], so that none is a present."""
    enough: int = 50
    """Goals in a row that end an episode as a success."""
    highest_speed: float = 15.0
    """An object that spins faster [rad/s] is not being turned by a hand: the episode fails."""


TERMS = ("approach", "goal", "action_rate", "torque", "drop")
METRICS = {"goals": "1", "drop": "1", "seconds": "s"}


class GoalSimulation(RobotSimulation):
    """A goal is an orientation of the object, by default upright and turned about the vertical; one that is reached gives
    way to the next.

    The numbers that decide an episode's goals are drawn when it begins, `new_goals` makes goals of them. `goals` counts
    those reached in a row, as the failure that breaks the row also ends the episode.
    """

    reward = GoalReward()
    goal_shown_at: ClassVar[tuple[float, float, float]] = (0.0, 0.0, 0.09)
    """Where pictures show the goal, from where the object lies at the start [m]."""

    def __init__(self, *arguments, **options) -> None:  # type: ignore[no-untyped-def]
        super().__init__(*arguments, **options)
        self._torque = self.sim.bind("actuator_force")
        self._chance = np.zeros((self.n, self.reward.enough, 3))
        self.goal = np.tile([1.0, 0.0, 0.0, 0.0], (self.n, 1))
        """Orientation (n, 4) that each world's object is to reach."""
        self._distance = np.zeros(self.n)
        self._goals = np.zeros(self.n, dtype=np.int64)
        self._reached = np.zeros(self.n, dtype=bool)
        self._dropped = np.zeros(self.n)
        self._action_before = np.zeros_like(self.last_action)

    def begin(self, ids: np.ndarray, rngs: list[np.random.Generator]) -> None:
        for i, rng in zip(ids, rngs, strict=True):
            self._chance[i] = rng.random((self.reward.enough, 3))
        self._goals[ids] = 0
        self._dropped[ids] = 0.0
        self._action_before[ids] = 0.0
        self._set_goal(ids)

    def _set_goal(self, ids: np.ndarray) -> None:
        """The next goal of the worlds `ids`."""
        chance = self._chance[ids, self._goals[ids] % self.reward.enough]
        self.goal[ids] = self.new_goals(self.object_pose[ids, 3:], chance)
        self._distance[ids] = np.linalg.norm(self.goal_rotation[ids], axis=1)

    def new_goals(self, orientation: np.ndarray, chance: np.ndarray) -> np.ndarray:
        """Goals (m, 4) for objects that now stand in `orientation` (m, 4), decided by numbers in [0, 1) (m, 3); none is
        nearer than `reward.nearest`."""
        yaw = 2.0 * np.arctan2(orientation[:, 3], orientation[:, 0])
        away = self.reward.nearest + chance[:, 0] * (np.pi - self.reward.nearest)
        return from_yaw(yaw + np.where(chance[:, 1] < 0.5, -away, away))

    @property
    def goal_rotation(self) -> np.ndarray:
        """The rotation vector [rad] (n, 3), in world axes, that would take each object to its goal."""
        return rotation_between(self.object_pose[:, 3:], self.goal)

    def evaluate(self, diverged: np.ndarray) -> Outcome:
        weight = self.reward
        distance = np.linalg.norm(self.goal_rotation, axis=1)
        spinning = np.linalg.norm(self.object_velocity[:, 3:], axis=1) > weight.highest_speed
        failure = self.dropped() | spinning | diverged
        self._dropped[failure] = 1.0
        self._reached = (distance < weight.tolerance) & ~failure
        change = self.last_action - self._action_before
        self._action_before[:] = self.last_action
        rewards = {
            "approach": weight.approach * (self._distance - distance),
            "goal": weight.goal * self._reached,
            "action_rate": weight.action_rate * np.einsum("na,na->n", change, change),
            "torque": weight.torque * np.einsum("na,na->n", self._torque, self._torque),
            "drop": weight.drop * failure,
        }
        self._distance[:] = distance
        self._goals += self._reached
        self._set_goal(np.flatnonzero(self._reached))
        return Outcome(rewards, self._goals >= weight.enough, failure, diverged)

    def marks(self, world: int) -> tuple[Copy, ...]:
        """A smaller copy of the object, turned as it is to be, above where the object lies at the start."""
        assert self.task.object_body is not None
        place = self.task.starts[:, self._object_q][:, :3].mean(axis=0) + self.goal_shown_at
        return (Copy(self.task.object_body, place, self.goal[world], scale=0.6),)

    @abstractmethod
    def dropped(self) -> np.ndarray:
        """Whether the object has left the hand (n,)."""

    def progress(self) -> np.ndarray:
        return self._reached.astype(np.float64)

    def measure(self, ids: np.ndarray) -> dict[str, np.ndarray]:
        return {
            "goals": self._goals[ids].astype(np.float64),
            "drop": self._dropped[ids].copy(),
            "seconds": self.steps[ids] * self.task.control_period,
        }

    def _arrays(self) -> dict[str, np.ndarray]:
        return super()._arrays() | {
            "chance": self._chance,
            "goal": self.goal,
            "distance": self._distance,
            "goals": self._goals,
            "reached": self._reached,
            "dropped": self._dropped,
            "action_before": self._action_before,
        }
