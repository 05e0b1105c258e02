"""Bringing an object from one goal to the next: what goal tasks share."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sim2real.simulation.marks import Copy
from sim2real.tasks.goal_orientations import GoalOrientations
from sim2real.tasks.robot_simulation import GOAL, RobotSimulation
from sim2real.tasks.task import Outcome


@dataclass(frozen=True)
class GoalReward:
    """Weights of the reward terms, per control step, and what counts as reached and as failure.

    After Dactyl (arXiv 1808.00177), where coming closer and goals pay a fifth and a half of it, motion costs nothing, and a
    drop 20: with few worlds, a drop that costs more than what the first clumsy turns bring teaches to hold still for good.
    """

    approach: float = 5.0
    """Per rad that the object has come closer to its goal."""
    goal: float = 10.0
    """Once for every goal reached."""
    action_rate: float = -0.0001
    """Per squared change of the action, summed over joints."""
    torque: float = -0.0005
    """Per squared torque [(N m)^2], summed over joints."""
    drop: float = -1.0
    """Once, on failure, which also forgoes all goals to come."""
    tolerance: float = 0.4
    """A goal is reached when the object is rotated from it by less [rad]."""
    near: float = 0.01
    """And its position from the goal's, where positions count [m]."""
    per_metre: float = 10.0
    """How many rad a metre from a goal's position counts as (arXiv 1802.09464)."""
    nearest: float = 0.8
    """New goals are at least this far off [rad], so that none is a present."""
    enough: int = 50
    """Goals in a row that end an episode as a success."""
    tipped: float = np.inf
    """An object that leans further [rad] from lying is lost: where goals are turns about the vertical, it has come to rest on
    another side, from where turning reaches none."""
    highest_speed: float = 15.0
    """An object that spins faster [rad/s] is not being turned by a hand: the episode fails. Of a pen, turns about its axis do
    not count, as it rolls."""


TERMS = ("approach", "goal", "action_rate", "torque", "drop")
METRICS = {"goals": "1", "drop": "1", "seconds": "s"}


class GoalSimulation(RobotSimulation):
    """A goal is an orientation of the object, and a position where `offsets` are given; one that is reached gives way to
    the next.

    The numbers that decide an episode's goals are drawn when it begins. `goals` counts those reached in a row, as the
    failure that breaks the row also ends the episode.
    """

    reward = GoalReward()
    counts = True
    orientations = GoalOrientations("z")
    """The orientations that goals are drawn from."""
    offsets: np.ndarray | None = None
    """Lowest and highest corner (2, 3) of the goals' positions from `center` [m]; None where any position will do."""
    center: np.ndarray
    """Where an object lies that is to be brought to positions (3,) [m]."""
    goal_shown_at: ClassVar[tuple[float, float, float]] = (0.0, 0.0, 0.09)
    """Where pictures show the goal, from where the object lies at the start [m]."""

    def __init__(self, *arguments, **options) -> None:  # type: ignore[no-untyped-def]
        super().__init__(*arguments, **options)
        self._torque = self.sim.bind("actuator_force")
        self._chance = np.zeros((self.n, self.reward.enough, 3 if self.offsets is None else 6))
        self.goal = np.tile([1.0, 0.0, 0.0, 0.0], (self.n, 1))
        """Orientation (n, 4) that each world's object is to reach."""
        self.goal_position = np.zeros((self.n, 3))
        """Position [m] (n, 3) that it is to reach, where positions count."""
        self._distance = np.zeros(self.n)
        self._goals = np.zeros(self.n, dtype=np.int64)
        self._reached = np.zeros(self.n, dtype=bool)
        self._dropped = np.zeros(self.n)
        self._action_before = np.zeros_like(self.last_action)

    def begin(self, ids: np.ndarray, rngs: list[np.random.Generator]) -> None:
        for i, rng in zip(ids, rngs, strict=True):
            self._chance[i] = rng.random(self._chance.shape[1:])
        self._goals[ids] = 0
        self._dropped[ids] = 0.0
        self._action_before[ids] = 0.0
        self._set_goal(ids)

    def _set_goal(self, ids: np.ndarray) -> None:
        """The next goal of the worlds `ids`."""
        chance = self._chance[ids, self._goals[ids] % self.reward.enough]
        self.goal[ids] = self.orientations.draw(self.object_pose[ids, 3:], chance[:, :3], self.reward.nearest)
        if self.offsets is not None:
            low, high = self.offsets
            self.goal_position[ids] = self.center + low + chance[:, 3:] * (high - low)
        self._distance[ids] = self._weighed(*self.distances())[ids]

    @property
    def goal_rotation(self) -> np.ndarray:
        """The rotation vector [rad] (n, 3), in world axes, that would take each object to its goal."""
        return self.orientations.rotation(self.object_pose[:, 3:], self.goal)

    @property
    def goal_offset(self) -> np.ndarray:
        """From each object to its goal's position [m] (n, 3), world axes; 0 where any position will do."""
        if self.offsets is None:
            return np.zeros((self.n, 3))
        return self.goal_position - self.object_pose[:, :3]

    def distances(self) -> tuple[np.ndarray, np.ndarray]:
        """Angle [rad] and distance [m] (n,) of each object from its goal."""
        return np.linalg.norm(self.goal_rotation, axis=1), np.linalg.norm(self.goal_offset, axis=1)

    def _weighed(self, angle: np.ndarray, offset: np.ndarray) -> np.ndarray:
        return angle + self.reward.per_metre * offset

    def evaluate(self, diverged: np.ndarray) -> Outcome:
        weight = self.reward
        angle, offset = self.distances()
        distance = self._weighed(angle, offset)
        failure = self.lost() | diverged
        self._dropped[failure] = 1.0
        self._reached = (angle < weight.tolerance) & (offset < weight.near) & ~failure
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
        paid = {name: term for name, term in rewards.items() if name in self.task.reward_terms}
        return Outcome(paid, self._goals >= weight.enough, failure, diverged)

    def poses(self) -> dict[str, np.ndarray]:
        """Of a goal whose position does not matter, that is at the origin."""
        return super().poses() | {GOAL: np.concatenate((self.goal_position, self.goal), axis=1)}

    def lost(self) -> np.ndarray:
        """Whether the object has left the hand, has tipped over or spins as no hand turns it (n,)."""
        spin = self.object_velocity[:, 3 : 5 if self.orientations.axial else 6]
        lost = self.dropped() | (np.linalg.norm(spin, axis=1) > self.reward.highest_speed)
        if np.isfinite(self.reward.tipped):
            lost |= self.orientations.tilt(self.object_pose[:, 3:]) > self.reward.tipped
        return lost

    def marks(self, world: int) -> tuple[Copy, ...]:
        """A copy of the object in its goal pose; where any position will do, a smaller one above where the object lies."""
        assert self.task.object_body is not None
        if self.offsets is not None:
            return (Copy(self.task.object_body, self.goal_position[world], self.goal[world], opacity=0.4),)
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
        positions = {} if self.offsets is None else {"goal_position": self.goal_position}
        return super()._arrays() | {
            "chance": self._chance,
            "goal": self.goal,
            "distance": self._distance,
            "goals": self._goals,
            "reached": self._reached,
            "dropped": self._dropped,
            "action_before": self._action_before,
            **positions,
        }
