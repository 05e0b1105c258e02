"""shadow/block-dactyl: the setting of Learning Dexterous In-Hand Manipulation (arXiv 1808.00177)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from deploy_robot import PoseTerm, RobotState
from deploy_robot.quaternions import from_rotation_vector
from randomizers import WorldDistribution, preset
from sim2real.tasks.goals import GoalReward
from sim2real.tasks.point_goals import at
from sim2real.tasks.robot_simulation import GOAL, OBJECT
from sim2real.tasks.sensing import distance_to_others
from sim2real.tasks.shadow_hand import REST, TIMESTEP, TIPS
from sim2real.tasks.shadow_manipulate import ShadowManipulate, ShadowManipulateSimulation
from sim2real.tasks.shadow_objects import BODY
from sim2real.tasks.shadow_variants import ShadowVariant
from sim2real.tasks.task import Outcome

PATIENCE = 400
"""Control steps to reach a goal in, as in the released code; the paper's text says 80 s, its appendix 8 s."""


class ShadowBlockDactyl(ShadowManipulate):
    """12.5 Hz; any orientation within 0.4 rad, fifty in a row; the policy sees no joint.

    Its group is what cameras track: fingertips (15) and block (3), from the block's place on the palm, and the relative
    goal orientation (4). Worlds act on the last as a rotation vector (3), to which noise in rad is added. The critic also
    sees, without noise, what the paper's does. An episode ends as failed at a drop, or when a goal is not reached in time.
    Actions are relative to the last targets, as all of this hand's, there to the joints' angles.
    """

    summary = "Dactyl's own setting: a block in a Shadow hand, seen by cameras, to any orientation"
    substeps = round(0.08 / TIMESTEP)
    stride = 0.3
    smoothing = 0.3
    episode_steps = PATIENCE * GoalReward.enough
    episodes_per_trial = 1
    reward_terms = ("approach", "goal", "drop")
    privileged_size = 15 + 3 + 4 + 4 + 4 + 24 + 24 + 6
    policy_names = None  # type: ignore[assignment]  # the rotation to the goal is a quaternion here

    def __init__(self) -> None:
        super().__init__("shadow/block-dactyl", ShadowVariant("block", "xyz", False, False, "dactyl"))
        self.observation = ()

    @property
    def tracked(self) -> Mapping[str, int]:  # type: ignore[override]
        return {"fingertip_position": 15, "object_position": 3, "goal_rotation": 3}

    @property
    def tracked_units(self) -> Mapping[str, str]:  # type: ignore[override]
        return {"fingertip_position": "m", "object_position": "m", "goal_rotation": "rad"}

    @property
    def tracked_by(self) -> Mapping[str, tuple[str, ...]]:  # type: ignore[override]
        tips = tuple(tip for tip in TIPS for _ in range(3))
        return {"fingertip_position": tips, "object_position": (BODY,) * 3, "goal_rotation": (BODY,) * 3}

    @property
    def pose_terms(self) -> tuple[PoseTerm, ...]:  # type: ignore[override]
        return (
            *(PoseTerm(f"position of {name}", "offset", tuple(REST), name) for name in (*TIPS, OBJECT)),
            PoseTerm("goal_rotation", "quaternion", OBJECT, GOAL, goal=True),
        )

    @property
    def observation_sizes(self) -> dict[str, int]:  # type: ignore[override]
        policy = 15 + 3 + 4
        return {"policy": policy, "critic": policy + self.privileged_size}

    @cached_property
    def worlds(self) -> WorldDistribution:  # type: ignore[override]
        """The paper's; those never trained in are of this project's ranges beyond them."""
        worlds, beyond = preset("dactyl2018", self.target), preset("unseen-ranges", self.target)
        unseen = {term.name: term.distribution for term in beyond.terms}
        terms = [
            term if unseen[term.name] == term.distribution else replace(term, unseen=unseen[term.name])
            for term in worlds.terms
        ]
        return WorldDistribution(terms, self.target, self.name, left_out=worlds.left_out)

    @property
    def recipe(self) -> dict[str, Any]:
        """The paper's, but for the number of worlds and the widths of the networks, which suit two cores."""
        return {
            "bins": 11,
            "gamma": 0.998,
            "entropy": 0.01,
            "learning_rate": 3e-4,
            "desired_kl": None,
            "segment": 16,
        }

    def simulate(
        self, worlds: int, threads: int = 0, distribution: WorldDistribution | None = None
    ) -> ShadowBlockDactylSimulation:
        return ShadowBlockDactylSimulation(self, worlds, threads, distribution)


class ShadowBlockDactylSimulation(ShadowManipulateSimulation):
    """n Shadow hands with a block each."""

    reward = GoalReward(approach=1.0, goal=5.0, action_rate=0.0, torque=0.0, drop=-20.0)

    def __init__(
        self, task: ShadowBlockDactyl, worlds: int, threads: int = 0, distribution: WorldDistribution | None = None
    ) -> None:
        super().__init__(task, worlds, threads, distribution)
        self._waiting = np.zeros(worlds, dtype=np.int64)

    def begin(self, ids: np.ndarray, rngs: list[np.random.Generator]) -> None:
        super().begin(ids, rngs)
        self._waiting[ids] = 0

    def evaluate(self, diverged: np.ndarray) -> Outcome:
        outcome = super().evaluate(diverged)
        self._waiting = np.where(self._reached, 0, self._waiting + 1)
        late = self._waiting >= PATIENCE
        return replace(outcome, failure=outcome.failure | late)

    def _clearance(self) -> np.ndarray:
        """Distance [m] from each fingertip and the block's center to the nearest of the others (n, 6)."""
        points = np.concatenate((self.tips, self.object_pose[:, None, :3]), axis=1)
        return distance_to_others(points, points.shape[1])

    def track(self, rows: slice | np.ndarray) -> np.ndarray:
        return np.concatenate((self._places(rows), self.goal_rotation[rows]), axis=1)

    def poses(self) -> dict[str, np.ndarray]:
        return super().poses() | {name: at(self.tips[:, k]) for k, name in enumerate(TIPS)}

    def _places(self, rows: slice | np.ndarray) -> np.ndarray:
        """Fingertips and block [m] (m, 18)."""
        points = np.concatenate((self.tips[rows], self.object_pose[rows, None, :3]), axis=1) - REST
        return points.reshape(len(points), -1)

    def _deliver(self, rows: slice | np.ndarray) -> tuple[RobotState, np.ndarray]:
        state, tracked = super()._deliver(rows)
        return state, np.concatenate((tracked[:, :18], from_rotation_vector(tracked[:, 18:])), axis=1)

    def privileged(self, rows: slice | np.ndarray) -> np.ndarray:
        return np.concatenate(
            (
                self._places(rows),
                from_rotation_vector(self.goal_rotation[rows]),
                self.object_pose[rows, 3:],
                self.goal[rows],
                self.joint_position[rows],
                self.joint_velocity[rows],
                self.object_velocity[rows],
            ),
            axis=1,
        )

    def _arrays(self) -> dict[str, np.ndarray]:
        return super()._arrays() | {"waiting": self._waiting}
