"""Looks: terms of cameras, lights, materials, textures and pictures, and what shows a world's looks.

They act on a target's visual model, which physics never sees.
"""

from randomizers.visual.appearance import Appearance
from randomizers.visual.cameras import CameraFieldOfView, CameraOrientation, CameraPosition
from randomizers.visual.dressing import dressed
from randomizers.visual.lens import Lens
from randomizers.visual.lights import (
    HeadlightIntensity,
    LightColour,
    LightCount,
    LightDirection,
    LightIntensity,
    LightPosition,
    LightShadows,
)
from randomizers.visual.materials import (
    Brightness,
    Colour,
    Hue,
    MaterialEmission,
    MaterialReflectance,
    MaterialShininess,
    MaterialSpecular,
    Saturation,
)
from randomizers.visual.painting import PATTERNS
from randomizers.visual.pictures import (
    PictureBlur,
    PictureContrast,
    PictureExposure,
    PictureFlicker,
    PictureNoise,
    PictureWhiteBalance,
)
from randomizers.visual.textures import TextureCells, TextureColours, TexturePattern

__all__ = [
    "PATTERNS",
    "Appearance",
    "Brightness",
    "CameraFieldOfView",
    "CameraOrientation",
    "CameraPosition",
    "Colour",
    "HeadlightIntensity",
    "Hue",
    "Lens",
    "LightColour",
    "LightCount",
    "LightDirection",
    "LightIntensity",
    "LightPosition",
    "LightShadows",
    "MaterialEmission",
    "MaterialReflectance",
    "MaterialShininess",
    "MaterialSpecular",
    "PictureBlur",
    "PictureContrast",
    "PictureExposure",
    "PictureFlicker",
    "PictureNoise",
    "PictureWhiteBalance",
    "Saturation",
    "TextureCells",
    "TextureColours",
    "TexturePattern",
    "dressed",
]
