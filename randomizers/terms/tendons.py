"""Terms of tendons. Lengths of a fixed tendon are in the unit of its coefficients times its joints' angles, which need not
be m; forces along it are in that unit too."""

from __future__ import annotations

from randomizers.terms.element_terms import ElementTerm, RangeTerm


class TendonRange(RangeTerm):
    """Offsets of the least and the greatest length of tendons, m, each end drawn on its own.

    Ends that would come closer than `LEAST_RANGE` of the nominal range stay that far apart around their middle.
    """

    kind = "tendon_range"
    unit = "m"
    selects = "tendon"
    fields = ("tendon_range",)
    limited = "tendon_limited"


class TendonStiffness(ElementTerm):
    """Stiffness of the springs of tendons, N/m, about the length that the model has them at rest at."""

    kind = "tendon_stiffness"
    unit = "N/m"
    selects = "tendon"
    fields = ("tendon_stiffness",)


class TendonDamping(ElementTerm):
    """Viscous damping along tendons, N s/m."""

    kind = "tendon_damping"
    unit = "N s/m"
    selects = "tendon"
    fields = ("tendon_damping",)


class TendonFrictionLoss(ElementTerm):
    """Dry friction along tendons, N."""

    kind = "tendon_friction_loss"
    unit = "N"
    selects = "tendon"
    fields = ("tendon_frictionloss",)
