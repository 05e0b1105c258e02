"""Terms of joints."""

from __future__ import annotations

from collections.abc import Mapping

import mujoco
import numpy as np

from randomizers.target import Selection, Target
from randomizers.term import Term

LEAST_RANGE = 0.01
"""Fraction of a joint's nominal range that is left to it however its limits are moved."""

# Plain ints: from mujoco 3.12 on, its enums do not compare equal to NumPy's integers.
_DOFS = {
    int(mujoco.mjtJoint.mjJNT_FREE): 6,
    int(mujoco.mjtJoint.mjJNT_BALL): 3,
    int(mujoco.mjtJoint.mjJNT_SLIDE): 1,
    int(mujoco.mjtJoint.mjJNT_HINGE): 1,
}


class _DofTerm(Term):
    """One number per joint, the same for all its degrees of freedom."""

    selects = "joint"
    operations = ("scale", "set")

    def current(self, target: Target, selection: Selection) -> np.ndarray:
        return getattr(target.model, self.fields[0])[target.model.jnt_dofadr[selection.ids], None]

    def apply_elements(
        self, target: Target, selection: Selection, fields: Mapping[str, np.ndarray], values: np.ndarray
    ) -> None:
        counts = [_DOFS[kind] for kind in target.model.jnt_type[selection.ids].tolist()]
        first = target.model.jnt_dofadr[selection.ids]
        dofs = np.concatenate([np.arange(start, start + count) for start, count in zip(first, counts, strict=True)])
        rows = fields[self.fields[0]]
        rows[:, dofs] = self.operate(rows[:, dofs], np.repeat(values[..., 0], counts, axis=1))


class JointDamping(_DofTerm):
    """Viscous damping of joints, N m s/rad (slides: N s/m)."""

    kind = "joint_damping"
    unit = "N m s/rad"
    fields = ("dof_damping",)


class FrictionLoss(_DofTerm):
    """Dry friction of joints, N m (slides: N)."""

    kind = "friction_loss"
    unit = "N m"
    fields = ("dof_frictionloss",)


class Armature(_DofTerm):
    """Rotor inertia of joints, kg m^2 (slides: kg)."""

    kind = "armature"
    unit = "kg m^2"
    fields = ("dof_armature",)
    recompute = True


class JointLimits(Term):
    """Offsets of the lower and the upper end of joints' ranges, rad (slides: m), each end drawn on its own.

    Ends that would come closer than `LEAST_RANGE` of the nominal range stay that far apart around their middle. The
    range of the controls is not touched.
    """

    kind = "joint_limits"
    unit = "rad"
    selects = "joint"
    fields = ("jnt_range",)
    operations = ("add",)
    default_each = "element"
    parts = ("low", "high")

    def check(self, target: Target, selection: Selection) -> None:
        model = target.model
        for joint, name in zip(selection.ids, selection.names, strict=True):
            if not model.jnt_limited[joint]:
                raise self.refuse(name, "it is unlimited")
            if _DOFS[int(model.jnt_type[joint])] > 1:
                raise self.refuse(name, "a ball joint has no two ends")

    def apply_elements(
        self, target: Target, selection: Selection, fields: Mapping[str, np.ndarray], values: np.ndarray
    ) -> None:
        limits = fields["jnt_range"][:, selection.ids] + values
        nominal = target.model.jnt_range[selection.ids]
        least = LEAST_RANGE * (nominal[:, 1] - nominal[:, 0])
        middle = limits.mean(axis=-1, keepdims=True)
        apart = middle + least[:, None] * np.array([-0.5, 0.5])
        close = limits[..., 1] - limits[..., 0] < least
        fields["jnt_range"][:, selection.ids] = np.where(close[..., None], apart, limits)
