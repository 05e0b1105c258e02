"""Terms of pictures: what cameras add to a scene, whatever it looks like."""

from __future__ import annotations

import numpy as np

from randomizers.visual.look_term import LookSettingTerm
from randomizers.visual_fields import VISUAL_SETTINGS, VisualSetting

VISUAL_SETTINGS.update(
    picture_blur=VisualSetting("camera"),
    picture_exposure=VisualSetting("camera"),
    picture_flicker=VisualSetting("camera"),
    picture_white_balance=VisualSetting("camera", (1.0, 1.0, 1.0)),
    picture_contrast=VisualSetting("camera", (1.0,)),
    picture_noise=VisualSetting("camera"),
)


class _PictureTerm(LookSettingTerm):
    selects = "camera"


class PictureBlur(_PictureTerm):
    """Standard deviation of a Gaussian blur, pixels."""

    kind = "picture_blur"
    unit = "pixel"
    fields = ("picture_blur",)


class PictureExposure(_PictureTerm):
    """How much more light, or less, makes up a picture, stops: each doubles it. Values follow light by a power law of
    2.2, and end at white."""

    kind = "picture_exposure"
    unit = "stop"
    fields = ("picture_exposure",)
    lowest = -np.inf


class PictureFlicker(_PictureTerm):
    """Standard deviation of a change of exposure that is new in every frame, stops."""

    kind = "picture_flicker"
    unit = "stop"
    fields = ("picture_flicker",)


class PictureWhiteBalance(_PictureTerm):
    """Factors of a picture's red, green and blue."""

    kind = "picture_white_balance"
    fields = ("picture_white_balance",)
    parts = ("red", "green", "blue")


class PictureContrast(_PictureTerm):
    """How far values are from their mean over the picture, as a factor."""

    kind = "picture_contrast"
    fields = ("picture_contrast",)


class PictureNoise(_PictureTerm):
    """Standard deviation of noise that is new in every frame, pixel and colour; 1 is from black to white."""

    kind = "picture_noise"
    fields = ("picture_noise",)
