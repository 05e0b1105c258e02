"""Bringing points to goals that are points: what reaching and pushing tasks share."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from deploy_robot import PoseTerm
from randomizers import episode_generator
from sim2real.simulation.marks import REACHED, WANTED, Ball
from sim2real.tasks.robot_simulation import GOAL, RobotSimulation
from sim2real.tasks.task import Outcome


@dataclass(frozen=True)
class PointGoalReward:
    """Weights of the reward terms, per control step, and what counts as reached."""

    distance: float = -2.0
    """Per m between points and goals, their mean."""
    reached: float = 0.5
    """While the goal is reached."""
    action_rate: float = -0.002
    """Per squared change of the action, summed over joints."""
    drop: float = -10.0
    """Once, on failure."""
    tolerance: float = 0.05
    """A goal is reached when it is nearer than this [m]."""


def goal_offsets(points: Sequence[str]) -> tuple[PoseTerm, ...]:
    """From each of these points to its goal: how poses make up `goal_offset`."""
    if len(points) == 1:
        return (PoseTerm("goal_offset", "offset", points[0], GOAL, goal=True),)
    return tuple(PoseTerm(f"goal_offset of {name}", "offset", name, f"{name}_goal", goal=True) for name in points)


def at(points: np.ndarray) -> np.ndarray:
    """The poses (n, 7) of points (n, 3), not turned."""
    return np.concatenate((points, np.tile([1.0, 0.0, 0.0, 0.0], (len(points), 1))), axis=1)


LARGEST_BALL = 0.02
"""Radius of the balls that show goals, at most [m]; half the tolerance where that is less."""
TERMS = ("distance", "reached", "action_rate", "drop")
METRICS = {"success": "1", "drop": "1", "seconds": "s"}


class PointGoalSimulation(RobotSimulation):
    """Points, `achieved`, are to be where `goal` says when the episode ends: reaching it does not end the episode.

    `success` is whether the goal is reached as things stand, `drop` whether the episode failed. The distance of several
    points from their goals is the mean of theirs.
    """

    reward: PointGoalReward
    """Weights; set by the task's simulation."""
    points = 1
    """How many points there are."""

    def __init__(self, *arguments, **options) -> None:  # type: ignore[no-untyped-def]
        super().__init__(*arguments, **options)
        self.goal = np.zeros((self.n, 3 * self.points))
        """Where the points of each world are to be, one after the other [m] (n, 3 points), world axes."""
        self._reached = np.zeros(self.n, dtype=bool)
        self._dropped = np.zeros(self.n, dtype=bool)
        self._action_before = np.zeros_like(self.last_action)

    def begin(self, ids: np.ndarray, rngs: list[np.random.Generator]) -> None:
        for i, rng in zip(ids, rngs, strict=True):
            self.goal[i] = self.draw_goal(rng, i)
        self._reached[ids] = False
        self._dropped[ids] = False
        self._action_before[ids] = 0.0

    @property
    def goal_offset(self) -> np.ndarray:
        """From each world's points to their goals [m] (n, 3 points), world axes."""
        return self.goal - self.achieved

    @property
    def distance(self) -> np.ndarray:
        """Mean distance of each world's points from their goals [m] (n,)."""
        return np.linalg.norm(self.goal_offset.reshape(self.n, -1, 3), axis=2).mean(axis=1)

    def evaluate(self, diverged: np.ndarray) -> Outcome:
        weight = self.reward
        distance = self.distance
        failure = self.failed() | diverged
        self._dropped |= failure
        self._reached = (distance < weight.tolerance) & ~failure
        change = self.last_action - self._action_before
        self._action_before[:] = self.last_action
        rewards = {
            "distance": weight.distance * distance,
            "reached": weight.reached * self._reached,
            "action_rate": weight.action_rate * np.einsum("na,na->n", change, change),
            "drop": weight.drop * failure,
            **self.shaping(),
        }
        return Outcome(rewards, np.zeros(self.n, dtype=bool), failure, diverged)

    def poses(self) -> dict[str, np.ndarray]:
        """Also the points, which have no orientation, and their goals."""
        poses: dict[str, np.ndarray] = {}
        for k, term in enumerate(term for term in self.task.pose_terms or () if term.goal):
            place = slice(3 * k, 3 * k + 3)
            poses |= {str(term.start): at(self.achieved[:, place]), term.end: at(self.goal[:, place])}
        return poses | super().poses()

    def next_goal(self, episode: int) -> None:
        for i, seed in enumerate(self._seeds.tolist()):
            self.goal[i] = self.draw_goal(episode_generator(seed, episode), i)
        self.listen()

    @property
    @abstractmethod
    def achieved(self) -> np.ndarray:
        """Where the points are, one after the other [m] (n, 3 points), world axes."""

    @abstractmethod
    def draw_goal(self, rng: np.random.Generator, world: int) -> np.ndarray:
        """A goal (3 points,) for the world of that row, which stands in its start state."""

    def failed(self) -> np.ndarray:
        """Whether the goals are out of reach for good (n,); never, if the task does not say otherwise."""
        return np.zeros(self.n, dtype=bool)

    def shaping(self) -> dict[str, np.ndarray]:
        """Reward terms (n,) beyond those in `TERMS`."""
        return {}

    def marks(self, world: int) -> tuple[Ball, ...]:
        """A ball at every goal, of another colour while it is reached."""
        colour = REACHED if self._reached[world] else WANTED
        radius = min(self.reward.tolerance / 2, LARGEST_BALL)
        return tuple(Ball(goal, radius, colour) for goal in self.goal[world].reshape(-1, 3))

    def progress(self) -> np.ndarray:
        return self._reached.astype(np.float64)

    def measure(self, ids: np.ndarray) -> dict[str, np.ndarray]:
        return {
            "success": self._reached[ids].astype(np.float64),
            "drop": self._dropped[ids].astype(np.float64),
            "seconds": self.steps[ids] * self.task.control_period,
        }

    def _arrays(self) -> dict[str, np.ndarray]:
        return super()._arrays() | {
            "goal": self.goal,
            "reached": self._reached,
            "dropped": self._dropped,
            "action_before": self._action_before,
        }
