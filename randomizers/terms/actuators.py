"""Terms of actuators."""

from __future__ import annotations

from collections.abc import Mapping

import mujoco
import numpy as np

from randomizers.target import Selection, Target
from randomizers.term import Term

# Plain ints: from mujoco 3.12 on, its enums do not compare equal to NumPy's integers.
_FIXED_GAIN = int(mujoco.mjtGain.mjGAIN_FIXED)
_NO_BIAS = int(mujoco.mjtBias.mjBIAS_NONE)
_AFFINE_BIAS = int(mujoco.mjtBias.mjBIAS_AFFINE)


def _is_position_servo(model: mujoco.MjModel, actuator: int) -> bool:
    """Whether its force is gain x (control - position), possibly with damping."""
    return (
        model.actuator_gaintype[actuator] == _FIXED_GAIN
        and model.actuator_biastype[actuator] == _AFFINE_BIAS
        and model.actuator_gainprm[actuator, 0] != 0
        and model.actuator_biasprm[actuator, 1] == -model.actuator_gainprm[actuator, 0]
    )


class ActuatorGain(Term):
    """Gain of actuators: kp of position servos, N m/rad (their damping stays), or the gain of motors, N m per
    control.
    """

    kind = "actuator_gain"
    unit = "N m/rad"
    selects = "actuator"
    fields = ("actuator_gainprm", "actuator_biasprm")
    operations = ("scale", "set")

    def check(self, target: Target, selection: Selection) -> None:
        model = target.model
        for actuator, name in zip(selection.ids, selection.names, strict=True):
            motor = model.actuator_gaintype[actuator] == _FIXED_GAIN and model.actuator_biastype[actuator] == _NO_BIAS
            if not motor and not _is_position_servo(model, actuator):
                raise self.refuse(name, "it is neither a position servo nor of fixed gain without bias")
        super().check(target, selection)

    def current(self, target: Target, selection: Selection) -> np.ndarray:
        return target.model.actuator_gainprm[selection.ids, :1]

    def apply_elements(
        self, target: Target, selection: Selection, fields: Mapping[str, np.ndarray], values: np.ndarray
    ) -> None:
        gain, bias, ids = fields["actuator_gainprm"], fields["actuator_biasprm"], selection.ids
        gain[:, ids, 0] = self.operate(gain[:, ids, 0], values[..., 0])
        servo = np.array([_is_position_servo(target.model, actuator) for actuator in ids])
        bias[:, ids[servo], 1] = -gain[:, ids[servo], 0]


class ActuatorDamping(Term):
    """Damping kv of position servos, N m s/rad."""

    kind = "actuator_damping"
    unit = "N m s/rad"
    selects = "actuator"
    fields = ("actuator_biasprm",)
    operations = ("scale", "set")

    def check(self, target: Target, selection: Selection) -> None:
        for actuator, name in zip(selection.ids, selection.names, strict=True):
            if not _is_position_servo(target.model, actuator):
                raise self.refuse(name, "it is no position servo")
        super().check(target, selection)

    def current(self, target: Target, selection: Selection) -> np.ndarray:
        return -target.model.actuator_biasprm[selection.ids, 2:3]

    def apply_elements(
        self, target: Target, selection: Selection, fields: Mapping[str, np.ndarray], values: np.ndarray
    ) -> None:
        bias, ids = fields["actuator_biasprm"], selection.ids
        bias[:, ids, 2] = -self.operate(-bias[:, ids, 2], values[..., 0])
