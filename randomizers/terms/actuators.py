"""Terms of actuators, whatever they drive: joints, or tendons."""

from __future__ import annotations

from collections.abc import Mapping

import mujoco
import numpy as np

from randomizers.servos import is_position_servo
from randomizers.target import Selection, Target
from randomizers.term import Term
from randomizers.terms.force_limits import AFFINE_BIAS, FIXED_GAIN, LIMITS, NO_BIAS, limits_of, sharing

_AFFINE_GAIN = int(mujoco.mjtGain.mjGAIN_AFFINE)
_COEFFICIENTS = 3
"""Numbers of an affine gain or bias: constant, of the length, of the velocity."""


class ActuatorGain(Term):
    """Gain of actuators: kp of position servos, N m/rad (their damping stays), or the gain of motors, N m per
    control.
    """

    kind = "actuator_gain"
    unit, slide_unit = "N m/rad", "N/m"
    selects = "actuator"
    fields = ("actuator_gainprm", "actuator_biasprm")
    operations = ("scale", "set")

    def check(self, target: Target, selection: Selection) -> None:
        model = target.model
        for actuator, name in zip(selection.ids, selection.names, strict=True):
            motor = model.actuator_gaintype[actuator] == FIXED_GAIN and model.actuator_biastype[actuator] == NO_BIAS
            if not motor and not is_position_servo(model, actuator):
                raise self.refuse(name, "it is neither a position servo nor of fixed gain without bias")
        super().check(target, selection)

    def current(self, target: Target, selection: Selection) -> np.ndarray:
        return target.model.actuator_gainprm[selection.ids, :1]

    def apply_elements(
        self, target: Target, selection: Selection, fields: Mapping[str, np.ndarray], values: np.ndarray
    ) -> None:
        gain, bias, ids = fields["actuator_gainprm"], fields["actuator_biasprm"], selection.ids
        gain[:, ids, 0] = self.operate(gain[:, ids, 0], values[..., 0])
        servo = np.array([is_position_servo(target.model, actuator) for actuator in ids])
        bias[:, ids[servo], 1] = -gain[:, ids[servo], 0]


class ActuatorDamping(Term):
    """Damping kv of position servos, N m s/rad."""

    kind = "actuator_damping"
    unit, slide_unit = "N m s/rad", "N s/m"
    selects = "actuator"
    fields = ("actuator_biasprm",)
    operations = ("scale", "set")

    def check(self, target: Target, selection: Selection) -> None:
        for actuator, name in zip(selection.ids, selection.names, strict=True):
            if not is_position_servo(target.model, actuator):
                raise self.refuse(name, "it is no position servo")
        super().check(target, selection)

    def current(self, target: Target, selection: Selection) -> np.ndarray:
        return -target.model.actuator_biasprm[selection.ids, 2:3]

    def apply_elements(
        self, target: Target, selection: Selection, fields: Mapping[str, np.ndarray], values: np.ndarray
    ) -> None:
        bias, ids = fields["actuator_biasprm"], selection.ids
        bias[:, ids, 2] = -self.operate(-bias[:, ids, 2], values[..., 0])


class _LimitTerm(Term):
    """Limits of the force of actuators: their own, and that on the joint or the tendon that an actuator drives, which is
    refused where another actuator is under it too."""

    selects = "actuator"

    def check(self, target: Target, selection: Selection) -> None:
        for actuator, name in zip(selection.ids, selection.names, strict=True):
            others = sharing(target.model, int(actuator))
            if others:
                raise self.refuse(name, f"{target.model.actuator(others[0]).name!r} is under the same limit of force")
        super().check(target, selection)

    def operate_limits(
        self, target: Target, selection: Selection, fields: Mapping[str, np.ndarray], values: np.ndarray
    ) -> None:
        """Applies `values` (n, m), one of each actuator, to both ends of its limits."""
        for column, actuator in enumerate(selection.ids):
            for field, row in limits_of(target.model, int(actuator)):
                given = values[:, column, None] * (np.array([-1.0, 1.0]) if self.operation == "set" else 1.0)
                fields[field][:, row] = self.operate(fields[field][:, row], given)


class ForceLimit(_LimitTerm):
    """The greatest force of actuators, N m (slides and tendons: N); "set" sets it in both directions. Of limits of the
    actuator and of the joint or the tendon that it drives, all that there are.
    """

    kind = "force_limit"
    unit, slide_unit = "N m", "N"
    fields = LIMITS
    operations = ("scale", "set")
    above_lowest = True

    def check(self, target: Target, selection: Selection) -> None:
        for actuator, name in zip(selection.ids, selection.names, strict=True):
            limits = limits_of(target.model, int(actuator))
            if not limits:
                raise self.refuse(name, "its force is unlimited")
            ends = np.abs([getattr(target.model, field)[row] for field, row in limits])
            if self.operation == "set" and (ends != ends[0, 0]).any():
                raise self.refuse(name, "it has several limits, or another in each direction; use operation: scale")
        super().check(target, selection)

    def current(self, target: Target, selection: Selection) -> np.ndarray:
        places = [limits_of(target.model, int(actuator))[0] for actuator in selection.ids]
        return np.array([[getattr(target.model, field)[row, 1]] for field, row in places])

    def apply_elements(
        self, target: Target, selection: Selection, fields: Mapping[str, np.ndarray], values: np.ndarray
    ) -> None:
        self.operate_limits(target, selection, fields, values[..., 0])


class MotorStrength(_LimitTerm):
    """A factor on all that actuators produce: gain, bias and limits of force alike. 1 is as good as new, below it is weak,
    0 is broken.
    """

    kind = "motor_strength"
    unit = "1"
    fields = ("actuator_gainprm", "actuator_biasprm", *LIMITS)
    operations = ("scale",)

    def check(self, target: Target, selection: Selection) -> None:
        model = target.model
        for actuator, name in zip(selection.ids, selection.names, strict=True):
            if model.actuator_gaintype[actuator] not in (FIXED_GAIN, _AFFINE_GAIN) or model.actuator_biastype[
                actuator
            ] not in (NO_BIAS, AFFINE_BIAS):
                raise self.refuse(name, "only of fixed and affine gains and biases is a part of the force known")
        super().check(target, selection)

    def current(self, target: Target, selection: Selection) -> np.ndarray:
        return np.ones((len(selection.ids), 1))

    def apply_elements(
        self, target: Target, selection: Selection, fields: Mapping[str, np.ndarray], values: np.ndarray
    ) -> None:
        for field in ("actuator_gainprm", "actuator_biasprm"):
            fields[field][:, selection.ids, :_COEFFICIENTS] *= values
        self.operate_limits(target, selection, fields, values[..., 0])
