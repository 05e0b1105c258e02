"""Terms of joints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import mujoco
import numpy as np

from randomizers.target import Selection, Target
from randomizers.term import Term
from randomizers.terms.element_terms import ElementTerm, RangeTerm

# Plain ints: from mujoco 3.12 on, its enums do not compare equal to NumPy's integers.
_FREE = int(mujoco.mjtJoint.mjJNT_FREE)
_BALL = int(mujoco.mjtJoint.mjJNT_BALL)
_DOFS = {
    _FREE: 6,
    _BALL: 3,
    int(mujoco.mjtJoint.mjJNT_SLIDE): 1,
    int(mujoco.mjtJoint.mjJNT_HINGE): 1,
}


def dofs_of(model: mujoco.MjModel, joints: np.ndarray) -> tuple[np.ndarray, list[int]]:
    """Indices of the degrees of freedom of `joints` (m,), in their order, and how many each joint has."""
    counts = [_DOFS[kind] for kind in model.jnt_type[joints].tolist()]
    first = model.jnt_dofadr[joints]
    return np.concatenate([np.arange(start, start + n) for start, n in zip(first, counts, strict=True)]), counts


class _DofTerm(Term):
    """One number per joint, the same for all its degrees of freedom."""

    selects = "joint"
    operations = ("scale", "set")

    def current(self, target: Target, selection: Selection) -> np.ndarray:
        return getattr(target.model, self.fields[0])[target.model.jnt_dofadr[selection.ids], None]

    def apply_elements(
        self, target: Target, selection: Selection, fields: Mapping[str, np.ndarray], values: np.ndarray
    ) -> None:
        dofs, counts = dofs_of(target.model, selection.ids)
        rows = fields[self.fields[0]]
        rows[:, dofs] = self.operate(rows[:, dofs], np.repeat(values[..., 0], counts, axis=1))


class JointDamping(_DofTerm):
    """Viscous damping of joints, N m s/rad (slides: N s/m)."""

    kind = "joint_damping"
    unit, slide_unit = "N m s/rad", "N s/m"
    fields = ("dof_damping",)


class FrictionLoss(_DofTerm):
    """Dry friction of joints, N m (slides: N)."""

    kind = "friction_loss"
    unit, slide_unit = "N m", "N"
    fields = ("dof_frictionloss",)


class Armature(_DofTerm):
    """Rotor inertia of joints, kg m^2 (slides: kg)."""

    kind = "armature"
    unit, slide_unit = "kg m^2", "kg"
    fields = ("dof_armature",)
    recompute = True


class JointStiffness(ElementTerm):
    """Stiffness of the springs of joints, N m/rad (slides: N/m), about where kind `joint_springref` has them at rest."""

    kind = "joint_stiffness"
    unit, slide_unit = "N m/rad", "N/m"
    selects = "joint"
    fields = ("jnt_stiffness",)


class JointSpringref(Term):
    """Where the springs of joints are at rest, rad (slides: m)."""

    kind = "joint_springref"
    unit, slide_unit = "rad", "m"
    selects = "joint"
    fields = ("qpos_spring",)
    operations = ("add", "set")
    lowest = -np.inf

    def check(self, target: Target, selection: Selection) -> None:
        for joint, name in zip(selection.ids, selection.names, strict=True):
            if _DOFS[int(target.model.jnt_type[joint])] > 1:
                raise self.refuse(name, "free and ball joints rest in a pose that no single number gives")
        super().check(target, selection)

    def check_beside(self, target: Target, selection: Selection, others: Sequence[tuple[Term, Selection]]) -> None:
        super().check_beside(target, selection, others)
        sprung = {name for other, where in others if isinstance(other, JointStiffness) for name in where.names}
        for joint, name in zip(selection.ids, selection.names, strict=True):
            if target.model.jnt_stiffness[joint] == 0 and name not in sprung:
                raise self.refuse(name, "it has no spring; give it one with a term of kind 'joint_stiffness'")

    def current(self, target: Target, selection: Selection) -> np.ndarray:
        return target.model.qpos_spring[target.model.jnt_qposadr[selection.ids], None]

    def apply_elements(
        self, target: Target, selection: Selection, fields: Mapping[str, np.ndarray], values: np.ndarray
    ) -> None:
        rows, places = fields["qpos_spring"], target.model.jnt_qposadr[selection.ids]
        rows[:, places] = self.operate(rows[:, places], values[..., 0])


class JointLimits(RangeTerm):
    """Offsets of the lower and the upper end of joints' ranges, rad (slides: m), each end drawn on its own.

    Ends that would come closer than `LEAST_RANGE` of the nominal range stay that far apart around their middle. The
    range of the controls is not touched.
    """

    kind = "joint_limits"
    unit, slide_unit = "rad", "m"
    selects = "joint"
    fields = ("jnt_range",)
    limited = "jnt_limited"

    def check(self, target: Target, selection: Selection) -> None:
        super().check(target, selection)
        for joint, name in zip(selection.ids, selection.names, strict=True):
            if _DOFS[int(target.model.jnt_type[joint])] > 1:
                raise self.refuse(name, "a ball joint has no two ends")
