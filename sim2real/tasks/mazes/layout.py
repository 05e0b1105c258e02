"""Layout of mazes: walls, start and target, all decided by a world's seed.

A maze has `size` by `size` cells. Drawn on a grid of (2 * size + 1) squares to a side, cell (row, column) is the square
(2 * row + 1, 2 * column + 1); the squares between two cells are wall or passage. Headings count clockwise.
"""

from __future__ import annotations

from collections import deque

import numpy as np

from randomizers import episode_generator

HEADINGS = ((-1, 0), (0, 1), (1, 0), (0, -1))
"""Step (row, column) of headings 0 to 3: up, right, down, left on the grid."""


def walls(seed: int, size: int) -> np.ndarray:
    """Walls (2 * size + 1, 2 * size + 1), bool, of the maze of the world with `seed`.

    Duan et al. 2016 say no more of theirs than that they are random. These are made by randomized depth-first search:
    exactly one way leads from any cell to any other, with long corridors and dead ends, so that a target once found is
    worth remembering and cannot be met by circling.
    """
    chance = _chance(seed, size)
    grid = np.ones((2 * size + 1, 2 * size + 1), dtype=bool)
    row, column = divmod(int(chance[3] * size * size), size)
    unvisited = {(r, c) for r in range(size) for c in range(size)} - {(row, column)}
    grid[1::2, 1::2] = False
    trail = [(row, column)]
    while unvisited:
        row, column = trail[-1]
        choices = [way for way in HEADINGS if (row + way[0], column + way[1]) in unvisited]
        if not choices:
            trail.pop()
            continue
        down, right = choices[int(chance[3 + len(unvisited)] * len(choices))]
        grid[2 * row + 1 + down, 2 * column + 1 + right] = False
        trail.append((row + down, column + right))
        unvisited.remove(trail[-1])
    return grid


def start_and_target(seed: int, size: int) -> tuple[tuple[int, int], int, tuple[int, int]]:
    """Start cell (row, column), heading at the start (0 to 3) and target cell of the world with `seed`.

    Start and heading are uniform, the target is uniform over the other cells. All stay over the trial, so that its
    episodes pose one problem and their steps can be compared.
    """
    chance = _chance(seed, size)
    start = int(chance[0] * size * size)
    target = int(chance[1] * (size * size - 1))
    target += target >= start
    return divmod(start, size), int(chance[2] * 4), divmod(target, size)


def distances(walls: np.ndarray, target: tuple[int, int]) -> np.ndarray:
    """Moves (size, size), int64, from each cell to the cell `target`; -1 where no way leads there."""
    size = len(walls) // 2
    passable = passages(walls).tolist()
    moves = np.full((size, size), -1)
    moves[target] = 0
    queue = deque([(*target, 0)])
    while queue:
        row, column, moved = queue.popleft()
        for (down, right), passage in zip(HEADINGS, passable[row][column], strict=True):
            cell = row + down, column + right
            if passage and moves[cell] < 0:
                moves[cell] = moved + 1
                queue.append((*cell, moved + 1))
    return moves


def passages(walls: np.ndarray) -> np.ndarray:
    """Whether a move from each cell in each heading is free (size, size, 4), bool."""
    size = len(walls) // 2
    beside = [walls[1 + down :: 2, 1 + right :: 2][:size, :size] for down, right in HEADINGS]
    return ~np.stack(beside, axis=-1)


def ways(walls: np.ndarray, moves: np.ndarray) -> np.ndarray:
    """Heading (size, size) of a shortest way on from each cell, where `moves` (size, size) are the `distances` left; any
    heading at the target."""
    size = len(moves)
    onward = passages(walls) * np.array([down * size + right for down, right in HEADINGS])
    return moves.ravel()[np.arange(size * size).reshape(size, size, 1) + onward].argmin(axis=-1)


def _chance(seed: int, size: int) -> np.ndarray:
    """All chance of a maze: uniforms on [0, 1) for start, target, heading, first cell dug, and each cell dug after it."""
    return episode_generator(seed, 0).random(3 + size * size)
