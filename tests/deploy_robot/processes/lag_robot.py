"""A simulated robot whose joints follow their targets with a first-order lag; shared by tests and their processes."""

import math

import numpy as np


class LagRobot:
    """Position targets in, exponential approach out. One joint, if named, has no motor and never moves."""

    def __init__(self, joints, control_period=0.05, time_constant=0.08, passive=(), begin=None):
        self.joints = tuple(joints)
        self.control_period = control_period
        moved = np.array([joint not in passive for joint in self.joints])
        self._gain = (1.0 - math.exp(-control_period / time_constant)) * moved
        self._position = np.zeros(len(self.joints)) if begin is None else np.array(begin, dtype=float)
        self._velocity = np.zeros(len(self.joints))
        self._steps = 0
        self.targets = []

    @property
    def time(self):
        return self._steps * self.control_period

    def state(self):
        return self._position.copy(), self._velocity.copy()

    def step(self, targets):
        change = self._gain * (targets - self._position)
        self._position = self._position + change
        self._velocity = change / self.control_period
        self._steps += 1
        self.targets.append(np.array(targets))
