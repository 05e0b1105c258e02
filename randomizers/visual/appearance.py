"""Appearance: a visual model that looks like one world after another."""

from __future__ import annotations

from collections.abc import Mapping

import mujoco
import numpy as np

from randomizers.streams import texture_generator
from randomizers.target import Target
from randomizers.visual.colours import shifted
from randomizers.visual.painting import paint
from randomizers.visual_fields import VISUAL_SETTINGS, nominal_visual_row, visual_field

_FLAT = int(mujoco.mjtTexture.mjTEXTURE_2D)
_TEXTURE_SETTINGS = ("texture_pattern", "texture_colours", "texture_cells", "texture_hue", "texture_saturation")


class Appearance:
    """Writes worlds' visual settings into `model`, a compilation of the target's visual model that is written to.

    What a world looks like depends neither on the worlds shown before nor on how often. MuJoCo computes cameras and lights
    from these fields in mj_camlight, to be called before a scene is updated.
    """

    def __init__(self, target: Target, model: mujoco.MjModel) -> None:
        self.target = target
        self.model = model
        self._painted: dict[int, bytes] = {}
        self._palettes: dict[int, tuple[np.ndarray, np.ndarray]] = {}

    def show(self, rows: Mapping[str, np.ndarray], row: int, seed: int) -> tuple[int, ...]:
        """Makes the model look like the world in that row of `visual_settings`, which has that seed.

        Returns the textures whose texels changed: OpenGL has its own copy of them, renewed by mjr_uploadTexture.
        """
        for name, values in rows.items():
            if name not in VISUAL_SETTINGS:
                visual_field(self.model, name)[...] = values[row]
        settings = {name: rows[name][row] for name in _TEXTURE_SETTINGS if name in rows}
        if not settings:
            return ()
        settings = {name: nominal_visual_row(self.target, name) for name in _TEXTURE_SETTINGS} | settings
        return tuple(texture for texture in range(self.model.ntex) if self._paint(texture, settings, seed))

    def _paint(self, texture: int, settings: Mapping[str, np.ndarray], seed: int) -> bool:
        """Whether the texture had to be painted anew."""
        pattern, colours, cells, hue, saturation = (settings[name][texture] for name in _TEXTURE_SETTINGS)
        wanted = np.concatenate(([pattern], colours, [cells, hue, saturation])).tobytes()
        if pattern > 0:
            wanted += seed.to_bytes(8, "little")
        elif (hue == 0.0 and saturation == 1.0) or not _has_hue(self._palette(texture)[0]):
            wanted = b""
        if self._painted.get(texture, b"") == wanted:
            return False
        self._painted[texture] = wanted
        held = _texels(self.model, texture)
        height, width, _ = held.shape
        if pattern > 0:
            flat = self.model.tex_type[texture] == _FLAT
            side, faces = (max(width, height), 1) if flat else (width, height // width)
            rng = texture_generator(seed, texture)
            painted = paint(int(pattern), colours.reshape(2, 3), float(cells), side, faces, rng)
            held[..., :3] = painted.reshape(-1, side, 3)[:height, :width]
        else:
            held[:] = self._own(texture)
        if hue != 0.0 or saturation != 1.0:
            found, place = self._palette(texture) if pattern == 0 else _palette(held)
            shades = np.rint(255.0 * shifted(found / 255.0, hue, saturation)).astype(np.uint8)
            # Without a check of the indices it is several times faster.
            held[..., :3] = shades.take(place, axis=0, mode="clip")
        return True

    def _own(self, texture: int) -> np.ndarray:
        return _texels(self.target.visual_model, texture)

    def _palette(self, texture: int) -> tuple[np.ndarray, np.ndarray]:
        if texture not in self._palettes:
            self._palettes[texture] = _palette(self._own(texture))
        return self._palettes[texture]


def _texels(model: mujoco.MjModel, texture: int) -> np.ndarray:
    """The model's own texels (h, w, channels) of a texture."""
    width, height, channels = (int(field[texture]) for field in (model.tex_width, model.tex_height, model.tex_nchannel))
    first = int(model.tex_adr[texture])
    return model.tex_data[first : first + width * height * channels].reshape(height, width, channels)


def _has_hue(colours: np.ndarray) -> bool:
    return bool((colours != colours[:, :1]).any())


def _palette(texels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The colours (k, 3) that occur in texels (h, w, 3 or more) uint8, and which of them each texel has (h, w)."""
    packed = texels[..., :3].astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)
    found, place = np.unique(packed, return_inverse=True)
    colours = np.stack((found >> 16, (found >> 8) & 255, found & 255), axis=-1)
    return colours, place.reshape(texels.shape[:2])
