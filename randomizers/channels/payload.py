"""Loads that bodies are given in the middle of a trial."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from randomizers.channels.effect import ALL, Effect, Rows
from randomizers.channels.force import HeavyBodyTerm
from randomizers.settings import Setting


class PayloadMass(HeavyBodyTerm):
    """How much heavier a body becomes at its `payload_time`, and stays until the trial's end. The load is spread as the
    body's own mass is: its inertia grows in proportion."""

    kind = "payload_mass"
    unit = "kg"
    fields = ("payload_mass",)
    recompute = True


class PayloadTime(HeavyBodyTerm):
    """When a payload appears, counted from the trial's start over all of its episodes: with the first control step that
    begins then or later. 0, at once, where no term says otherwise."""

    kind = "payload_time"
    unit = "s"
    fields = ("payload_time",)
    partner = "payload_mass"


class AddPayload(Effect):
    """Multiplies the factor (n, b) by which bodies are heavier than their world has them."""

    settings = {"payload_mass": Setting("body"), "payload_time": Setting("body")}
    drives = ("body_mass", "body_inertia")

    def prepare(self) -> None:
        self.memory = {
            "steps": np.zeros(self.site.n, np.int64),
            "factor": np.ones((self.site.n, len(self.site.bodies))),
        }

    def load(self, rows: Rows, settings: Mapping[str, np.ndarray]) -> None:
        mass = settings["body_mass"] if "body_mass" in settings else self.site.target.model.body_mass[None]
        super().load(rows, settings)
        # The other bodies that effects act on may have no mass.
        mass = np.maximum(mass[:, self.site.bodies], np.finfo(np.float64).tiny)
        self.memory["factor"][rows] = 1.0 + self.rows["payload_mass"][rows] / mass

    def find_work(self) -> None:
        # It counts the trial's time even while no body has a load: one may get it in a later episode.
        self.working = True

    def begin(self, rows: Rows) -> None:
        self.memory["steps"][rows] = 0

    def restart(self, rows: Rows, signal: np.ndarray, normals: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
        time = self.memory["steps"][rows] * self.site.period
        # A time that is a whole number of steps may come out a rounding above it.
        due = time[:, None] >= self.rows["payload_time"][rows] - 1e-6 * self.site.period
        return np.where(due, signal * self.memory["factor"][rows], signal)

    def apply(self, signal: np.ndarray, normals: np.ndarray, uniforms: np.ndarray, rows: Rows = ALL) -> np.ndarray:
        loaded = self.restart(ALL, signal, normals, uniforms)
        self.memory["steps"] += 1
        return loaded
