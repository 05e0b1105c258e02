"""Terms of textures: patterns that are painted anew for each world."""

from __future__ import annotations

from randomizers.distributions import Distribution
from randomizers.target import Selection, Target
from randomizers.visual.look_term import LookSettingTerm, check_choice
from randomizers.visual.painting import MOST_CELLS, PATTERNS
from randomizers.visual_fields import VISUAL_SETTINGS, VisualSetting

VISUAL_SETTINGS.update(
    texture_pattern=VisualSetting("texture"),
    texture_colours=VisualSetting("texture", (1.0, 1.0, 1.0, 0.5, 0.5, 0.5)),
    texture_cells=VisualSetting("texture", (4.0,)),
    texture_hue=VisualSetting("texture"),
    texture_saturation=VisualSetting("texture", (1.0,)),
)


class _TextureTerm(LookSettingTerm):
    selects = "texture"
    default_each = "element"

    def check(self, target: Target, selection: Selection) -> None:
        for texture, name in zip(selection.ids, selection.names, strict=True):
            if target.visual_model.tex_nchannel[texture] < 3:
                raise self.refuse(name, "it has no colours")
        super().check(target, selection)


class TexturePattern(_TextureTerm):
    """What is painted on textures, by its number: 0 nothing, 1 one colour, 2 a chessboard, 3 a gradient, 4 clouds,
    5 stripes. Which way it runs comes from the world's seed. Without `texture_colours` it is white and grey.
    """

    kind = "texture_pattern"
    fields = ("texture_pattern",)
    highest = len(PATTERNS) - 1.0

    def _check_distribution(self, what: str, distribution: Distribution) -> None:
        super()._check_distribution(what, distribution)
        check_choice(self, what, distribution, ", ".join(f"{number} ({name})" for number, name in enumerate(PATTERNS)))


class TextureColours(_TextureTerm):
    """The two colours that textures are painted in, 0 to 1 in each part."""

    kind = "texture_colours"
    fields = ("texture_colours",)
    parts = ("red_1", "green_1", "blue_1", "red_2", "green_2", "blue_2")
    highest = 1.0
    partner = "texture_pattern"


class TextureCells(_TextureTerm):
    """How many squares, clouds or pairs of stripes there are across a texture."""

    kind = "texture_cells"
    fields = ("texture_cells",)
    lowest = 1.0
    highest = float(MOST_CELLS)
    partner = "texture_pattern"
