"""Joint types: whether joints, and the actuators of joints and tendons, turn or slide, which the units of numbers go by."""

from __future__ import annotations

import mujoco

JOINT_TYPES = ("hinge", "slide")
"""What turns is measured in rad, what slides in m."""

# Plain ints: from mujoco 3.12 on, its enums do not compare equal to NumPy's integers.
_SLIDE = int(mujoco.mjtJoint.mjJNT_SLIDE)
_JOINTS = (int(mujoco.mjtTrn.mjTRN_JOINT), int(mujoco.mjtTrn.mjTRN_JOINTINPARENT))
_TENDON = int(mujoco.mjtTrn.mjTRN_TENDON)
_WRAP_JOINT = int(mujoco.mjtWrap.mjWRAP_JOINT)


def joint_type(kind: str, model: mujoco.MjModel, element: int) -> str | None:
    """One of `JOINT_TYPES` for a "joint" or an "actuator" by its index; None for actuators of other things, and for all
    other kinds of elements.

    Ball and free joints count as hinges. A fixed tendon is what its joints are, a slide if any of them is; a spatial one
    has a length in m.
    """
    if kind == "joint":
        return "slide" if model.jnt_type[element] == _SLIDE else "hinge"
    if kind != "actuator":
        return None
    moved = int(model.actuator_trnid[element, 0])
    if model.actuator_trntype[element] in _JOINTS:
        return joint_type("joint", model, moved)
    return _tendon_type(model, moved) if model.actuator_trntype[element] == _TENDON else None


def _tendon_type(model: mujoco.MjModel, tendon: int) -> str:
    wraps = range(model.tendon_adr[tendon], model.tendon_adr[tendon] + model.tendon_num[tendon])
    hinges = [
        model.wrap_type[wrap] == _WRAP_JOINT and joint_type("joint", model, int(model.wrap_objid[wrap])) == "hinge"
        for wrap in wraps
    ]
    return "hinge" if all(hinges) else "slide"
