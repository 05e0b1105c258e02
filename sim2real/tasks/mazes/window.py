"""Window: what of a maze's grid is seen from each cell, looking ahead."""

from __future__ import annotations

import numpy as np

WIDTH = 5
"""Squares of the grid to a side; the viewer stands in the middle of the near side."""

_AHEAD, _ASIDE = np.mgrid[:WIDTH, -(WIDTH // 2) : WIDTH // 2 + 1]
"""Squares ahead and to the right of the viewer (WIDTH, WIDTH)."""
_DOWN = np.stack((-_AHEAD, _ASIDE, _AHEAD, -_ASIDE), axis=-1)
_RIGHT = np.stack((_ASIDE, _AHEAD, -_ASIDE, -_AHEAD), axis=-1)
"""The same on the grid (WIDTH, WIDTH, 4), by heading."""


def windows(walls: np.ndarray, target: tuple[int, int]) -> np.ndarray:
    """Walls and target as seen (size, size, 4, 2, WIDTH, WIDTH), uint8, from each cell and heading.

    Rows lead away from the viewer, columns from its left to its right. Walls hide what is behind them: seen is what can be
    reached over free squares by going ahead and outward alone, as every straight line does. Hidden squares are 0 in both.
    """
    margin = WIDTH - 2
    cells = 1 + 2 * np.arange(len(walls) // 2)
    row, column = cells[:, None, None, None, None] + _DOWN, cells[:, None, None, None] + _RIGHT
    wall = np.pad(walls, margin)[row + margin, column + margin]
    marked = (row == 1 + 2 * target[0]) & (column == 1 + 2 * target[1])
    # Squares lead, for their loops to go over whole blocks.
    wall, marked = (np.moveaxis(squares, (2, 3), (0, 1)) for squares in (wall, marked))
    seen = _in_sight(~wall)
    return np.moveaxis(np.stack((wall & seen, marked & seen)), (3, 4, 5), (0, 1, 2)).astype(np.uint8)


def _in_sight(free: np.ndarray) -> np.ndarray:
    """Squares (WIDTH, WIDTH, ...) that are seen where some are free."""
    middle = WIDTH // 2
    seen = np.zeros_like(free)
    seen[0, middle] = True
    for ahead in range(WIDTH):
        row, clear = seen[ahead], free[ahead]
        for aside in range(middle):
            row[middle + aside + 1] |= row[middle + aside] & clear[middle + aside]
            row[middle - aside - 1] |= row[middle - aside] & clear[middle - aside]
        if ahead + 1 < WIDTH:
            through, beyond = row & clear, seen[ahead + 1]
            beyond |= through
            beyond[middle + 1 :] |= through[middle:-1]
            beyond[:middle] |= through[1 : middle + 1]
    return seen
