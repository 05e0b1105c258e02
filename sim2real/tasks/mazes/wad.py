"""WAD files of mazes: walls, start and target as a level that Doom's engine loads."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence

import numpy as np

CELL = 96.0
"""From the centre of a cell to that of the next [map units]; the player is a box 32 wide."""
WALL = 16.0
"""Thickness of walls [map units]."""
HEIGHT = 96
"""From floor to ceiling [map units]; the player sees from 41."""
TEXTURES = ("BRICK7", "STONE2", "TEKGREN2", "METAL1", "WOOD1", "MARBLE1", "SP_HOT1", "COMPBLUE")
"""Of freedoom2.wad: brown brick, grey stone, grey-green panels, grey metal, wood, green marble, red, blue."""

_FLOOR, _CEILING = "FLOOR4_8", "CEIL3_5"
_LIGHT = 224
_START, _TARGET = 1, 20000
"""Numbers of things: the first player's start, and one that the engine leaves to levels."""
_NORTH, _CLOCKWISE = 90, -90
"""Doom's angle of heading 0, and from each heading to the next [deg]."""

_DECORATE = f"""
actor MazeTarget {_TARGET}
{{
  Radius 16
  Height 56
  XScale 1.5
  YScale 1.5
  RenderStyle Stencil
  StencilColor "ff 00 ff"
  States
  {{
  Spawn:
    COL1 A -1 Bright
    stop
  }}
}}
"""
"""A pillar in a magenta that no wall has, bright at any distance. It neither blocks nor can be picked up."""


def write_wad(lumps: Sequence[tuple[str, bytes]]) -> bytes:
    """A patch WAD of lumps (name of at most 8 characters, data)."""
    data, directory = bytearray(), bytearray()
    for name, lump in lumps:
        directory += struct.pack("<ii8s", 12 + len(data), len(lump), name.encode("ascii"))
        data += lump
    return struct.pack("<4sii", b"PWAD", len(lumps), 12 + len(data)) + data + directory


def objects_wad() -> bytes:
    """The WAD of what all mazes share: the target's looks."""
    return write_wad([("DECORATE", _DECORATE.encode("ascii"))])


def maze_wad(
    walls: np.ndarray, start: tuple[int, int], heading: int, target: tuple[int, int], textures: np.ndarray
) -> bytes:
    """The WAD of one maze as the UDMF level MAP01.

    `walls` (2 * size + 1, 2 * size + 1) bool and the cells `start` and `target` (row, column) are as in
    `sim2real.tasks.mazes.layout`, `heading` at the start counts quarters clockwise from up. `textures`, of the shape of
    walls, says which of `TEXTURES` each square of wall shows on all its sides. The centre of cell (row, column) is at
    x = (column + 1/2) * CELL, y = -(row + 1/2) * CELL.
    """
    level = _textmap(walls, start, heading, target, textures).encode("ascii")
    return write_wad([("MAP01", b""), ("TEXTMAP", level), ("ENDMAP", b"")])


def _textmap(
    walls: np.ndarray, start: tuple[int, int], heading: int, target: tuple[int, int], textures: np.ndarray
) -> str:
    """Universal Doom Map Format 1.1: all that is open is one sector, and lines stand where it ends."""
    corners: dict[tuple[int, int], int] = {}
    lines, sides = [], []
    for side, (first, second, texture) in enumerate(_faces(walls, textures)):
        ends = [corners.setdefault(corner, len(corners)) for corner in (first, second)]
        lines.append(f"linedef{{v1={ends[0]};v2={ends[1]};sidefront={side};blocking=true;}}")
        sides.append(f'sidedef{{sector=0;texturemiddle="{TEXTURES[texture]}";}}')
    return "\n".join(
        (
            'namespace="ZDoom";',
            *(f"vertex{{x={_edge(column)};y={-_edge(row)};}}" for row, column in corners),
            *lines,
            *sides,
            f'sector{{heightceiling={HEIGHT};texturefloor="{_FLOOR}";textureceiling="{_CEILING}";lightlevel={_LIGHT};}}',
            _thing(_START, start, (_NORTH + _CLOCKWISE * heading) % 360),
            _thing(_TARGET, target, 0),
        )
    )


def _faces(walls: np.ndarray, textures: np.ndarray) -> Iterator[tuple[tuple[int, int], tuple[int, int], int]]:
    """(corner, corner, texture) of each face of wall, corners (row, column) so that what is open lies to the right."""
    for row, column in np.argwhere(~walls).tolist():
        above, left, below, right = row, column, row + 1, column + 1
        for square, first, second in (
            ((row - 1, column), (above, left), (above, right)),
            ((row, column + 1), (above, right), (below, right)),
            ((row + 1, column), (below, right), (below, left)),
            ((row, column - 1), (below, left), (above, left)),
        ):
            if walls[square]:
                yield first, second, textures[square]


def _edge(square: int) -> float:
    """Where a square begins [map units], counted along a row or a column: squares of wall are even and thin."""
    return square // 2 * CELL + (WALL / 2 if square % 2 else -WALL / 2)


def _thing(kind: int, cell: tuple[int, int], angle: int) -> str:
    x, y = (cell[1] + 0.5) * CELL, -(cell[0] + 0.5) * CELL
    skills = "".join(f"skill{k}=true;" for k in range(1, 6))
    return f"thing{{x={x};y={y};angle={angle};type={kind};{skills}single=true;class1=true;}}"
