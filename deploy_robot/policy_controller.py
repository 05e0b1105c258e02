"""PolicyController: one policy on one robot, with the memory and feedback it carries from step to step."""

import time

import numpy as np

from deploy_robot.action_mapping import map_action
from deploy_robot.bundle import Bundle
from deploy_robot.observation import ObservationBuilder
from deploy_robot.robot import RobotState
from deploy_robot.runtime import PolicyRuntime


class PolicyController:
    """Turns a state and the last target into the next target. Call `reset` before the first step of every trial."""

    def __init__(self, bundle: Bundle):
        self._contract = bundle.contract
        self._runtime = PolicyRuntime(bundle)
        self._observe = ObservationBuilder(bundle.contract)
        self._poses = bundle.contract.poses
        self._columns = list(bundle.contract.action_columns)
        self.inference_seconds = 0.0
        """Time the network took in the last step [s]."""
        self.reset()

    def reset(self) -> None:
        """Clear memory and previous action; the next step is the first of an episode."""
        self._memory = self._runtime.initial_memory()
        self._action = np.zeros(self._contract.action_size)
        self._episode_start = 1.0

    def step(self, state: RobotState, target: np.ndarray) -> np.ndarray:
        """The next target (j,) [rad] from a state and the target last sent (j,), in the order of the contract's joints and
        tracked poses.

        Joints that the policy does not move keep their target. A network that gives a number that is not finite gives
        such a target, which is the safety filter's to refuse.
        """
        previous = target[self._columns]
        observation = self._observe.build(state, previous, self._action, self._episode_start)
        if self._poses.terms:
            observation = np.concatenate((observation, self._poses.read(self._all_poses(state))), dtype=np.float32)
        began = time.perf_counter()
        action, self._memory = self._runtime.step(observation, self._memory)
        self.inference_seconds = time.perf_counter() - began
        self._action = np.clip(action.astype(np.float64), -1.0, 1.0)
        self._episode_start = 0.0
        result = target.copy()
        result[self._columns] = map_action(self._contract.action, self._contract.control_period, self._action, previous)
        return result

    def _all_poses(self, state: RobotState) -> np.ndarray:
        """Every pose that the observation is read from (m, 7), the computed ones among the tracked."""
        poses = dict(zip(self._poses.tracked, state.poses, strict=True))
        for chain in self._contract.kinematics:
            poses[chain.name] = chain.pose(self._contract.joints, state.position)
        return np.array([poses[name] for name in self._poses.names])
