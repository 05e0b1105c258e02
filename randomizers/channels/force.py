"""Forces that push bodies now and then (arXiv 1808.00177)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from randomizers.channels.effect import ALL, Effect, Rows
from randomizers.channels.setting_term import BodyTerm
from randomizers.settings import Setting
from randomizers.target import Selection, Target

DECAY = 0.99
"""What remains of a force after `DECAY_TIME` (arXiv 1808.00177)."""
DECAY_TIME = 0.08
"""s"""


class _PushTerm(BodyTerm):
    def check(self, target: Target, selection: Selection) -> None:
        for body, name in zip(selection.ids, selection.names, strict=True):
            if target.model.body_mass[body] <= 0:
                raise self.refuse(name, "it has no mass")
        super().check(target, selection)


class ForceProbability(_PushTerm):
    """Probability that a control step brings a new force."""

    kind = "force_probability"
    unit = "1/control step"
    fields = ("force_probability",)
    highest = 1.0
    partner = "force_acceleration"


class ForceAcceleration(_PushTerm):
    """Standard deviation of each coordinate of a new force, as the acceleration of the body, m/s^2."""

    kind = "force_acceleration"
    unit = "m/s^2"
    fields = ("force_acceleration",)
    partner = "force_probability"


class Pushes(Effect):
    """Adds to wrenches (n, b, 6) forces [N] that now and then jump to a random value and decay in between."""

    settings = {"force_probability": Setting("body"), "force_acceleration": Setting("body")}
    normals = ("body", 3)
    uniforms = ("body", 1)

    def prepare(self) -> None:
        n, bodies = self.site.n, len(self.site.bodies)
        self._decay = DECAY ** (self.site.period / DECAY_TIME)
        self.memory = {"force": np.zeros((n, bodies, 3)), "sd": np.zeros((n, bodies))}

    def load(self, rows: Rows, settings: Mapping[str, np.ndarray]) -> None:
        super().load(rows, settings)
        masses = settings["body_mass"] if "body_mass" in settings else self.site.target.model.body_mass[None]
        self.memory["sd"][rows] = self.rows["force_acceleration"][rows] * masses[:, self.site.bodies]

    def find_work(self) -> None:
        self.working = bool((self.rows["force_probability"] * self.rows["force_acceleration"]).any())

    def restart(self, rows: Rows, signal: np.ndarray, normals: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
        self.memory["force"][rows] = 0.0
        return signal

    def apply(self, signal: np.ndarray, normals: np.ndarray, uniforms: np.ndarray, rows: Rows = ALL) -> np.ndarray:
        force = self.memory["force"]
        force *= self._decay
        new = uniforms < self.rows["force_probability"]
        drawn = normals.reshape(force.shape) * self.memory["sd"][..., None]
        np.copyto(force, drawn, where=new[..., None])
        pushed = signal.copy()
        pushed[..., :3] += force
        return pushed
