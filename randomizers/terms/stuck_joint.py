"""StuckJoint: joints that have seized."""

from __future__ import annotations

from collections.abc import Mapping

import mujoco
import numpy as np

from randomizers.distributions import Distribution
from randomizers.target import Selection, Target
from randomizers.term import Term
from randomizers.terms.force_limits import peak_force
from randomizers.terms.joints import dofs_of

HOLD = 100.0
"""Dry friction of a stuck joint, N m, for each N m that the strongest actuator of the model brings to a joint: what lies
between is for weights and contacts."""
INERTIA = 0.1
"""Rotor inertia of a stuck joint, kg m^2, for each such N m."""

_FREE = int(mujoco.mjtJoint.mjJNT_FREE)
_HARDEST = 0.9999
"""Impedance closest to 1 that MuJoCo takes."""


class StuckJoint(Term):
    """Whether joints are stuck, 1, or move, 0. A stuck joint stays where an episode starts it.

    It has a dry friction that no actuator of the model overcomes: `HOLD` times the greatest generalised force that any of
    them can bring to a joint, by its force limit or, without one, by its gain and the ranges of control and joint. MuJoCo's
    friction is soft, and gives way slowly however great it is, the faster the lighter what it holds: so this one is as hard
    as MuJoCo allows, at two nominal physics steps, and the joint has a rotor inertia by `INERTIA` as well. Against the
    actuators of the shipped robots it then creeps by about a thousandth of a radian in 10 s.
    """

    kind = "stuck_joint"
    unit = "1"
    selects = "joint"
    fields = ("dof_frictionloss", "dof_armature", "dof_solref", "dof_solimp")
    recompute = True
    operations = ("add",)
    default_each = "element"

    def _check_distribution(self, what: str, distribution: Distribution) -> None:
        super()._check_distribution(what, distribution)
        for leaf in distribution.leaves:
            if leaf.atoms is None or not set(leaf.atoms) <= {0.0, 1.0}:
                raise self.error(f"{what} must be a Choice of 0 (moves) and 1 (stuck), got {distribution!r}")

    def check(self, target: Target, selection: Selection) -> None:
        model = target.model
        for joint, name in zip(selection.ids, selection.names, strict=True):
            if model.jnt_type[joint] == _FREE:
                raise self.refuse(name, "nothing holds a free joint")
        peaks = [peak_force(model, actuator) for actuator in range(model.nactuator)]
        if not peaks:
            raise self.error(
                f"{self.kind} cannot act on {target.name!r}: it has no actuators, whose force it withstands"
            )
        if None in peaks:
            unknown = model.actuator(peaks.index(None)).name
            raise self.error(
                f"{self.kind} cannot act on {target.name!r}: the force of actuator {unknown!r} has no limit"
            )

    def apply_elements(
        self, target: Target, selection: Selection, fields: Mapping[str, np.ndarray], values: np.ndarray
    ) -> None:
        if not np.isin(values, (0.0, 1.0)).all():
            raise self.error("the given worlds' values must be 0 (moves) or 1 (stuck)")
        model = target.model
        dofs, counts = dofs_of(model, selection.ids)
        stuck = np.repeat(values[..., 0] == 1.0, counts, axis=1)
        strongest = max(peak_force(model, actuator) or 0.0 for actuator in range(model.nactuator))
        fields["dof_frictionloss"][:, dofs] += np.where(stuck, HOLD * strongest, 0.0)
        fields["dof_armature"][:, dofs] += np.where(stuck, INERTIA * strongest, 0.0)
        for field, hardest in (
            ("dof_solref", [2 * model.opt.timestep, 1.0]),
            ("dof_solimp", [_HARDEST, _HARDEST, 0.001, 0.5, 2.0]),
        ):
            fields[field][:, dofs] = np.where(stuck[..., None], hardest, fields[field][:, dofs])
