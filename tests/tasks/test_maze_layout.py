from __future__ import annotations

import numpy as np
import pytest

from sim2real.tasks.mazes.layout import HEADINGS, distances, passages, start_and_target, walls, ways
from sim2real.tasks.mazes.window import windows

SIZES = (2, 5, 9)


def grid(*rows: str) -> np.ndarray:
    return np.array([[square == "#" for square in row] for row in rows])


TINY = grid(
    "#####",
    "#...#",
    "#.#.#",
    "#.#.#",
    "#####",
)
"""Cells (0, 0) and (0, 1) are joined, and each with the one below it."""


@pytest.mark.parametrize("size", SIZES)
def test_every_cell_is_reached_and_by_one_way_only(size: int) -> None:
    for seed in range(50):
        maze = walls(seed, size)
        assert maze.shape == (2 * size + 1, 2 * size + 1) and maze.dtype == bool
        assert maze[[0, -1]].all() and maze[:, [0, -1]].all() and maze[::2, ::2].all(), "closed, and on its grid"
        assert not maze[1::2, 1::2].any()
        assert distances(maze, (0, 0)).min() == 0, "-1 marks cells that are not reached"
        assert (~maze).sum() == size**2 + size**2 - 1, "a tree has one passage fewer than cells"


def test_the_seed_decides_and_every_seed_decides_otherwise() -> None:
    mazes = [walls(seed, 5) for seed in range(200)]
    assert all(np.array_equal(maze, walls(seed, 5)) for seed, maze in enumerate(mazes))
    assert len({maze.tobytes() for maze in mazes}) == 200
    places = [start_and_target(seed, 5) for seed in range(200)]
    assert places == [start_and_target(seed, 5) for seed in range(200)]
    assert start_and_target(2**64 - 1, 5) != start_and_target(0, 5)


def test_starts_headings_and_targets_are_uniform() -> None:
    n = 6000
    places = [start_and_target(seed, 3) for seed in range(n)]
    assert all(start != target for start, _, target in places)
    pairs = np.bincount([9 * (3 * s[0] + s[1]) + 3 * t[0] + t[1] for s, _, t in places], minlength=81).reshape(9, 9)
    chance = 1 / 72
    assert np.abs(pairs[~np.eye(9, dtype=bool)] / n - chance).max() < 4.5 * np.sqrt(chance / n)
    headings = np.bincount([heading for _, heading, _ in places], minlength=4) / n
    assert np.abs(headings - 0.25).max() < 4 * np.sqrt(0.1875 / n)


def test_each_passage_is_dug_as_often_as_the_one_across_from_it() -> None:
    n = 2000
    share = np.mean([passages(walls(seed, 3)) for seed in range(n)], axis=0)
    for turned in (np.rot90(np.roll(share, 1, axis=-1), -1), share[:, ::-1, [0, 3, 2, 1]]):
        assert np.abs(share - turned).max() < 4.5 * np.sqrt(0.5 / n)


def test_passages_distances_and_ways_of_a_maze_that_is_looked_at() -> None:
    assert passages(TINY)[0, 0].tolist() == [False, True, True, False]
    assert passages(TINY)[1, 1].tolist() == [True, False, False, False]
    moves = distances(TINY, (1, 1))
    assert moves.tolist() == [[2, 1], [3, 0]]
    way = ways(TINY, moves)
    assert (way[0, 0], way[0, 1], way[1, 0]) == (1, 2, 0), "right, down, up"


def test_what_no_way_leads_to_is_at_no_distance() -> None:
    split = TINY.copy()
    split[1, 2] = True
    assert distances(split, (1, 1)).tolist() == [[-1, 1], [-1, 0]]


def test_following_the_ways_comes_a_move_closer_each_time() -> None:
    for seed in range(20):
        maze, (_, _, target) = walls(seed, 9), start_and_target(seed, 9)
        moves = distances(maze, target)
        way, free = ways(maze, moves), passages(maze)
        for cell in np.ndindex(9, 9):
            if cell != target:
                down, right = HEADINGS[way[cell]]
                assert free[cell][way[cell]] and moves[cell[0] + down, cell[1] + right] == moves[cell] - 1


def seen(maze: np.ndarray, target: tuple[int, int], cell: tuple[int, int], heading: int) -> list[str]:
    """The window with what lies ahead on top: "#" wall, "X" target, "." free or hidden."""
    wall, mark = windows(maze, target)[cell][heading]
    assert not (wall & mark).any()
    return ["".join(row) for row in np.where(mark, "X", np.where(wall, "#", "."))[::-1]]


@pytest.mark.parametrize(
    ("heading", "wanted"),
    [
        (0, [".....", ".....", ".....", ".####", ".#..."]),
        (1, [".....", ".####", ".#..X", ".#.##", ".#..."]),
        (2, [".....", "####.", "X#.#.", ".#.#.", "...#."]),
        (3, [".....", ".....", ".....", "####.", "...#."]),
    ],
    ids=("up", "right", "down", "left"),
)
def test_a_viewer_in_the_upper_left_cell_sees_what_lies_ahead(heading: int, wanted: list[str]) -> None:
    """The way into cell (0, 1) is to the right of who looks up, and ahead of who looks right."""
    assert seen(TINY, (1, 1), (0, 0), heading) == wanted


def test_walls_hide_the_target() -> None:
    assert "X" not in "".join(seen(TINY, (1, 0), (1, 1), 3)), "right behind the wall ahead"
    assert "X" not in "".join(seen(TINY, (1, 1), (1, 0), 0)), "behind the viewer's right shoulder"
    assert seen(TINY, (0, 1), (1, 1), 0) == [".....", "####.", "..X#.", ".#.#.", ".#.#."]


def test_corridors_are_seen_two_cells_deep() -> None:
    corridor = grid("#######", "#.....#", "#.###.#", "#.#...#", "#.#.#.#", "#.#.#.#", "#######")
    assert seen(corridor, (0, 2), (0, 0), 1) == [".#X..", ".#.#.", ".#.#.", ".#.##", ".#..."]
