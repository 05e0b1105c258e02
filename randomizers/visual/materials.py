"""Terms of materials: their colour, and how they shine."""

from __future__ import annotations

from collections.abc import Mapping

import mujoco
import numpy as np

from randomizers.target import Selection, Target, bodies_of
from randomizers.term import Term
from randomizers.visual.colours import shifted
from randomizers.visual.dressing import bare_geoms
from randomizers.visual.look_term import LookTerm

_RGB = int(mujoco.mjtTextureRole.mjTEXROLE_RGB)


class _OfMaterials(Term):
    selects = "material"

    def check(self, target: Target, selection: Selection) -> None:
        model = target.visual_model
        for role in (pattern[1:] for pattern in self.on if pattern.startswith("@")):
            bare = bare_geoms(model, bodies_of(model, target.roles, role))
            if bare:
                raise self.error(
                    f"geoms of {role!r} of {target.name!r} have a colour of their own and no material: "
                    f"{', '.join(bare)}; compile the visual model from what `dressed` gives"
                )
        super().check(target, selection)


class Colour(_OfMaterials, LookTerm):
    """Colour of materials; 0 to 1 in each part. A texture that a material wears is multiplied with it."""

    kind = "colour"
    unit = "1"
    fields = ("mat_rgba",)
    parts = ("red", "green", "blue")
    highest = 1.0


class _Tint(_OfMaterials):
    """Changes the colour of materials, and as much that of the textures that they wear."""

    default_each = "element"

    def textures(self, target: Target, selection: Selection) -> tuple[np.ndarray, np.ndarray]:
        """The textures (t,) that the materials wear, and which of the materials (t,) each is worn by."""
        worn = target.visual_model.mat_texid[selection.ids, _RGB]
        return worn[worn >= 0], np.flatnonzero(worn >= 0)


class Hue(_Tint):
    """How far the hue of materials and their textures is turned, rad around the colour circle."""

    kind = "hue"
    unit = "rad"
    fields = ("mat_rgba", "texture_hue")
    operations = ("add",)

    def current(self, target: Target, selection: Selection) -> np.ndarray:
        return np.zeros((len(selection.ids), 1))

    def apply_elements(
        self, target: Target, selection: Selection, fields: Mapping[str, np.ndarray], values: np.ndarray
    ) -> None:
        rows = fields["mat_rgba"]
        rows[:, selection.ids, :3] = shifted(rows[:, selection.ids, :3], values[..., 0], 1.0)
        textures, worn_by = self.textures(target, selection)
        fields["texture_hue"][:, textures] += values[:, worn_by, 0]


class Saturation(_Tint):
    """How saturated materials and their textures are, as a factor; full saturation is the most."""

    kind = "saturation"
    unit = "1"
    fields = ("mat_rgba", "texture_saturation")
    operations = ("scale",)

    def current(self, target: Target, selection: Selection) -> np.ndarray:
        return np.ones((len(selection.ids), 1))

    def apply_elements(
        self, target: Target, selection: Selection, fields: Mapping[str, np.ndarray], values: np.ndarray
    ) -> None:
        rows = fields["mat_rgba"]
        rows[:, selection.ids, :3] = shifted(rows[:, selection.ids, :3], 0.0, values[..., 0])
        textures, worn_by = self.textures(target, selection)
        fields["texture_saturation"][:, textures] *= values[:, worn_by, 0]


class Brightness(_OfMaterials):
    """How bright materials are, with the textures that they wear, as a factor of all parts of their colour."""

    kind = "brightness"
    unit = "1"
    fields = ("mat_rgba",)
    operations = ("scale",)
    default_each = "element"

    def current(self, target: Target, selection: Selection) -> np.ndarray:
        return target.visual_model.mat_rgba[selection.ids, :3].max(axis=1, keepdims=True)

    def apply_elements(
        self, target: Target, selection: Selection, fields: Mapping[str, np.ndarray], values: np.ndarray
    ) -> None:
        fields["mat_rgba"][:, selection.ids, :3] *= values


class MaterialSpecular(_OfMaterials, LookTerm):
    """How strongly materials reflect lights, 0 to 1."""

    kind = "material_specular"
    unit = "1"
    fields = ("mat_specular",)
    highest = 1.0


class MaterialShininess(_OfMaterials, LookTerm):
    """How small the highlights of materials are, 0 to 1."""

    kind = "material_shininess"
    unit = "1"
    fields = ("mat_shininess",)
    highest = 1.0


class MaterialReflectance(_OfMaterials, LookTerm):
    """How much of their surroundings planes and boxes mirror, 0 to 1; each such geom in view takes another rendering."""

    kind = "material_reflectance"
    unit = "1"
    fields = ("mat_reflectance",)
    highest = 1.0


class MaterialEmission(_OfMaterials, LookTerm):
    """How much of their colour materials give off in the dark, as a factor of it."""

    kind = "material_emission"
    unit = "1"
    fields = ("mat_emission",)
