"""Terms of what the whole world has one of: gravity, the medium, the time step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import pi

import mujoco
import numpy as np

from randomizers.target import Selection, Target
from randomizers.term import Term
from randomizers.terms.option_terms import OptionTerm


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


class GravityDirection(Term):
    """Tilt of gravity, rad: it is turned by the rotation vector (x, y, 0), so that everything falls as if the base that
    the world stands on leant the other way. Its strength stays; offsets of kind `gravity` come on top, in the world's
    axes.
    """

    kind = "gravity_direction"
    unit = "rad"
    selects = None
    fields = ("gravity",)
    operations = ("set",)
    parts = ("x", "y")
    lowest = -pi
    highest = pi

    def check(self, target: Target, selection: Selection) -> None:
        if not target.model.opt.gravity.any():
            raise self.error(f"{target.name!r} has no gravity to tilt; use kind gravity")

    def current(self, target: Target, selection: Selection) -> np.ndarray:
        return np.zeros((1, 2))

    def apply_elements(
        self, target: Target, selection: Selection, fields: Mapping[str, np.ndarray], values: np.ndarray
    ) -> None:
        turned, quat = np.empty(3), np.empty(4)
        for row, (x, y) in zip(fields["gravity"], values[:, 0], strict=True):
            angle = float(np.hypot(x, y))
            if angle > 0.0:
                mujoco.mju_axisAngle2Quat(quat, np.array([x, y, 0.0]) / angle, angle)
                mujoco.mju_rotVecQuat(turned, target.model.opt.gravity, quat)
                row[:] = turned


class TimeStep(OptionTerm):
    """Time that a physics step takes, s. Control steps go on having as many physics steps, so they last as much longer
    or shorter than a policy takes them to.
    """

    kind = "timestep"
    unit = "s"
    fields = ("timestep",)
    operations = ("scale", "set")
    above_lowest = True


class Density(OptionTerm):
    """Density of the medium that bodies move in, kg/m^3 (air 1.2, water 1000): drag that grows with the square of the
    speed. By MuJoCo's inertia model the drag is that of a box around each body, or of ellipsoids where geoms say so.
    """

    kind = "density"
    unit = "kg/m^3"
    fields = ("density",)


class Viscosity(OptionTerm):
    """Viscosity of the medium that bodies move in, Pa s (air 1.8e-5, water 9e-4): drag in proportion to the speed."""

    kind = "viscosity"
    unit = "Pa s"
    fields = ("viscosity",)


class Wind(Term):
    """Velocity of the medium, m/s, each coordinate in the world's axes, on top of the model's; felt where the medium has a
    density or a viscosity.
    """

    kind = "wind"
    unit = "m/s"
    selects = None
    fields = ("wind",)
    operations = ("add",)
    parts = ("x", "y", "z")

    def check_beside(self, target: Target, selection: Selection, others: Sequence[tuple[Term, Selection]]) -> None:
        super().check_beside(target, selection, others)
        still = target.model.opt.density == 0 and target.model.opt.viscosity == 0
        if still and not any(isinstance(other, Density | Viscosity) for other, _ in others):
            raise self.error(
                f"{target.name!r} has no medium that could blow; wind needs a term of kind 'density' or 'viscosity'"
            )

    def apply_elements(
        self, target: Target, selection: Selection, fields: Mapping[str, np.ndarray], values: np.ndarray
    ) -> None:
        fields["wind"] += values[:, 0]
