"""leap/reorient-playground: bring a cube from one orientation to the next, rewarded as in MuJoCo Playground."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from randomizers import WorldDistribution
from sim2real.tasks.goals import GoalReward
from sim2real.tasks.leap_reorient import LeapReorient
from sim2real.tasks.palm_up_reorient import PalmUpReorientSimulation
from sim2real.tasks.task import Outcome

AT_MARGIN = 0.1
"""What a term that falls off linearly is worth at its margin."""


@dataclass(frozen=True)
class PlaygroundReward(GoalReward):
    """Weights of the reward terms per second, but for `goal`, of MuJoCo Playground's LeapCubeReorient (arXiv 2502.08844).

    It pays for being near the goal, not for coming nearer, and for no torque alone.
    """

    approach: float = 0.0
    torque: float = 0.0
    goal: float = 100.0
    """Once for every goal reached; not times the control period."""
    drop: float = -100.0
    """On failure."""
    action_rate: float = -0.001
    """Per squared change of the action, and of that change, summed over joints."""
    orientation: float = 5.0
    """While the object is nearer to its goal than `oriented`; falls off over `orientation_margin`."""
    oriented: float = 0.2
    """[rad]"""
    orientation_margin: float = np.pi
    """[rad]"""
    position: float = 0.5
    """While the object is nearer to its place than `placed`; falls off over `position_margin`."""
    placed: float = 0.02
    """[m]"""
    position_margin: float = 0.05
    """[m]"""
    pose: float = -0.5
    """Per squared distance [rad^2] of the joints from the start pose, summed over joints."""
    energy: float = -0.001
    """Per W of the motors, each without its sign."""
    tolerance: float = 0.1
    enough: int = 1000


class LeapReorientPlayground(LeapReorient):
    """The reward, tolerance, length of episodes and discount of Playground's LeapCubeReorient (arXiv 2502.08844).

    What is not Playground's: the next goal is there at once, uniform over rotations that are not near, where Playground
    turns the present one away within a second; the cube's place is where cubes lie at the start, in the mean, for its
    point above the palm; a cube that spins faster than a hand can turn it, or leaves the palm, has been dropped, where
    Playground waits until it has fallen 5 cm below, and a goal reached in that step is not paid for; joint speeds, which
    the published configuration weighs with 0, are no term; observations, actions, starts, cube and worlds are those of
    leap/reorient (`--preset playground-leap` has Playground's randomization); leap-menagerie/* has its hand.
    """

    name = "leap/reorient-playground"
    summary = "leap/reorient with the reward of MuJoCo Playground, goals reached within 0.1 rad"
    episode_steps = 1000
    reward_terms = ("orientation", "position", "goal", "drop", "pose", "action_rate", "energy")

    @property
    def recipe(self) -> dict[str, Any]:
        return {"gamma": 0.99}

    def simulate(
        self, worlds: int, threads: int = 0, distribution: WorldDistribution | None = None
    ) -> LeapReorientPlaygroundSimulation:
        return LeapReorientPlaygroundSimulation(self, worlds, threads, distribution)


class LeapReorientPlaygroundSimulation(PalmUpReorientSimulation):
    """n hands that reorient a cube each."""

    reward = PlaygroundReward()

    def __init__(
        self,
        task: LeapReorientPlayground,
        worlds: int,
        threads: int = 0,
        distribution: WorldDistribution | None = None,
    ) -> None:
        super().__init__(task, worlds, threads, distribution)
        self.place_of_object = task.starts[:, self._object_q][:, :3].mean(axis=0)
        """Where the cube is to be (3,) [m]."""
        self._change_before = np.zeros_like(self.last_action)

    def begin(self, ids: np.ndarray, rngs: list[np.random.Generator]) -> None:
        super().begin(ids, rngs)
        self._change_before[ids] = 0.0

    def evaluate(self, diverged: np.ndarray) -> Outcome:
        weight, period = self.reward, self.task.control_period
        change = self.last_action - self._action_before
        jerk = change - self._change_before
        self._change_before[:] = change
        outcome = super().evaluate(diverged)
        # Of those that have a new goal by now, the distance is from that.
        away = np.where(self._reached, 0.0, self._distance)
        off_place = np.linalg.norm(self.object_pose[:, :3] - self.place_of_object, axis=1)
        off_pose = self.joint_position - self.task.start_pose
        power = np.abs(self.joint_velocity) * np.abs(self._torque)
        rewards = {
            "orientation": period * weight.orientation * near(away, weight.oriented, weight.orientation_margin),
            "position": period * weight.position * near(off_place, weight.placed, weight.position_margin),
            "goal": weight.goal * self._reached,
            "drop": period * weight.drop * outcome.failure,
            "pose": period * weight.pose * (off_pose**2).sum(axis=1),
            "action_rate": period * weight.action_rate * (change**2 + jerk**2).sum(axis=1),
            "energy": period * weight.energy * power.sum(axis=1),
        }
        return Outcome(rewards, outcome.success, outcome.failure, outcome.diverged)

    def _arrays(self) -> dict[str, np.ndarray]:
        return super()._arrays() | {"change_before": self._change_before}


def near(distance: np.ndarray, bound: float, margin: float) -> np.ndarray:
    """1 where distances (n,) are within the bound, falling linearly to `AT_MARGIN` a margin beyond it, and on to 0."""
    beyond = np.maximum(distance - bound, 0.0) / margin
    return np.maximum(1.0 - (1.0 - AT_MARGIN) * beyond, 0.0)
