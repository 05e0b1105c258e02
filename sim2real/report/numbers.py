"""How numbers are written for people."""

from __future__ import annotations

from collections.abc import Iterable
from math import floor, log10

SQUARED = "\N{SUPERSCRIPT TWO}"
MINUS = "\N{MINUS SIGN}"
PREFIXES = ((1e9, "G"), (1e6, "M"), (1e3, "k"))


def number(value: float) -> str:
    """Three significant digits; whole numbers from a thousand on."""
    shown = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return shown.replace("e-0", "e-").replace("-", MINUS)


def fixed(value: float, decimals: int) -> str:
    """With so many decimals; never minus zero."""
    shown = f"{value:,.{decimals}f}"
    return shown.replace("-", MINUS if shown.strip("-0.,") else "")


def decimals(values: Iterable[float]) -> int:
    """Decimals that give the largest of some values three significant digits."""
    largest = max((abs(value) for value in values), default=0.0)
    return min(max(2 - floor(log10(largest)), 0), 6) if largest else 2


def count(value: float) -> str:
    """A large count in short: 12.3 M."""
    for size, prefix in PREFIXES:
        if value >= size:
            return f"{value / size:.3g} {prefix}"
    return f"{value:.3g}"


def milliseconds(seconds: float) -> str:
    """A duration [s], written in ms."""
    return f"{number(seconds * 1e3)} ms"


def words(name: str) -> str:
    """A name in the code as people write it."""
    return name.replace("_", " ")


def unit_suffix(unit: str) -> str:
    """ " rad/s"; nothing for pure numbers."""
    return "" if unit in ("", "1") else f" {unit.replace('^2', SQUARED)}"


def named(name: str, unit: str) -> str:
    """A quantity with its unit, as in "rotation rate [rad/s]"."""
    shown = unit_suffix(unit).strip()
    return words(name) + (f" [{shown}]" if shown else "")


def parameter(name: str, unit: str) -> str:
    """A world's parameter with its unit; `limits[elbow:low]` becomes "limits of elbow:low"."""
    term, _, element = name.removesuffix("]").partition("[")
    return named(term, "") + (f" of {element}" if element else "") + named("", unit)
