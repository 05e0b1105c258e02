"""Units: what a world file may state numbers in, and their size in the unit that a term works in."""

from __future__ import annotations

from math import pi

from randomizers.errors import WorldsError

_FAMILIES: tuple[dict[str, float], ...] = (
    {"rad": 1.0, "deg": pi / 180},
    {"m": 1.0, "cm": 1e-2, "mm": 1e-3},
    {"kg": 1.0, "g": 1e-3},
    {"s": 1.0, "ms": 1e-3},
    {"rad/s": 1.0, "deg/s": pi / 180},
    {"m/s": 1.0, "mm/s": 1e-3},
    {"rad/s^2": 1.0, "deg/s^2": pi / 180},
    {"rad/sqrt(s)": 1.0, "deg/sqrt(s)": pi / 180},
    {"m/sqrt(s)": 1.0, "mm/sqrt(s)": 1e-3},
    {"N s": 1.0, "mN s": 1e-3},
    {"N m": 1.0, "mN m": 1e-3},
    {"1/s": 1.0, "1/min": 1 / 60},
)
"""Units of one quantity each, the SI one first, and the size of each in it."""


def conversion(given: str, wanted: str) -> float:
    """What numbers in the unit `given` are multiplied by to be in the unit `wanted`. Raises WorldsError if they measure
    different things."""
    if given == wanted:
        return 1.0
    for family in _FAMILIES:
        if given in family and wanted in family:
            return family[given] / family[wanted]
    raise WorldsError(f"unit {given!r} does not fit; unit: {', '.join(units_like(wanted))}")


def units_like(unit: str) -> tuple[str, ...]:
    """The units that measure the same, itself first."""
    family = next((family for family in _FAMILIES if unit in family), {unit: 1.0})
    return (unit, *(name for name in family if name != unit))
