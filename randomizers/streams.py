"""Streams: reproducible randomness of each world, whatever the others do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.random.bit_generator import ISeedSequence
from numpy.typing import DTypeLike

_FRAMES, _TEXTURES, _EPISODES = 1 << 61, 1 << 62, 1 << 63
"""Keys of frames, textures and episodes start here, those of blocks at 0."""
_CAMERAS = 1 << 16
"""Keys that a frame has for its cameras."""


class _Key(ISeedSequence):
    """A Philox key as it is; given as `key=`, NumPy would first ask the system for entropy that it then ignores."""

    def __init__(self, seed: int, counter: int) -> None:
        self._words = np.array([seed, counter], np.uint64)

    def generate_state(self, n_words: int, dtype: DTypeLike = np.uint64) -> np.ndarray:
        return self._words


def _generator(seed: int, counter: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(_Key(seed, counter)))  # type: ignore[arg-type]


def episode_generator(seed: int, episode: int) -> np.random.Generator:
    """The generator of one episode of the world with `seed`; shares nothing with that world's steps."""
    return _generator(seed, _EPISODES + int(episode))


def texture_generator(seed: int, texture: int) -> np.random.Generator:
    """The generator that a texture, by its number, is painted with in the world with `seed`."""
    return _generator(seed, _TEXTURES + int(texture))


def frame_generator(seed: int, frame: int, camera: int) -> np.random.Generator:
    """The generator of one frame of one camera, by its number, in the world with `seed`."""
    return _generator(seed, _FRAMES + int(frame) * _CAMERAS + int(camera))


class WorldStreams:
    """Standard normals and uniforms on [0, 1) for every step of n worlds, float32.

    What a world gets depends on its seed, on its own number of steps and on the two widths: neither on n, on its place,
    nor on other worlds. Numbers are drawn ahead, `block` steps at a time, from a Philox generator keyed by seed and
    block. `state` holds copies of the seeds and steps (n,); `restore` continues bit for bit.
    """

    def __init__(self, n: int, normals: int, uniforms: int, block: int = 64) -> None:
        self._normal_width = normals
        self._block = block
        self._first = np.arange(n) * block
        self._seeds = np.zeros(n, np.uint64)
        self._steps = np.zeros(n, np.int64)
        # All blocks one after the other, which is how they are picked from fastest.
        self._all_normals = np.zeros((n * block, normals), np.float32)
        self._all_uniforms = np.zeros((n * block, uniforms), np.float32)
        self._normals = self._all_normals.reshape(n, block, normals)
        self._uniforms = self._all_uniforms.reshape(n, block, uniforms)

    def load(self, ids: Sequence[int] | np.ndarray | slice, seeds: np.ndarray) -> None:
        """Starts the worlds `ids` (m,) afresh with `seeds` (m,)."""
        self._seeds[ids] = seeds
        self._steps[ids] = 0

    def next(self) -> tuple[np.ndarray, np.ndarray]:
        """One step of every world: normals (n, normals) and uniforms (n, uniforms)."""
        place = self._steps % self._block
        self._draw(np.flatnonzero(place == 0))
        self._steps += 1
        place += self._first
        return self._all_normals.take(place, axis=0), self._all_uniforms.take(place, axis=0)

    def _draw(self, ids: np.ndarray) -> None:
        for i in ids:
            rng = _generator(self._seeds[i], self._steps[i] // self._block)
            rng.standard_normal(dtype=np.float32, out=self._normals[i])
            rng.random(dtype=np.float32, out=self._uniforms[i])

    def state(self) -> dict[str, np.ndarray]:
        """Seeds and steps so far (n,)."""
        return {"seeds": self._seeds.copy(), "steps": self._steps.copy()}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Continues from a `state`."""
        self._seeds[:] = state["seeds"]
        self._steps[:] = state["steps"]
        # A world on a block's edge draws at its next step.
        self._draw(np.flatnonzero(self._steps % self._block))
