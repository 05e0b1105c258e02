"""Poses that a tracker makes up: now and then it takes something else for the object (arXiv 2210.13702)."""

from __future__ import annotations

import numpy as np

from randomizers.channels.effect import ALL, Effect, Rows
from randomizers.channels.sensor_term import SensorTerm
from randomizers.settings import Setting
from randomizers.target import Selection, Target

_AXES = 3
"""Numbers of a rotation vector."""


class PoseInjection(SensorTerm):
    """Probability, at every control step, that a tracker gives a random pose in place of what it sees (DeXtreme's random
    pose injection, arXiv 2210.13702, where it is 0.3): any place within `pose_injection_range` of where it was when the
    episode began, and any rotation, each as likely as the others."""

    kind = "pose_injection"
    unit = "1/control step"
    fields = ("pose_injection",)
    highest = 1.0

    def check(self, target: Target, selection: Selection) -> None:
        for name in selection.names:
            if name not in target.markers:
                raise self.refuse(name, f"it is no marker; markers: {', '.join(target.markers) or 'none'}")
            delivered = np.flatnonzero(target.sensor_of_column == target.id("sensor", name))
            known = {*_positions(target).tolist(), *_rotations(target).ravel().tolist()}
            for column in delivered.tolist():
                if column not in known:
                    term = target.term_of_column[column]
                    unit = target.units.get(term, "1")
                    raise self.refuse(
                        name, f"{term} has unit {unit!r}: it is neither a place in m nor three numbers of a turn in rad"
                    )
        super().check(target, selection)


class PoseInjectionRange(SensorTerm):
    """How far along each axis random places are from where the episode began, at most; DeXtreme's 0.5 m where no term
    says otherwise."""

    kind = "pose_injection_range"
    unit = "m"
    fields = ("pose_injection_range",)
    partner = "pose_injection"


class InjectPoses(Effect):
    """Replaces all that a tracker delivers of a thing by random numbers, new at every step."""

    settings = {"pose_injection": Setting("sensor"), "pose_injection_range": Setting("sensor", nominal=0.5)}
    uniforms = ("observation", 2)

    def prepare(self) -> None:
        target = self.site.target
        self.memory["origin"] = np.zeros((self.site.n, target.observed))
        self._sensor_of_column = target.sensor_of_column
        # A sensor's chance is decided by the second uniform of its first column.
        self._first = np.unique(target.sensor_of_column, return_index=True)[1]
        self._rotations = _rotations(target)

    def find_work(self) -> None:
        self.working = bool(self.rows["pose_injection"].any())

    def restart(self, rows: Rows, signal: np.ndarray, normals: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
        self.memory["origin"][rows] = signal
        return signal

    def apply(self, signal: np.ndarray, normals: np.ndarray, uniforms: np.ndarray, rows: Rows = ALL) -> np.ndarray:
        drawn = uniforms.reshape(*signal.shape, 2)
        injected = drawn[:, self._first, 1] < self.rows["pose_injection"]
        if not injected.any():
            return signal
        farthest = self.rows["pose_injection_range"].take(self._sensor_of_column, axis=1)
        pose = self.memory["origin"] + farthest * (2.0 * drawn[..., 0].astype(np.float64) - 1.0)
        for columns in self._rotations:
            pose[:, columns] = _uniform_rotation(drawn[:, columns, 0].astype(np.float64))
        return np.where(injected.take(self._sensor_of_column, axis=1), pose, signal)


def _positions(target: Target) -> np.ndarray:
    """The columns that are places."""
    return np.flatnonzero([target.units.get(term, "1") == "m" for term in target.term_of_column])


def _rotations(target: Target) -> np.ndarray:
    """The columns (k, 3) of rotation vectors: of observation terms that are three numbers in rad."""
    starts, start = [], 0
    for term, size in target.observations.items():
        if size == _AXES and target.units.get(term, "1") == "rad":
            starts.append(start)
        start += size
    return np.array(starts, np.intp)[:, None] + np.arange(_AXES)


def _uniform_rotation(uniforms: np.ndarray) -> np.ndarray:
    """Rotation vectors (n, 3) [rad] that are uniform over all rotations, from three uniforms each (Shoemake, Uniform random
    rotations, Graphics Gems III, 1992)."""
    turns = 2.0 * np.pi * uniforms[:, 1:]
    short, long = np.sqrt(1.0 - uniforms[:, :1]), np.sqrt(uniforms[:, :1])
    quaternion = np.concatenate(
        (
            long * np.cos(turns[:, 1:]),
            short * np.sin(turns[:, :1]),
            short * np.cos(turns[:, :1]),
            long * np.sin(turns[:, 1:]),
        ),
        axis=1,
    )
    # A quaternion and its opposite are the same rotation.
    quaternion *= np.where(quaternion[:, :1] < 0.0, -1.0, 1.0)
    sine = np.linalg.norm(quaternion[:, 1:], axis=1, keepdims=True)
    angle = 2.0 * np.arctan2(sine, quaternion[:, :1])
    return quaternion[:, 1:] * (angle / np.maximum(sine, np.finfo(np.float64).tiny))
