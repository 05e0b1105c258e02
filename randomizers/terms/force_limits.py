"""What limits the force of actuators: their own limits, and those of the joint or the tendon that they drive."""

from __future__ import annotations

import mujoco
import numpy as np

# Plain ints: from mujoco 3.12 on, its enums do not compare equal to NumPy's integers.
FIXED_GAIN = int(mujoco.mjtGain.mjGAIN_FIXED)
NO_BIAS = int(mujoco.mjtBias.mjBIAS_NONE)
AFFINE_BIAS = int(mujoco.mjtBias.mjBIAS_AFFINE)
_JOINTS = (int(mujoco.mjtTrn.mjTRN_JOINT), int(mujoco.mjtTrn.mjTRN_JOINTINPARENT))
_TENDON = int(mujoco.mjtTrn.mjTRN_TENDON)
_WRAP_JOINT = int(mujoco.mjtWrap.mjWRAP_JOINT)

LIMITS = ("actuator_forcerange", "jnt_actfrcrange", "tendon_actfrcrange")
"""Model fields of such limits."""
_DRIVEN = {**dict.fromkeys(_JOINTS, ("jnt", "joint")), _TENDON: ("tendon", "tendon")}


def driven(model: mujoco.MjModel, actuator: int) -> tuple[str, int] | None:
    """The field of LIMITS and the row of the joint or the tendon that an actuator drives, where that is limited."""
    if int(model.actuator_trntype[actuator]) not in _DRIVEN:
        return None
    prefix, _ = _DRIVEN[int(model.actuator_trntype[actuator])]
    row = int(model.actuator_trnid[actuator, 0])
    return (f"{prefix}_actfrcrange", row) if getattr(model, f"{prefix}_actfrclimited")[row] else None


def limits_of(model: mujoco.MjModel, actuator: int) -> list[tuple[str, int]]:
    """Field of LIMITS and row of every limit to the force of an actuator."""
    own = [("actuator_forcerange", actuator)] if model.actuator_forcelimited[actuator] else []
    shared = driven(model, actuator)
    return own if shared is None else [*own, shared]


def sharing(model: mujoco.MjModel, actuator: int) -> list[int]:
    """Other actuators under the same limit of a joint or a tendon."""
    shared = driven(model, actuator)
    others = range(model.nactuator) if shared else ()
    return [other for other in others if other != actuator and driven(model, other) == shared]


def peak_force(model: mujoco.MjModel, actuator: int) -> float | None:
    """The greatest generalised force, N m (slides: N), that an actuator brings to a joint: by its limits, or without any by
    its gain over the ranges of its control and of its joint. None where neither says."""
    lever = _lever(model, actuator)
    limits = []
    for field, row in limits_of(model, actuator):
        largest = float(np.abs(getattr(model, field)[row]).max())
        limits.append(largest if field == "jnt_actfrcrange" else largest * lever)
    if limits:
        return min(limits)
    servo = _servo_force(model, actuator)
    return None if servo is None else servo * lever


def _lever(model: mujoco.MjModel, actuator: int) -> float:
    lever = float(np.abs(model.actuator_gear[actuator]).max())
    if int(model.actuator_trntype[actuator]) != _TENDON:
        return lever
    tendon = model.actuator_trnid[actuator, 0]
    wraps = np.arange(model.tendon_adr[tendon], model.tendon_adr[tendon] + model.tendon_num[tendon])
    fixed = wraps[model.wrap_type[wraps] == _WRAP_JOINT]
    # Spatial tendons run within less than 1 m of the joints they bend.
    return lever * (float(np.abs(model.wrap_prm[fixed]).max()) if len(fixed) else 1.0)


def _servo_force(model: mujoco.MjModel, actuator: int) -> float | None:
    """The greatest force by gain and bias, of an actuator whose control is limited."""
    if (
        model.actuator_gaintype[actuator] != FIXED_GAIN
        or model.actuator_biastype[actuator] not in (NO_BIAS, AFFINE_BIAS)
        or not model.actuator_ctrllimited[actuator]
    ):
        return None
    bias = np.abs(model.actuator_biasprm[actuator])
    if model.actuator_biastype[actuator] == NO_BIAS:
        bias = np.zeros_like(bias)
    force = abs(model.actuator_gainprm[actuator, 0]) * np.abs(model.actuator_ctrlrange[actuator]).max() + bias[0]
    if bias[1] == 0:
        return float(force)
    if int(model.actuator_trntype[actuator]) not in _DRIVEN:
        return None
    prefix, _ = _DRIVEN[int(model.actuator_trntype[actuator])]
    row = model.actuator_trnid[actuator, 0]
    if not getattr(model, f"{prefix}_limited")[row]:
        return None
    length = np.abs(getattr(model, f"{prefix}_range")[row]).max() * np.abs(model.actuator_gear[actuator, 0])
    return float(force + bias[1] * length)
