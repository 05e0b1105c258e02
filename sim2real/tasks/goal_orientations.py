"""GoalOrientations: how an object is to be turned, and how far it is from there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from deploy_robot.quaternions import (
    axis_rotation_between,
    conjugate,
    from_rotation_vector,
    from_yaw,
    multiply,
    rotate,
    rotation_between,
)
from sim2real.tasks.gym_robotics.euler import STRAIGHT_TURNS

Turns = Literal["z", "parallel", "xyz"]
"""Lying, turned about the vertical; any side down, turned about the vertical; in any way (arXiv 1802.09464)."""

_Z = np.array([0.0, 0.0, 1.0])
_REVERSED = np.array([0.0, 1.0, 0.0, 0.0])


@dataclass(frozen=True)
class GoalOrientations:
    """The orientations that goals are drawn from, for an object that may look alike from several sides."""

    turns: Turns
    """Which there are."""
    lying: tuple[float, float, float, float] = (1.0, 0.0, 0.0, 0.0)
    """Orientation of the object that lies and is not turned about the vertical; an axis of its own points up."""
    axial: bool = False
    """Whether turns about its own z axis do not count, as of a pen."""

    def rotation(self, orientation: np.ndarray, goal: np.ndarray) -> np.ndarray:
        """The rotation vector [rad] (m, 3), in world axes, that takes objects from `orientation` (m, 4) to `goal` (m, 4);
        if `axial`, the shortest that brings the axis there."""
        return (axis_rotation_between if self.axial else rotation_between)(orientation, goal)

    def draw(self, orientation: np.ndarray, chance: np.ndarray, nearest: float) -> np.ndarray:
        """Goals (m, 4) for objects that now stand in `orientation` (m, 4), decided by numbers in [0, 1) (m, 3); uniform over
        those that are no nearer than `nearest` [rad]. Of sides, one that is too near is reversed."""
        if self.turns == "z":
            away = nearest + chance[:, 0] * (np.pi - nearest)
            away = np.where(chance[:, 1] < 0.5, -away, away)
            return multiply(from_yaw(self._yaw(orientation) + away), np.array(self.lying))
        if self.turns == "parallel":
            side = STRAIGHT_TURNS[(chance[:, 1] * len(STRAIGHT_TURNS)).astype(int)]
            goal = multiply(from_yaw(2.0 * np.pi * chance[:, 0]), side)
            near = np.linalg.norm(self.rotation(orientation, goal), axis=1) < nearest
            return np.where(near[:, None], multiply(goal, _REVERSED), goal)
        return multiply(from_rotation_vector(self._turn(orientation, chance, nearest)), orientation)

    def tilt(self, orientation: np.ndarray) -> np.ndarray:
        """How far objects are from lying, however they are turned about the vertical [rad] (m,)."""
        flat = multiply(from_yaw(self._yaw(orientation)), np.array(self.lying))
        return np.linalg.norm(self.rotation(orientation, flat), axis=1)

    def _yaw(self, orientation: np.ndarray) -> np.ndarray:
        """How far objects are turned about the vertical [rad] (m,)."""
        if self.axial:
            heading, zero = rotate(orientation, _Z), rotate(np.array(self.lying), _Z)
            return np.arctan2(heading[:, 1], heading[:, 0]) - np.arctan2(zero[1], zero[0])
        turned = multiply(orientation, conjugate(np.array(self.lying)))
        return 2.0 * np.arctan2(turned[:, 3], turned[:, 0])

    def _turn(self, orientation: np.ndarray, chance: np.ndarray, nearest: float) -> np.ndarray:
        """Rotation vectors (m, 3) from `orientation` to orientations, or directions of an axis, that are uniform."""
        longitude = 2.0 * np.pi * chance[:, -1]
        if self.axial:
            # Of directions, the cosine of the angle is uniform.
            angle = np.arccos(np.cos(nearest) - chance[:, 0] * (1.0 + np.cos(nearest)))
            flat = np.stack((np.cos(longitude), np.sin(longitude), np.zeros(len(longitude))), axis=1)
            return angle[:, None] * rotate(orientation, flat)
        # The angle of a uniform rotation has the density (1 - cos angle) / pi.
        angles = np.linspace(nearest, np.pi, 1024)
        below = angles - np.sin(angles)
        angle = np.interp(below[0] + chance[:, 0] * (below[-1] - below[0]), below, angles)
        height = 2.0 * chance[:, 1] - 1.0
        across = np.sqrt(1.0 - height**2)
        axis = np.stack((across * np.cos(longitude), across * np.sin(longitude), height), axis=1)
        return angle[:, None] * axis
