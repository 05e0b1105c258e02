"""Twin: a task's robot in one world, driven by joint targets as the hardware is."""

from __future__ import annotations

from typing import Any

import numpy as np

from randomizers import WorldDistribution, Worlds
from sim2real.errors import UserError
from sim2real.tasks.delivered_poses import delivered_poses
from sim2real.tasks.robot_simulation import RobotSimulation
from sim2real.tasks.robot_task import RobotTask


class Twin:
    """A `deploy_robot.SimulatedRobot`: sensors with the world's noise, motors with its delay, play and noise.

    A dropped object is put back where it started, as a person would do beside a robot, and counted. Goals that do not follow
    each other by themselves are set anew whenever an episode's time has passed. Trackers deliver poses with the world's
    noise. `distribution` gives the world's numbers their meaning; default: the task's own. Raises UserError for tasks whose
    policies need more than joint states and poses.
    """

    def __init__(self, task: RobotTask, world: Worlds, distribution: WorldDistribution | None = None) -> None:
        if task.poses is None:
            raise UserError(
                f"{task.name} observes {', '.join(task.tracked)}; a twin offers joint states and poses only"
            )
        self.task = task
        self.pose_names = task.poses.tracked
        self._terms = task.poses
        self.joints = task.joints
        self.control_period = task.control_period
        self.time = 0.0
        simulation = task.simulate(1, 1, distribution)
        assert isinstance(simulation, RobotSimulation)
        self.simulation = simulation
        only = np.zeros(1, dtype=np.int64)
        self.simulation.load(only, world, only)
        self.simulation.reset(only, only)
        self._world = world
        self._object_start = self.simulation.object_pose.copy()
        self._columns = np.array([task.joints.index(joint) for joint in task.action.joints])
        self.course = [self.simulation.sim.qpos[0].copy()]
        """State of every control step so far, each (nq,)."""
        self.progress: list[float] = []
        """Rate of the task's first metric in every step."""
        self.drops = 0

    def state(self) -> tuple[np.ndarray, np.ndarray]:
        """Sensed joint angles (j,) [rad] and speeds (j,) [rad/s]."""
        state = self.simulation.sensed_state()
        return state.position[0], state.velocity[0]

    def poses(self) -> np.ndarray:
        """Tracked poses, and the goals, with the world's noise (m, 7) [m, w first], in the order of `pose_names`."""
        places = {name: poses[0] for name, poses in self.simulation.poses().items()}
        # Where its tools are, the robot's computer finds from the angles that it is told.
        angles = self.simulation.sensed_state().position[0]
        places |= {chain.name: chain.pose(self.joints, angles) for chain in self.task.kinematics}
        names = self._terms.names
        truth = np.array([places[name] for name in names]).reshape(-1, 7)
        poses = delivered_poses(self._terms, truth, self.simulation.sensed_track()[0])
        return poses[[names.index(name) for name in self.pose_names]]

    def step(self, targets: np.ndarray) -> None:
        """Advance one control period under joint targets (j,) [rad]."""
        outcome = self.simulation.step_targets(targets[self._columns][None])
        self.time += self.control_period
        self.course.append(self.simulation.sim.qpos[0].copy())
        self.progress.append(float(self.simulation.progress()[0]))
        if outcome.failure[0]:
            self.drops += 1
            self.simulation.return_object(self._object_start)
        episode, steps = divmod(len(self.progress), self.task.episode_steps)
        if steps == 0:
            self.simulation.next_goal(episode)

    def summary(self) -> dict[str, Any]:
        """What happened to the object, over the whole time served: the mean of the metric's rate, and the total of a count."""
        name, unit = next(iter(self.task.metrics.items()))
        return {
            "task": self.task.name,
            "seconds": self.time,
            "metric": name,
            "unit": unit,
            **self._success(),
            "drops": self.drops,
            "diverged_steps": self.simulation.diverged_steps,
            "world": dict(self._world[0].values),
            "seed": self._world[0].seed,
        }

    def _success(self) -> dict[str, float | None]:
        return {
            "mean": float(np.mean(self.progress)) if self.progress else 0.0,
            "total": float(np.sum(self.progress)) if self.simulation.counts else None,
        }
