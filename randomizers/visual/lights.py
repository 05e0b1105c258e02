"""Terms of lights: where they are, what they shine like, how many there are."""

from __future__ import annotations

from collections.abc import Mapping

import mujoco
import numpy as np

from randomizers.distributions import Distribution
from randomizers.target import Selection, Target
from randomizers.term import Term
from randomizers.visual.look_term import LookTerm, check_choice
from randomizers.visual.turning import turn_direction
from randomizers.visual_fields import visual_field

# Plain ints: from mujoco 3.12 on, its enums do not compare equal to NumPy's integers.
_FIXED = int(mujoco.mjtCamLight.mjCAMLIGHT_FIXED)
_TRACKING = (int(mujoco.mjtCamLight.mjCAMLIGHT_TRACK), int(mujoco.mjtCamLight.mjCAMLIGHT_TRACKCOM))
_DIRECTIONAL = int(mujoco.mjtLightType.mjLIGHT_DIRECTIONAL)


class LightPosition(LookTerm):
    """Where lights are, m, in the axes of the body that they are mounted on: of the world for most."""

    kind = "light_position"
    unit = "m"
    selects = "light"
    fields = ("light_pos",)
    operations = ("add", "set")
    parts = ("x", "y", "z")
    lowest = -np.inf

    def check(self, target: Target, selection: Selection) -> None:
        for light, name in zip(selection.ids, selection.names, strict=True):
            if target.visual_model.light_mode[light] in _TRACKING:
                raise self.refuse(name, "it follows its body")
            if target.visual_model.light_type[light] == _DIRECTIONAL:
                raise self.refuse(name, "it shines from afar; use light_direction")
        super().check(target, selection)


class LightDirection(LookTerm):
    """How lights are turned from where they shine, rad: a rotation vector in the axes of the body that they are mounted
    on."""

    kind = "light_direction"
    unit = "rad"
    selects = "light"
    fields = ("light_dir",)
    operations = ("add",)
    parts = ("x", "y", "z")

    def check(self, target: Target, selection: Selection) -> None:
        for light, name in zip(selection.ids, selection.names, strict=True):
            if target.visual_model.light_mode[light] != _FIXED:
                raise self.refuse(name, "what it shines at is given by a body")

    def apply_elements(
        self, target: Target, selection: Selection, fields: Mapping[str, np.ndarray], values: np.ndarray
    ) -> None:
        rows, ids = fields["light_dir"], selection.ids
        rows[:, ids] = turn_direction(rows[:, ids], values)


class LightColour(LookTerm):
    """Diffuse colour of lights; 1 in all parts is white at full strength."""

    kind = "light_colour"
    unit = "1"
    selects = "light"
    fields = ("light_diffuse",)
    operations = ("scale", "set")
    parts = ("red", "green", "blue")


class LightIntensity(Term):
    """Strength of lights as a factor of their diffuse, specular and ambient parts."""

    kind = "light_intensity"
    unit = "1"
    selects = "light"
    fields = ("light_diffuse", "light_specular", "light_ambient")
    operations = ("scale",)
    default_each = "element"

    def current(self, target: Target, selection: Selection) -> np.ndarray:
        lit = [visual_field(target.visual_model, field)[selection.ids] for field in self.fields]
        return np.concatenate(lit, axis=1).max(axis=1, keepdims=True)

    def apply_elements(
        self, target: Target, selection: Selection, fields: Mapping[str, np.ndarray], values: np.ndarray
    ) -> None:
        for field in self.fields:
            fields[field][:, selection.ids] *= values


class LightCount(LookTerm):
    """How many of the lights are on: first those that the model has on, then the others, in the model's order."""

    kind = "light_count"
    unit = "lights"
    selects = "light"
    fields = ("light_active",)
    operations = ("set",)
    default_each = "world"

    def _check_distribution(self, what: str, distribution: Distribution) -> None:
        super()._check_distribution(what, distribution)
        check_choice(self, what, distribution, "whole numbers of lights")

    def check(self, target: Target, selection: Selection) -> None:
        if self.each == "element":
            raise self.error("it is one number for all lights together; use each: world")
        most = max(self.distribution.bounds[1], self.unseen.bounds[1] if self.unseen else 0)
        if most > len(selection.names):
            raise self.error(
                f"it reaches {most:g} of the {len(selection.names)} lights of {target.name!r}: "
                f"{', '.join(selection.names)}"
            )

    def current(self, target: Target, selection: Selection) -> np.ndarray:
        on = target.visual_model.light_active[selection.ids].sum()
        return np.full((len(selection.ids), 1), float(on))

    def apply_elements(
        self, target: Target, selection: Selection, fields: Mapping[str, np.ndarray], values: np.ndarray
    ) -> None:
        off = target.visual_model.light_active[selection.ids] == 0
        order = selection.ids[np.argsort(off, kind="stable")]
        fields["light_active"][:, order] = np.arange(len(order)) < values[:, :1, 0]


class LightShadows(LookTerm):
    """Whether lights cast shadows: 1 or 0."""

    kind = "light_shadows"
    unit = "1"
    selects = "light"
    fields = ("light_castshadow",)
    operations = ("set",)
    highest = 1.0

    def _check_distribution(self, what: str, distribution: Distribution) -> None:
        super()._check_distribution(what, distribution)
        check_choice(self, what, distribution, "0 and 1")


class HeadlightIntensity(Term):
    """Strength of the light at the camera as a factor of its ambient, diffuse and specular parts."""

    kind = "headlight_intensity"
    unit = "1"
    selects = None
    fields = ("headlight_ambient", "headlight_diffuse", "headlight_specular")
    operations = ("scale",)

    def check(self, target: Target, selection: Selection) -> None:
        if not target.visual_model.vis.headlight.active:
            raise self.error(f"the headlight of {target.name!r} is off")
        super().check(target, selection)

    def current(self, target: Target, selection: Selection) -> np.ndarray:
        return np.array([[max(visual_field(target.visual_model, field).max() for field in self.fields)]])

    def apply_elements(
        self, target: Target, selection: Selection, fields: Mapping[str, np.ndarray], values: np.ndarray
    ) -> None:
        for field in self.fields:
            fields[field] *= values[:, 0]
