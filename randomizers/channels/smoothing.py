"""Smoothing of actions, as controllers do it against jerks."""

from __future__ import annotations

import numpy as np

from randomizers.channels.effect import ALL, Effect, Rows
from randomizers.channels.setting_term import ActionTerm
from randomizers.settings import Setting


class ActionSmoothing(ActionTerm):
    """Share of the last smoothed action in the present one (Dactyl's moving average: 0.3 at 80 ms, arXiv 1808.00177)."""

    kind = "action_smoothing"
    unit = "1"
    fields = ("action_smoothing",)
    highest = 1.0


class SmoothActions(Effect):
    """An exponential moving average over control steps."""

    settings = {"action_smoothing": Setting("action")}

    def prepare(self) -> None:
        self.memory["smoothed"] = np.zeros((self.site.n, self.site.target.actions))

    def restart(self, rows: Rows, signal: np.ndarray, normals: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
        self.memory["smoothed"][rows] = signal
        return signal

    def apply(self, signal: np.ndarray, normals: np.ndarray, uniforms: np.ndarray, rows: Rows = ALL) -> np.ndarray:
        smoothed, share = self.memory["smoothed"], self.rows["action_smoothing"]
        smoothed[:] = share * smoothed + (1.0 - share) * signal
        return smoothed.copy()
