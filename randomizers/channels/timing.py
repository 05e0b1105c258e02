"""The control loop's time: steps that take longer, and ticks that are skipped."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from randomizers.channels.effect import ALL, Effect, Rows
from randomizers.channels.setting_term import WorldTerm
from randomizers.settings import Setting
from randomizers.target import Selection, Target

LEAST_UNIFORM = 2.0**-25
"""Stands for a uniform of 0: half the next one in single precision."""


class TimestepJitter(WorldTerm):
    """Mean of what is added to the physics time step, s, drawn anew from an exponential distribution for every control
    step: all physics steps of a control step are as long, and so is the control step longer by as much in proportion."""

    kind = "timestep_jitter"
    unit = "s"
    fields = ("timestep_jitter",)


class TimestepJitterRate(WorldTerm):
    """The same as `timestep_jitter` by its inverse, the rate of the exponential distribution, 1/s; 0 for none. Dactyl's
    lambda, uniform on 1250 to 10000 for a time step of 8 ms (arXiv 1808.00177)."""

    kind = "timestep_jitter_rate"
    zero_is_endless = True
    unit = "1/s"
    fields = ("timestep_jitter",)
    sets = "timestep_jitter"

    def apply_elements(
        self, target: Target, selection: Selection, fields: Mapping[str, np.ndarray], values: np.ndarray
    ) -> None:
        means = np.divide(1.0, values, out=np.zeros_like(values), where=values > 0)
        super().apply_elements(target, selection, fields, means)


class LengthenSteps(Effect):
    """Adds to time steps (n,) [s] an exponential random time."""

    settings = {"timestep_jitter": Setting()}
    uniforms = ("world", 1)
    drives = ("timestep",)

    def restart(self, rows: Rows, signal: np.ndarray, normals: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
        return signal

    def apply(self, signal: np.ndarray, normals: np.ndarray, uniforms: np.ndarray, rows: Rows = ALL) -> np.ndarray:
        shares = np.maximum(uniforms[:, 0].astype(np.float64), LEAST_UNIFORM)
        return signal - self.rows["timestep_jitter"] * np.log(shares)


class SkippedTick(WorldTerm):
    """Probability that a control step's action is never sent and the one before it stands, of all actuators together
    (DeXtreme's exponential delay of actions, arXiv 2210.13702)."""

    kind = "skipped_tick"
    unit = "1/control step"
    fields = ("skipped_tick",)
    highest = 1.0


class SkipTicks(Effect):
    """Holds actions (n, nu) where a tick is skipped."""

    settings = {"skipped_tick": Setting()}
    uniforms = ("world", 1)

    def prepare(self) -> None:
        self.memory["sent"] = np.zeros((self.site.n, self.site.target.actions))

    def restart(self, rows: Rows, signal: np.ndarray, normals: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
        self.memory["sent"][rows] = signal
        return signal

    def apply(self, signal: np.ndarray, normals: np.ndarray, uniforms: np.ndarray, rows: Rows = ALL) -> np.ndarray:
        sent = self.memory["sent"]
        np.copyto(sent, signal, where=uniforms >= self.rows["skipped_tick"][:, None])
        return sent.copy()
