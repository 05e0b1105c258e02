"""paint: the texels of procedural textures."""

from __future__ import annotations

from functools import cache

import numpy as np

PATTERNS = ("own", "flat", "checker", "gradient", "noise", "stripes")
"""Patterns by their number: as the model has it, one colour, chessboard, from one colour to the other, clouds, stripes."""
FINEST = 64
"""Texels along a side that are computed; larger textures repeat each."""
MOST_CELLS = 32
"""Most cells across a texture."""


def paint(
    pattern: int, colours: np.ndarray, cells: float, width: int, faces: int, rng: np.random.Generator
) -> np.ndarray:
    """A texture (faces, width, width, 3) uint8 of one of `PATTERNS` but the first, in two colours (2, 3) of 0 to 1.

    `cells` is how many squares, clouds or pairs of stripes there are across. Where they begin and which way they run comes
    from `rng`. The six faces of a cube fit together: patterns are cut from space.
    """
    side = min(width, FINEST)
    points = _points(side, faces)
    direction, phase = rng.standard_normal(3), rng.random(3)
    if faces == 1:
        direction[2] = 0.0
    direction /= np.linalg.norm(direction)
    share = _share(PATTERNS[pattern], points, direction, phase, cells, rng)
    texels = colours[0] + share[..., None] * (colours[1] - colours[0])
    small = np.rint(255.0 * texels.clip(0.0, 1.0)).astype(np.uint8)
    if side == width:
        return small
    nearest = np.arange(width) * side // width
    return small[:, nearest[:, None], nearest]


def _share(
    name: str, points: np.ndarray, direction: np.ndarray, phase: np.ndarray, cells: float, rng: np.random.Generator
) -> np.ndarray:
    """How much of the second colour there is at each point, 0 to 1."""
    if name == "flat":
        return np.zeros(points.shape[:-1])
    if name == "checker":
        return np.floor(points * (cells / 2) + phase).sum(axis=-1) % 2
    along = points @ direction
    if name == "gradient":
        return (along / np.abs(direction).sum() + 1.0) / 2.0
    if name == "stripes":
        return np.floor(along * cells + 2 * phase[0]) % 2
    return _clouds(points, cells, rng)


def _clouds(points: np.ndarray, cells: float, rng: np.random.Generator) -> np.ndarray:
    """Value noise: random values on a lattice, blended smoothly in between."""
    count = int(np.ceil(cells))
    lattice = rng.random((count + 2,) * 3)
    place = (points + 1.0) * (cells / 2)
    cell = np.minimum(place.astype(np.intp), count)
    within = place - cell
    blend = within * within * (3.0 - 2.0 * within)
    total = np.zeros(points.shape[:-1])
    for corner in np.ndindex(2, 2, 2):
        weight = np.where(np.array(corner), blend, 1.0 - blend).prod(axis=-1)
        total += weight * lattice[tuple(np.moveaxis(cell + corner, -1, 0))]
    return total


@cache
def _points(side: int, faces: int) -> np.ndarray:
    """Where texels lie in [-1, 1]^3 (faces, side, side, 3): on the faces of a cube in OpenGL's order, or on a square."""
    middle = (2 * np.arange(side) + 1) / side - 1.0
    down, right = np.meshgrid(middle, middle, indexing="ij")
    one = np.ones_like(right)
    if faces == 1:
        return np.stack((right, -down, 0 * one), axis=-1)[None]
    planes = (
        (one, -down, -right),
        (-one, -down, right),
        (right, one, down),
        (right, -one, -down),
        (right, -down, one),
        (-right, -down, -one),
    )
    return np.stack([np.stack(plane, axis=-1) for plane in planes])
