"""Pushes of known impulse, at random times and in random directions."""

from __future__ import annotations

import numpy as np

from randomizers.channels.effect import ALL, Effect, Rows
from randomizers.channels.setting_term import BodyTerm
from randomizers.settings import Setting


class PushRate(BodyTerm):
    """How often a push begins while none lasts; it begins with a control step."""

    kind = "push_rate"
    unit = "1/s"
    fields = ("push_rate",)
    partner = "push_impulse"


class PushImpulse(BodyTerm):
    """Force of a push times how long it lasts. Its direction is random, any as likely as another."""

    kind = "push_impulse"
    unit = "N s"
    fields = ("push_impulse",)
    partner = "push_rate"


class PushDuration(BodyTerm):
    """How long a push lasts, to the nearest whole control step; one where no term says otherwise."""

    kind = "push_duration"
    unit = "s"
    fields = ("push_duration",)
    partner = "push_rate"


class Shoves(Effect):
    """Adds to wrenches (n, b, 6) constant forces [N] at the bodies' centers of mass, each for some steps."""

    settings = {"push_rate": Setting("body"), "push_impulse": Setting("body"), "push_duration": Setting("body")}
    uniforms = ("body", 3)

    def prepare(self) -> None:
        n, bodies = self.site.n, len(self.site.bodies)
        self.memory = {"force": np.zeros((n, bodies, 3)), "left": np.zeros((n, bodies), np.int64)}

    def find_work(self) -> None:
        rate, impulse, period = self.rows["push_rate"], self.rows["push_impulse"], self.site.period
        self.working = bool((rate * impulse).any())
        self._chance = -np.expm1(-rate * period)
        self._steps = np.maximum(np.rint(self.rows["push_duration"] / period), 1.0).astype(np.int64)
        self._size = impulse / (self._steps * period)

    def restart(self, rows: Rows, signal: np.ndarray, normals: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
        self.memory["force"][rows], self.memory["left"][rows] = 0.0, 0
        return signal

    def apply(self, signal: np.ndarray, normals: np.ndarray, uniforms: np.ndarray, rows: Rows = ALL) -> np.ndarray:
        force, left = self.memory["force"], self.memory["left"]
        force[left == 0] = 0.0
        drawn = uniforms.reshape(force.shape)
        new = (left == 0) & (drawn[..., 0] < self._chance)
        if new.any():
            # On a sphere each coordinate is uniform.
            height, turn = 2.0 * drawn[new, 1].astype(np.float64) - 1.0, 2.0 * np.pi * drawn[new, 2].astype(np.float64)
            across = np.sqrt(1.0 - height**2)
            direction = np.stack((across * np.cos(turn), across * np.sin(turn), height), axis=1)
            force[new], left[new] = direction * self._size[new][:, None], self._steps[new]
        left -= left > 0
        pushed = signal.copy()
        pushed[..., :3] += force
        return pushed
