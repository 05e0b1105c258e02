"""What actions are distorted by before they are sent: factors, offsets, noise.

Units are those of the controls: rad for position servos. Dactyl (arXiv 1808.00177, appendix on action noise) and the
Rubik's cube paper (arXiv 1910.07113) give additive noise as a share of the action's range; `action_offset_share` and
`action_noise_share` take it so, whatever the robot.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from randomizers.channels.effect import ALL, Effect, Rows
from randomizers.channels.setting_term import ActionTerm
from randomizers.settings import Setting
from randomizers.target import Selection, Target


class ActionFactor(ActionTerm):
    """Factor on what the action changes: of the way from the last target to the new one, this much is ordered.

    For actions that move targets relative to where they are, as Dactyl's, it is the factor on the action. Targets do not
    drift: the next one is again ordered relative to the policy's own last target.
    """

    kind = "action_factor"
    unit = "1"
    fields = ("action_factor",)
    default_each = "element"


class ActionFactorNoise(ActionTerm):
    """Standard deviation of the factor on what the action changes, around `action_factor`, new at every control step."""

    kind = "action_factor_noise"
    unit = "1"
    fields = ("action_factor_noise",)


class ScaleActions(Effect):
    """Multiplies the change of targets in each control step."""

    settings = {"action_factor": Setting("action", nominal=1.0), "action_factor_noise": Setting("action")}
    normals = ("action", 1)

    def prepare(self) -> None:
        self.memory["last"] = np.zeros((self.site.n, self.site.target.actions))

    def find_work(self) -> None:
        super().find_work()
        self._excess = self.rows["action_factor"] - 1.0
        self._noisy = bool(self.rows["action_factor_noise"].any())

    def restart(self, rows: Rows, signal: np.ndarray, normals: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
        self.memory["last"][rows] = signal
        return signal

    def apply(self, signal: np.ndarray, normals: np.ndarray, uniforms: np.ndarray, rows: Rows = ALL) -> np.ndarray:
        last, excess = self.memory["last"], self._excess
        if self._noisy:
            excess = excess + self.rows["action_factor_noise"] * normals
        scaled = signal - last
        scaled *= excess
        scaled += signal
        last[:] = signal
        return scaled


class _ShareTerm(ActionTerm):
    """A setting whose numbers are shares of the controls' ranges."""

    unit = "1"

    def check(self, target: Target, selection: Selection) -> None:
        for actuator, name in zip(selection.ids, selection.names, strict=True):
            if not target.model.actuator_ctrllimited[actuator]:
                raise self.refuse(name, "its control has no range to take a share of")
        super().check(target, selection)

    def apply_elements(
        self, target: Target, selection: Selection, fields: Mapping[str, np.ndarray], values: np.ndarray
    ) -> None:
        low, high = target.model.actuator_ctrlrange[selection.ids].T
        super().apply_elements(target, selection, fields, values * (high - low)[:, None])


class ActionOffset(ActionTerm):
    """Offset of actions that stays for the whole trial or episode."""

    kind = "action_offset"
    fields = ("action_offset",)
    operations = ("add",)
    default_each = "element"


class ActionOffsetShare(_ShareTerm):
    """Offset of actions that stays for the whole trial or episode, as a share of the control's range."""

    kind = "action_offset_share"
    fields = ("action_offset",)
    operations = ("add",)
    default_each = "element"


class AddActionOffset(Effect):
    """A constant offset."""

    settings = {"action_offset": Setting("action")}

    def apply(self, signal: np.ndarray, normals: np.ndarray, uniforms: np.ndarray, rows: Rows = ALL) -> np.ndarray:
        return signal + self.rows["action_offset"][rows]


class ActionNoise(ActionTerm):
    """Standard deviation of noise added to the action at every control step."""

    kind = "action_noise"
    fields = ("action_noise",)


class ActionNoiseShare(_ShareTerm):
    """Standard deviation of noise added to the action at every control step, as a share of the control's range."""

    kind = "action_noise_share"
    fields = ("action_noise",)
    sets = "action_noise"


class AddActionNoise(Effect):
    """Additive noise, new at every control step."""

    settings = {"action_noise": Setting("action")}
    normals = ("action", 1)

    def apply(self, signal: np.ndarray, normals: np.ndarray, uniforms: np.ndarray, rows: Rows = ALL) -> np.ndarray:
        noisy = self.rows["action_noise"][rows] * normals
        noisy += signal
        return noisy
