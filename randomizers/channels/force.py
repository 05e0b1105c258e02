"""Forces that act on bodies now and then, and fade (arXiv 1808.00177)."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from randomizers.channels.effect import ALL, Effect, Rows
from randomizers.channels.setting_term import BodyTerm
from randomizers.settings import Setting
from randomizers.target import Selection, Target

DECAY = 0.99
"""What remains of a force after `DECAY_TIME` (arXiv 1808.00177)."""
DECAY_TIME = 0.08
"""s"""


class HeavyBodyTerm(BodyTerm):
    """A setting with one number for each of some bodies that have a mass."""

    def check(self, target: Target, selection: Selection) -> None:
        for body, name in zip(selection.ids, selection.names, strict=True):
            if target.model.body_mass[body] <= 0:
                raise self.refuse(name, "it has no mass")
        super().check(target, selection)


class ForceProbability(HeavyBodyTerm):
    """Probability that a control step brings a new force."""

    kind = "force_probability"
    unit = "1/control step"
    fields = ("force_probability",)
    highest = 1.0
    partner = "force_acceleration"


class ForceAcceleration(HeavyBodyTerm):
    """Standard deviation of each coordinate of a new force, as the acceleration of the body, m/s^2."""

    kind = "force_acceleration"
    unit = "m/s^2"
    fields = ("force_acceleration",)
    partner = "force_probability"


class Bursts(Effect):
    """Adds to part of wrenches (n, b, 6) what now and then jumps to a random value and decays in between."""

    normals = ("body", 3)
    uniforms = ("body", 1)
    part: ClassVar[slice]
    """Where in a wrench."""

    def prepare(self) -> None:
        n, bodies = self.site.n, len(self.site.bodies)
        self._chance, self._acceleration = self.rows.values()
        self._decay = DECAY ** (self.site.period / DECAY_TIME)
        self.memory = {"burst": np.zeros((n, bodies, 3)), "sd": np.zeros((n, bodies))}

    def load(self, rows: Rows, settings: Mapping[str, np.ndarray]) -> None:
        super().load(rows, settings)
        self.memory["sd"][rows] = self._acceleration[rows] * self.resistance(settings)[:, self.site.bodies]

    def find_work(self) -> None:
        self.working = bool((self._chance * self._acceleration).any())

    def restart(self, rows: Rows, signal: np.ndarray, normals: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
        self.memory["burst"][rows] = 0.0
        return signal

    def apply(self, signal: np.ndarray, normals: np.ndarray, uniforms: np.ndarray, rows: Rows = ALL) -> np.ndarray:
        burst = self.memory["burst"]
        burst *= self._decay
        new = uniforms < self._chance
        if new.any():
            burst[new] = normals.reshape(burst.shape)[new] * self.memory["sd"][new][:, None]
        wrench = signal.copy()
        wrench[..., self.part] += burst
        return wrench

    @abstractmethod
    def resistance(self, settings: Mapping[str, np.ndarray]) -> np.ndarray:
        """What a unit of acceleration takes of every body (m, nbody), or (1, nbody) for worlds that are alike."""


class Pushes(Bursts):
    """Forces [N], in proportion to the mass that a body has in that world, payloads aside."""

    settings = {"force_probability": Setting("body"), "force_acceleration": Setting("body")}
    part = slice(0, 3)

    def resistance(self, settings: Mapping[str, np.ndarray]) -> np.ndarray:
        return settings["body_mass"] if "body_mass" in settings else self.site.target.model.body_mass[None]
