"""Hand: what all Shadow-hand tasks of gymnasium-robotics share, 20 position servos for 24 joints."""

from __future__ import annotations

import numpy as np

from randomizers import WorldDistribution
from randomizers.channels import Sources
from sim2real.simulation.rows import as_slice
from sim2real.tasks.gym_robotics.goal_env_simulation import GoalEnvSimulation, Rows
from sim2real.tasks.gym_robotics.goal_env_task import GoalEnvTask, Viewpoint

HAND = "robot0:hand mount"
"""The body that the hand is rooted in."""
FINGERTIPS = tuple(f"robot0:{finger}distal" for finger in ("ff", "mf", "rf", "lf", "th"))
"""Bodies."""
JOINTS = 24
JOINT_PARTS = {"joint_position": (JOINTS, "rad"), "joint_velocity": (JOINTS, "rad/s")}
"""What every observation begins with."""


class HandTask(GoalEnvTask):
    """An action in [-1, 1] is a servo's target from the lower to the upper end of its range."""

    actions = 20
    worlds_file = "gym_hand_worlds.yaml"
    viewpoint = Viewpoint((1.0, 0.96, 0.14), 0.5, 55.0, -25.0)

    @property
    def robot_joints(self) -> np.ndarray:
        """Indices of the hand's joints (24,), in the model's order."""
        model = self.model
        return np.array([i for i in range(model.njnt) if model.joint(i).name.startswith("robot")])

    @property
    def sensors(self) -> dict[str, tuple[str, ...]]:
        names = tuple(self.model.joint(i).name for i in self.robot_joints)
        return dict.fromkeys(JOINT_PARTS, names)


class HandSimulation(GoalEnvSimulation):
    """n Shadow hands."""

    def __init__(
        self, task: HandTask, worlds: int, threads: int = 0, distribution: WorldDistribution | None = None
    ) -> None:
        super().__init__(task, worlds, threads, distribution)
        model, joints = task.model, task.robot_joints
        self._joints = joints
        self._q = as_slice(model.jnt_qposadr[joints])
        self._v = as_slice(model.jnt_dofadr[joints])
        lowest, highest = model.actuator_ctrlrange.T
        self._ctrl_center = (highest + lowest) / 2.0
        self._ctrl_reach = (highest - lowest) / 2.0

    def sources(self) -> Sources:
        return {**super().sources(), "joint_position": lambda: self.sim.qpos[:, self._q]}

    def act(self, action: np.ndarray) -> np.ndarray:
        return self._ctrl_center + action * self._ctrl_reach

    def look(self, rows: Rows) -> None:
        self.observation[rows, :JOINTS] = self.sim.qpos[rows][:, self._q]
        self.observation[rows, JOINTS : 2 * JOINTS] = self.sim.qvel[rows][:, self._v]

    def within_limits(self, ids: np.ndarray, qpos: np.ndarray) -> None:
        """Move the joints in qpos (m, nq) into the ranges they have in the worlds `ids`: one started beyond its limit
        would be thrown back."""
        limits = self.sim.fields.get("jnt_range")
        if limits is not None:
            low, high = np.moveaxis(limits[ids][:, self._joints], -1, 0)
            qpos[:, self._q] = qpos[:, self._q].clip(low, high)
