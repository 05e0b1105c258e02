"""A simulated robot whose joints follow their targets with a first-order lag; shared by tests and their processes."""

import math

import numpy as np


class LagRobot:
    """Position targets in, exponential approach out. One joint, if named, has no motor and never moves. Beside it, `poses`
    are tracked, if named."""

    def __init__(self, joints, control_period=0.05, time_constant=0.08, passive=(), begin=None, poses=()):
        self.joints = tuple(joints)
        self.control_period = control_period
        moved = np.array([joint not in passive for joint in self.joints])
        self._gain = (1.0 - math.exp(-control_period / time_constant)) * moved
        self._position = np.zeros(len(self.joints)) if begin is None else np.array(begin, dtype=float)
        self._velocity = np.zeros(len(self.joints))
        self._steps = 0
        self.pose_names = tuple(poses)
        self.targets = []

    @property
    def time(self):
        return self._steps * self.control_period

    def state(self):
        return self._position.copy(), self._velocity.copy()

    def poses(self):
        """Things that circle the z axis, the one after the other behind it, all turned as far as they have come."""
        angle = 0.5 * self.time - 0.3 * np.arange(len(self.pose_names))
        zero = np.zeros_like(angle)
        place = (0.1 * np.cos(angle), 0.1 * np.sin(angle), zero + 0.2)
        return np.stack((*place, np.cos(angle / 2), zero, zero, np.sin(angle / 2)), axis=1)

    def step(self, targets):
        change = self._gain * (targets - self._position)
        self._position = self._position + change
        self._velocity = change / self.control_period
        self._steps += 1
        self.targets.append(np.array(targets))
