"""shadow/block-rotate-z: turn a block about the vertical on a Shadow hand, from one goal to the next."""

from __future__ import annotations

from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import ClassVar

import mujoco
import numpy as np

from randomizers import WorldDistribution
from randomizers.channels import Sources
from sim2real.simulation.quaternions import from_yaw, rotate
from sim2real.tasks.goals import METRICS, TERMS, GoalSimulation
from sim2real.tasks.sensing import distance_to_others
from sim2real.tasks.shadow_hand import DRIVEN, JOINTS, REST, ShadowHand, ShadowHandSimulation, shadow_assets

FARTHEST = 0.1
"""A block whose centre is farther from there has left the palm [m]."""


class ShadowBlockRotateZ(ShadowHand):
    """Goals of gymnasium-robotics' HandManipulateBlockRotateZ, counted as in Dactyl (arXiv 1808.00177).

    Cameras track where the block is, from its place on the palm, and the rotation vector from it to its goal. The critic
    also sees the state without noise.
    """

    name = "shadow/block-rotate-z"
    summary = "turn a block about the vertical on a Shadow hand, from one goal to the next"
    model_path = shadow_assets() / "manipulate_block.xml"
    worlds_path = Path(str(files("sim2real") / "assets" / "shadow_block_rotate_z_worlds.yaml"))
    object_body = "object"
    episode_steps = 400
    episodes_per_trial = 2
    reward_terms = TERMS
    metrics = METRICS
    tracked: ClassVar[dict[str, int]] = {"object_position": 3, "goal_rotation": 3}
    tracked_units: ClassVar[dict[str, str]] = {"object_position": "m", "goal_rotation": "rad"}
    tracked_by: ClassVar[dict[str, tuple[str, ...]]] = {
        "object_position": ("object",) * 3,
        "goal_rotation": ("object",) * 3,
    }
    privileged_size = 24 + 24 + 20 + 3 + 4 + 6 + 4 + 3 + 15

    def __init__(self) -> None:
        super().__init__()
        low, high = self.model.jnt_range[[self.model.joint(name).id for name in JOINTS]].T
        self.start_pose = (low + high) / 2
        self.start_pose[JOINTS.index("robot0:WRJ0")] = 0.0

    @cached_property
    def spec(self) -> mujoco.MjSpec:
        """Without the block that stock environments show the goal with, as it has a place in the state, and without what is
        hidden in the block."""
        spec = super().spec
        spec.delete(spec.body("target"))
        spec.delete(spec.geom("object_hidden"))
        # Worlds may move its center of mass.
        spec.body("object").simple = False
        return spec

    def simulate(
        self, worlds: int, threads: int = 0, distribution: WorldDistribution | None = None
    ) -> ShadowBlockRotateZSimulation:
        return ShadowBlockRotateZSimulation(self, worlds, threads, distribution)

    def settle(self) -> np.ndarray:
        rng = np.random.default_rng(0)
        tries = 128
        block = int(self.model.joint("object:joint").qposadr[0])
        qpos = np.tile(self.model.qpos0, (tries, 1))
        noise = rng.normal(0.0, 0.1, (tries, len(DRIVEN)))
        qpos[:, block : block + 3] = REST + rng.uniform((-0.005, -0.005, 0.02), (0.005, 0.005, 0.03), (tries, 3))
        qpos[:, block + 3 :] = from_yaw(rng.uniform(-np.pi, np.pi, tries))
        sim, broken = self.held(qpos, noise)
        at_rest = np.abs(sim.qvel).max(axis=1) < 0.1
        upright = rotate(sim.qpos[:, block + 3 :], np.array([0.0, 0.0, 1.0]))[:, 2] > 0.95
        on_palm = np.linalg.norm(sim.qpos[:, block : block + 3] - REST, axis=1) < 0.04
        return sim.qpos[~broken & at_rest & upright & on_palm].copy()


class ShadowBlockRotateZSimulation(ShadowHandSimulation, GoalSimulation):
    """n Shadow hands with a block each."""

    def __init__(
        self, task: ShadowBlockRotateZ, worlds: int, threads: int = 0, distribution: WorldDistribution | None = None
    ) -> None:
        super().__init__(task, worlds, threads, distribution)
        self._block = task.model.geom("object").id
        self._half = float(task.model.geom_size[self._block, 2])

    def place(self, ids: np.ndarray, starts: np.ndarray, rngs: list[np.random.Generator]) -> np.ndarray:
        size = self.sim.fields.get("geom_size")
        if size is not None:
            starts[:, self._object_q.start + 2] += np.maximum(size[ids, self._block, 2] - self._half, 0.0)
        return super().place(ids, starts, rngs)

    def dropped(self) -> np.ndarray:
        return np.linalg.norm(self.object_pose[:, :3] - REST, axis=1) > FARTHEST

    def sources(self) -> Sources:
        return {**super().sources(), "clearance": self._clearance}

    def _clearance(self) -> np.ndarray:
        """Distance [m] from the block's center to the nearest fingertip (n, 1)."""
        points = np.concatenate((self.object_pose[:, None, :3], self.tips), axis=1)
        return distance_to_others(points, 1)

    def track(self, rows: slice | np.ndarray) -> np.ndarray:
        return np.concatenate((self.object_pose[rows, :3] - REST, self.goal_rotation[rows]), axis=1)

    def privileged(self, rows: slice | np.ndarray) -> np.ndarray:
        pose = self.object_pose[rows]
        tips = self.tips[rows] - pose[:, None, :3]
        return np.concatenate(
            (
                self.joint_position[rows],
                self.joint_velocity[rows],
                self._torque[rows],
                pose[:, :3] - REST,
                pose[:, 3:],
                self.object_velocity[rows],
                self.goal[rows],
                self.goal_rotation[rows],
                tips.reshape(len(pose), -1),
            ),
            axis=1,
        )
