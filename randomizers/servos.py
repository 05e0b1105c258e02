"""Servos: which actuators act as one."""

from __future__ import annotations

import mujoco

# Plain ints: from mujoco 3.12 on, its enums do not compare equal to NumPy's integers.
_FIXED_GAIN = int(mujoco.mjtGain.mjGAIN_FIXED)
_AFFINE_BIAS = int(mujoco.mjtBias.mjBIAS_AFFINE)


def is_position_servo(model: mujoco.MjModel, actuator: int) -> bool:
    """Whether an actuator's force is gain x (control - length), possibly with damping, and with the control filtered."""
    gain = model.actuator_gainprm[actuator, 0]
    return (
        model.actuator_gaintype[actuator] == _FIXED_GAIN
        and model.actuator_biastype[actuator] == _AFFINE_BIAS
        and gain != 0
        and model.actuator_biasprm[actuator, 1] == -gain
    )
