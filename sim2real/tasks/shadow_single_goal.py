"""shadow/*-sparse and *-dense: an object in a Shadow hand to one goal, rewarded as in gymnasium-robotics."""

from __future__ import annotations

import numpy as np

from randomizers import WorldDistribution
from sim2real.tasks.goals import GoalReward
from sim2real.tasks.gym_robotics.hand_manipulate import NEAR_ANGLE, pose_distances
from sim2real.tasks.point_goals import METRICS
from sim2real.tasks.shadow_manipulate import ShadowManipulate, ShadowManipulateSimulation
from sim2real.tasks.task import Outcome

FARTHEST = {"sparse": -1.0, "dense": -np.pi}
"""What a step pays while the object is turned as far from its goal as can be."""


class ShadowSingleGoal(ShadowManipulate):
    """Rewards, thresholds and length of an episode of HandManipulate (arXiv 1802.09464): the goal stays when it is reached.

    A drop ends the episode; the steps that the original would go on for are paid at once.
    """

    episode_steps = 100
    reward_terms = ("goal", "drop")
    metrics = METRICS

    def simulate(
        self, worlds: int, threads: int = 0, distribution: WorldDistribution | None = None
    ) -> ShadowSingleGoalSimulation:
        return ShadowSingleGoalSimulation(self, worlds, threads, distribution)


class ShadowSingleGoalSimulation(ShadowManipulateSimulation):
    """n Shadow hands with an object and a goal each.

    Sparse: -1, and 0 while the goal is reached; dense: minus the angle [rad] and ten times the distance [m]. Both are the
    original's, but for its angle that takes a quaternion and its negative for different: here the shorter way counts.
    """

    # A goal may be a present, as it may be there.
    reward = GoalReward(tolerance=NEAR_ANGLE, nearest=0.0, enough=1)

    def begin(self, ids: np.ndarray, rngs: list[np.random.Generator]) -> None:
        super().begin(ids, rngs)
        self._reached[ids] = False

    def distances(self) -> tuple[np.ndarray, np.ndarray]:
        """As the original measures them: of a pen, the third Euler angle does not count."""
        goal = np.concatenate((self.goal_position, self.goal), axis=1)
        distance, angle = pose_distances(self.object_pose, goal, self.offsets is not None, self.task.thing.axial)
        return np.minimum(angle, 2.0 * np.pi - angle), distance

    def evaluate(self, diverged: np.ndarray) -> Outcome:
        angle, distance = self.distances()
        failure = self.lost() | diverged
        self._dropped[failure] = 1.0
        near = (angle < self.reward.tolerance) & (distance < self.reward.near)
        self._reached = near & ~failure
        kind = self.task.variant.reward
        pays = near - 1.0 if kind == "sparse" else -self._weighed(angle, distance)
        left = self.task.episode_steps - self.steps
        rewards = {"goal": pays, "drop": FARTHEST[kind] * left * failure}
        return Outcome(rewards, np.zeros(self.n, dtype=bool), failure, diverged)

    def measure(self, ids: np.ndarray) -> dict[str, np.ndarray]:
        return {
            "success": self._reached[ids].astype(np.float64),
            "drop": self._dropped[ids].copy(),
            "seconds": self.steps[ids] * self.task.control_period,
        }
