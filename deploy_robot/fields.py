"""Checked fields: what the contract's dataclasses use to refuse a bad value in one line that names the field."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import MISSING, fields
from numbers import Real
from typing import Any

from deploy_robot.errors import BundleError


def text(value: object, field: str, choices: Sequence[str] = ()) -> str:
    """A non-empty string, one of `choices` where they are given."""
    if not isinstance(value, str) or not value:
        raise BundleError(f"{field}: given {value!r}, wanted a non-empty string")
    if choices and value not in choices:
        raise BundleError(f"{field}: given {value!r}, wanted one of {', '.join(map(repr, choices))}")
    return value


def number(value: object, field: str, low: float = -math.inf, high: float = math.inf) -> float:
    """A finite number in [low, high]."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise BundleError(f"{field}: given {value!r}, wanted a number")
    try:
        result = float(value)
    except OverflowError:
        result = math.inf
    if not math.isfinite(result) or not low <= result <= high:
        bounds = "" if (low, high) == (-math.inf, math.inf) else f" in [{low:g}, {high:g}]"
        raise BundleError(f"{field}: given {value!r}, wanted a finite number{bounds}")
    return result


def numbers(value: object, field: str, size: int, *, positive: bool = False) -> tuple[float, ...]:
    """`size` finite numbers; a single number stands for all of them."""
    if isinstance(value, str | Mapping):
        raise BundleError(f"{field}: given {value!r}, wanted {size} numbers")
    values = list(value) if isinstance(value, Iterable) else [value] * size
    if len(values) != size:
        raise BundleError(f"{field}: given {len(values)} numbers, wanted {size}")
    result = tuple(number(item, f"{field}[{index}]") for index, item in enumerate(values))
    if positive and any(item <= 0 for item in result):
        raise BundleError(f"{field}: given {min(result):g}, wanted every number above 0")
    return result


def names(value: object, field: str, among: Sequence[str] | None = None, *, empty: bool = False) -> tuple[str, ...]:
    """Distinct non-empty strings, each one of `among` where that is given."""
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise BundleError(f"{field}: given {value!r}, wanted a list of names")
    result = tuple(text(item, f"{field}[{index}]") for index, item in enumerate(value))
    if not result and not empty:
        raise BundleError(f"{field}: given no name, wanted at least one")
    repeated = sorted({name for name in result if result.count(name) > 1})
    if repeated:
        raise BundleError(f"{field}: {repeated[0]!r} stands there more than once")
    for name in result:
        if among is not None and name not in among:
            raise BundleError(f"{field}: unknown name {name!r}; available: {', '.join(among)}")
    return result


def text_map(value: object, field: str) -> dict[str, str]:
    """A mapping of strings to strings."""
    if not isinstance(value, Mapping):
        raise BundleError(f"{field}: given {value!r}, wanted a mapping of names to strings")
    for key, item in value.items():
        if not isinstance(key, str) or not isinstance(item, str):
            raise BundleError(f"{field}: given {key!r}: {item!r}, wanted a string for a string")
    return dict(value)


def arguments(kind: type, value: object, field: str) -> dict[str, Any]:
    """The keyword arguments for the dataclass `kind` out of a JSON object: none missing, none unknown."""
    if not isinstance(value, Mapping):
        raise BundleError(f"{field}: given {value!r}, wanted an object")
    known = [item.name for item in fields(kind)]
    required = [item.name for item in fields(kind) if item.default is MISSING and item.default_factory is MISSING]
    for name in value:
        if name not in known:
            raise BundleError(f"{field}: unknown field {name!r}; available: {', '.join(known)}")
    for name in required:
        if name not in value:
            raise BundleError(f"{field}: field {name!r} is missing; given: {', '.join(value) or 'nothing'}")
    return dict(value)
