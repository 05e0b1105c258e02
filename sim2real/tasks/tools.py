"""Tools: robots that bring points of theirs, or what these push, somewhere."""

from __future__ import annotations

import numpy as np

from sim2real.tasks.point_goals import PointGoalSimulation
from sim2real.tasks.robot_task import RobotTask


class ToolTask(RobotTask):
    """A task of a robot with tools, such as a gripper or fingertips; the critic also sees them, and the motors' torques."""

    tools: tuple[str, ...]
    """Names of the sites that its tools are at."""

    @property
    def privileged_size(self) -> int:  # type: ignore[override]
        """Joint angles and speeds, the motors' torques, where the tools are; the goal, and what is left of the way."""
        return 2 * len(self.joints) + self.model.nu + 3 * len(self.tools) + 2 * self.tracked["goal_offset"]


class ToolSimulation(PointGoalSimulation):
    """n robots with their tools."""

    task: ToolTask

    def __init__(self, *arguments, **options) -> None:  # type: ignore[no-untyped-def]
        super().__init__(*arguments, **options)
        self._torque = self.sim.bind("actuator_force")
        self._sites = self.sim.bind("site_xpos")
        self._tool_ids = [self.task.model.site(name).id for name in self.task.tools]

    @property
    def tools(self) -> np.ndarray:
        """Where the tools of each world are, one after the other [m] (n, 3 tools)."""
        return self._sites[:, self._tool_ids].reshape(self.n, -1)

    def place(self, ids: np.ndarray, starts: np.ndarray, rngs: list[np.random.Generator]) -> np.ndarray:
        return starts

    def track(self, rows: slice | np.ndarray) -> np.ndarray:
        return self.goal_offset[rows]

    def privileged(self, rows: slice | np.ndarray) -> np.ndarray:
        return np.concatenate(
            (
                self.joint_position[rows] - self.task.start_pose,
                self.joint_velocity[rows],
                self._torque[rows],
                self.tools[rows],
                self.goal[rows],
                self.goal_offset[rows],
            ),
            axis=1,
        )


class ToolReachSimulation(ToolSimulation):
    """The tools themselves are to be at the goals."""

    @property
    def points(self) -> int:  # type: ignore[override]
        """As many as tools."""
        return len(self.task.tools)

    @property
    def achieved(self) -> np.ndarray:
        return self.tools
