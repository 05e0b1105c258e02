"""Distributions as plain data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from randomizers.distributions.choices import Choice, Fixed
from randomizers.distributions.distribution import Distribution
from randomizers.distributions.intervals import LogUniform, Uniform
from randomizers.distributions.mixture import Mixture
from randomizers.distributions.normals import Normal, TruncatedNormal
from randomizers.errors import WorldsError

_OF_NUMBERS: dict[str, tuple[int, Callable[..., Distribution]]] = {
    Uniform.key: (2, Uniform),
    LogUniform.key: (2, LogUniform),
    Normal.key: (2, Normal),
    TruncatedNormal.key: (4, TruncatedNormal),
}
"""Of the kinds that are written as a list of numbers, how many they take."""
_WORDS = {2: "two", 4: "four"}


def distribution_from_config(config: object) -> Distribution:
    """The distribution that plain data such as `{uniform: [0.7, 1.3]}` stands for. Raises WorldsError."""
    if not isinstance(config, Mapping) or len(config) != 1:
        raise WorldsError(f"a distribution is written {{kind: numbers}}, got {config!r}; kinds: {_kinds()}")
    ((key, body),) = config.items()
    if key == Fixed.key:
        return Fixed(body)
    if key == Choice.key and isinstance(body, Mapping) and set(body) == {"values", "weights"}:
        return Choice(_list(key, body["values"]), _list(key, body["weights"]))
    if key == Choice.key:
        return Choice(_list(key, body))
    if key == Mixture.key:
        return Mixture(tuple(distribution_from_config(part) for part in _list(key, body)))
    if key not in _OF_NUMBERS:
        raise WorldsError(f"unknown distribution {key!r}; kinds: {_kinds()}")
    count, kind = _OF_NUMBERS[key]
    numbers = _list(key, body)
    if len(numbers) != count:
        raise WorldsError(f"{key} takes {_WORDS[count]} numbers, got {body!r}")
    return kind(*numbers)


def _kinds() -> str:
    return ", ".join(sorted((*_OF_NUMBERS, Choice.key, Fixed.key, Mixture.key)))


def _list(key: str, body: object) -> tuple:
    if not isinstance(body, Sequence) or isinstance(body, str):
        raise WorldsError(f"{key} takes a list, got {body!r}")
    return tuple(body)
