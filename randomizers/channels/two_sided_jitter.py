"""Time steps that are longer for a while, then shorter for a while (openai/robogym)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from randomizers.channels.effect import ALL, Effect, Rows
from randomizers.channels.setting_term import WorldTerm
from randomizers.channels.timing import LEAST_UNIFORM
from randomizers.settings import Setting
from randomizers.target import Selection, Target

_SHORTEST = 0.5
"""Least that is left of a time step, which keeps the simulation of forces that last a step sound."""


class TwoSidedJitterRate(WorldTerm):
    """Jitter of the physics time step to both sides, by the rates of exponential distributions, 1/s; 0 for none. A control
    step is on one of two sides, and has an exponential time t: on the longer side it is added to the time step T, on the
    shorter one T becomes T / (1 + t / T), but no less than half. As in openai/robogym, where both rates are uniform on 1250
    to 10000 for a time step of 8 ms."""

    kind = "two_sided_jitter_rate"
    zero_is_endless = True
    unit = "1/s"
    fields = ("two_sided_jitter",)
    parts = ("longer", "shorter")
    partner = "jitter_persistence"

    def apply_elements(
        self, target: Target, selection: Selection, fields: Mapping[str, np.ndarray], values: np.ndarray
    ) -> None:
        means = np.divide(1.0, values, out=np.zeros_like(values), where=values > 0)
        super().apply_elements(target, selection, fields, means)


class JitterPersistence(WorldTerm):
    """Probability that the jitter of the next control step is on the side of the last one. Which side is first is as likely
    as the other, drawn at every episode."""

    kind = "jitter_persistence"
    unit = "1"
    fields = ("jitter_persistence",)
    highest = 1.0
    parts = ("longer", "shorter")
    partner = "two_sided_jitter_rate"


class LengthenAndShortenSteps(Effect):
    """Makes time steps (n,) [s] longer or shorter by a random time."""

    settings = {
        "two_sided_jitter": Setting("world", parts=2),
        "jitter_persistence": Setting("world", parts=2),
    }
    uniforms = ("world", 3)
    drives = ("timestep",)

    def prepare(self) -> None:
        # 1 or -1; 0 where none has been drawn in the episode yet.
        self.memory["side"] = np.zeros(self.site.n, np.int64)

    def find_work(self) -> None:
        self.working = bool(self.rows["two_sided_jitter"].any())

    def restart(self, rows: Rows, signal: np.ndarray, normals: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
        self.memory["side"][rows] = 0
        return signal

    def apply(self, signal: np.ndarray, normals: np.ndarray, uniforms: np.ndarray, rows: Rows = ALL) -> np.ndarray:
        side = self.memory["side"]
        np.copyto(side, np.where(uniforms[:, 0] < 0.5, 1, -1), where=side == 0)
        stay = np.where(side > 0, *self.rows["jitter_persistence"].T)
        side *= np.where(uniforms[:, 1] < stay, 1, -1)
        time = -np.where(side > 0, *self.rows["two_sided_jitter"].T) * np.log(
            np.maximum(uniforms[:, 2].astype(np.float64), LEAST_UNIFORM)
        )
        return np.where(side > 0, signal + time, signal * np.maximum(1.0 / (1.0 + time / signal), _SHORTEST))
