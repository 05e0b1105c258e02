"""Terms of how MuJoCo computes: other choices make another simulator of the same robot."""

from __future__ import annotations

from collections.abc import Mapping

import mujoco

from randomizers.distributions import Distribution
from randomizers.terms.option_terms import OptionTerm


class _ChoiceTerm(OptionTerm):
    """An option that is one of MuJoCo's enumerated values, given by its number."""

    operations = ("set",)
    allowed: Mapping[int, str]

    def _check_distribution(self, what: str, distribution: Distribution) -> None:
        super()._check_distribution(what, distribution)
        for leaf in distribution.leaves:
            if leaf.atoms is None or not set(leaf.atoms) <= set(self.allowed):
                available = ", ".join(f"{number} ({name})" for number, name in self.allowed.items())
                raise self.error(f"{what} must be a Choice of {available}, got {distribution!r}")


def _names(enum: object, prefix: str, names: tuple[str, ...]) -> dict[int, str]:
    return {int(getattr(enum, f"{prefix}{name.upper()}")): name for name in names}


class Integrator(_ChoiceTerm):
    """Numerical integrator, by MuJoCo's number for it."""

    kind = "integrator"
    unit = "1"
    fields = ("integrator",)
    allowed = _names(mujoco.mjtIntegrator, "mjINT_", ("euler", "implicit", "implicitfast"))


class FrictionCone(_ChoiceTerm):
    """Model of the friction cone, by MuJoCo's number for it."""

    kind = "friction_cone"
    unit = "1"
    fields = ("cone",)
    allowed = _names(mujoco.mjtCone, "mjCONE_", ("pyramidal", "elliptic"))


class FrictionImpedanceRatio(OptionTerm):
    """How much stiffer contacts are in friction than along their normal (impratio); more means less slip."""

    kind = "friction_impedance_ratio"
    unit = "1"
    fields = ("impratio",)
    above_lowest = True
