"""Terms of bodies, contacts and joints. The shapes of geoms stand in `size`."""

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


class Mass(Term):
    """Mass of bodies, kg. The inertia follows in proportion: the same shape, denser or lighter."""

    kind = "mass"
    unit = "kg"
    selects = "body"
    fields = ("body_mass", "body_inertia")
    recompute = True
    operations = ("scale", "set")
    above_lowest = True

    def check(self, target: Target, selection: Selection) -> None:
        for body, name in zip(selection.ids, selection.names, strict=True):
            if target.model.body_mass[body] <= 0:
                raise self.refuse(name, "it has no mass")
        super().check(target, selection)

    def current(self, target: Target, selection: Selection) -> np.ndarray:
        return target.model.body_mass[selection.ids, None]

    def apply_elements(
        self, target: Target, selection: Selection, fields: Mapping[str, np.ndarray], values: np.ndarray
    ) -> None:
        factor = values if self.operation == "scale" else values / self.current(target, selection)
        mass, ids = fields["body_mass"], selection.ids
        mass[:, ids] = self.operate(mass[:, ids], values[..., 0])
        fields["body_inertia"][:, ids] *= factor


class Friction(Term):
    """Contact friction of geoms, dimensionless. "scale" scales sliding, spinning and rolling friction alike; "set" sets
    the sliding one.

    A contact takes, coordinate by coordinate, the larger friction of its two geoms (unless one has the higher
    priority), so a lower friction shows only where both sides have it. Contacts of explicit pairs have a friction of
    their own.
    """

    kind = "friction"
    unit = "1"
    selects = "geom"
    fields = ("geom_friction",)
    operations = ("scale", "set")

    def current(self, target: Target, selection: Selection) -> np.ndarray:
        return target.model.geom_friction[selection.ids, :1]

    def apply_elements(
        self, target: Target, selection: Selection, fields: Mapping[str, np.ndarray], values: np.ndarray
    ) -> None:
        friction, ids = fields["geom_friction"], selection.ids
        if self.operation == "scale":
            friction[:, ids] *= values
        else:
            friction[:, ids, 0] = values[..., 0]


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


class Gravity(Term):
    """Offset of each coordinate of gravity, m/s^2."""

    kind = "gravity"
    unit = "m/s^2"
    selects = None
    fields = ("gravity",)
    operations = ("add",)
    parts = ("x", "y", "z")

    def apply_elements(
        self, target: Target, selection: Selection, fields: Mapping[str, np.ndarray], values: np.ndarray
    ) -> None:
        fields["gravity"] += values[:, 0]
