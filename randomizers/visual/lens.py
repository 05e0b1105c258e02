"""Lens: what becomes of rendered pictures on their way through a camera."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from randomizers.errors import WorldsError
from randomizers.streams import frame_generator
from randomizers.target import Target
from randomizers.visual_fields import VISUAL_SETTINGS

GAMMA = 2.2
"""Exponent of the power law between a picture's values and light."""
REACH = 3.0
"""Standard deviations that a blur reaches to."""


class Lens:
    """Blur, exposure, white balance, contrast and noise, in this order, of pictures of the cameras named.

    What becomes of a picture depends on it, its world, frame and camera alone. Where all settings are nominal a picture
    stays bit for bit. Raises WorldsError for a camera that the target does not have.
    """

    def __init__(self, target: Target, cameras: Sequence[str]) -> None:
        available = target.names("camera")
        for name in cameras:
            if name not in available:
                raise WorldsError(f"no camera {name!r} in {target.name!r}; cameras: {', '.join(available) or 'none'}")
        self._cameras = [target.id("camera", name) for name in cameras]

    def apply(
        self, pictures: np.ndarray, rows: Mapping[str, np.ndarray], seeds: Sequence[int], frames: Sequence[int]
    ) -> np.ndarray:
        """Pictures (n, cameras, h, w, 3) uint8 of n worlds as their cameras take them.

        `rows` are the worlds' `visual_settings`; `seeds` (n,) theirs, `frames` (n,) numbers of at least 0: another frame,
        other noise.
        """
        settings = {
            name: rows[name][:, self._cameras] for name in VISUAL_SETTINGS if name in rows and _of_pictures(name)
        }
        if not settings:
            return pictures
        taken = pictures.copy()
        for world, (seed, frame) in enumerate(zip(seeds, frames, strict=True)):
            for place, camera in enumerate(self._cameras):
                own = {name: values[world, place] for name, values in settings.items()}
                if any(np.any(value != VISUAL_SETTINGS[name].nominal) for name, value in own.items()):
                    rng = frame_generator(int(seed), int(frame), camera)
                    taken[world, place] = _take(pictures[world, place], own, rng)
        return taken


def _of_pictures(name: str) -> bool:
    return VISUAL_SETTINGS[name].per == "camera"


def _take(picture: np.ndarray, settings: Mapping[str, np.ndarray], rng: np.random.Generator) -> np.ndarray:
    """One picture (h, w, 3) uint8; settings that are not given are nominal."""
    flicker, values = rng.standard_normal(), picture.astype(np.float32) / np.float32(255.0)
    blur, exposure = settings.get("picture_blur", 0.0), settings.get("picture_exposure", 0.0)
    if blur > 0.0:
        values = blurred(values, float(blur))
    stops = exposure + settings.get("picture_flicker", 0.0) * flicker
    balance = settings.get("picture_white_balance", 1.0)
    # Light times 2^stops is a value times 2^(stops / gamma).
    values = values * np.asarray(2.0 ** (stops / GAMMA) * balance, np.float32)
    contrast = np.float32(settings.get("picture_contrast", 1.0))
    middle = values.mean()
    values = middle + contrast * (values - middle)
    noise = np.float32(settings.get("picture_noise", 0.0))
    if noise > 0.0:
        values += noise * rng.standard_normal(values.shape, np.float32)
    return np.rint(255.0 * values.clip(0.0, 1.0)).astype(np.uint8)


def blurred(values: np.ndarray, sd: float) -> np.ndarray:
    """A picture (h, w, 3) under a Gaussian blur of `sd` [pixels]; beyond its edges there is nothing to mix in."""
    for axis in (0, 1):
        total, weights = values.copy(), np.ones(values.shape[axis], np.float32)
        for distance in range(1, min(int(np.ceil(REACH * sd)), len(weights) - 1) + 1):
            weight = np.float32(np.exp(-0.5 * (distance / sd) ** 2))
            near, far = (slice(None),) * axis + (slice(distance, None),), (slice(None),) * axis + (slice(-distance),)
            total[near] += weight * values[far]
            total[far] += weight * values[near]
            weights[distance:] += weight
            weights[:-distance] += weight
        values = total / np.expand_dims(weights, (1 - axis, 2))
    return values
