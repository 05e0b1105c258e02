"""World: one named draw of everything that can differ between simulators and the robot."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from math import isfinite
from types import MappingProxyType
from typing import Any

import numpy as np

from randomizers.errors import WorldsError

_SEEDS = 2**64


@dataclass(frozen=True)
class World:
    """Values of named parameters; what is not named is nominal. Raises WorldsError for values that are not finite."""

    values: Mapping[str, float] = field(default_factory=dict)
    """Parameters by name, in the unit that their distribution gives."""
    seed: int = 0
    """Seeds everything random that happens in this world, in [0, 2^64)."""

    def __post_init__(self) -> None:
        for name, value in self.values.items():
            if not _is_finite(value):
                raise WorldsError(f"parameter {name!r} must be a finite number, got {value!r}")
        if not _is_seed(self.seed):
            raise WorldsError(f"a world's seed is a whole number of at least 0 and below 2^64, got {self.seed!r}")
        values = {name: float(value) for name, value in self.values.items()}
        object.__setattr__(self, "values", MappingProxyType(values))
        object.__setattr__(self, "seed", int(self.seed))

    @classmethod
    def nominal(cls, seed: int = 0) -> World:
        """The world that the model describes."""
        return cls({}, seed)

    def replace(self, values: Mapping[str, float] | None = None, *, seed: int | None = None, **named: float) -> World:
        """The same with some parameters changed or added, and another seed if one is given."""
        merged = {**self.values, **(values or {}), **named}
        return World(merged, self.seed if seed is None else seed)

    def to_json(self) -> str:
        """Canonical JSON: `from_json` gives an equal world."""
        content = {"seed": self.seed, "values": dict(self.values)}
        return json.dumps(content, sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> World:
        """The world `to_json` wrote. Raises WorldsError for anything else."""
        content = _load(text, "a world", ("seed", "values"))
        if not isinstance(content["values"], dict):
            raise WorldsError(f"a world's values are numbers by name, got {content['values']!r}")
        return cls(content["values"], content["seed"])

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the canonical JSON, hexadecimal."""
        return sha256(self.to_json().encode()).hexdigest()

    def __hash__(self) -> int:
        return hash((self.seed, frozenset(self.values.items())))

    def __reduce__(self) -> tuple[type[World], tuple[dict[str, float], int]]:
        return World, (dict(self.values), self.seed)


@dataclass(frozen=True, eq=False)
class Worlds:
    """n worlds with the same parameters, as read-only arrays."""

    names: tuple[str, ...]
    """The k parameters."""
    values: np.ndarray
    """Their values (n, k), float64."""
    seeds: np.ndarray
    """Seed of each world (n,), uint64."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", tuple(self.names))
        object.__setattr__(self, "values", _frozen(self.values, np.float64))
        object.__setattr__(self, "seeds", _frozen(self.seeds, np.uint64))
        if len(set(self.names)) < len(self.names):
            raise WorldsError(f"parameter names must differ, got {', '.join(self.names)}")
        if self.seeds.ndim != 1 or self.values.shape != (len(self.seeds), len(self.names)):
            raise WorldsError(
                f"{len(self.names)} names and seeds of shape {self.seeds.shape} want values of shape "
                f"(n, {len(self.names)}), got {self.values.shape}"
            )
        if not np.isfinite(self.values).all():
            wrong = [
                name for name, finite in zip(self.names, np.isfinite(self.values).all(0), strict=True) if not finite
            ]
            raise WorldsError(f"parameters must be finite, got others for {', '.join(wrong)}")

    def __len__(self) -> int:
        return len(self.seeds)

    def __getitem__(self, index: int) -> World:
        return World(dict(zip(self.names, self.values[index].tolist(), strict=True)), int(self.seeds[index]))

    def __iter__(self) -> Iterator[World]:
        return (self[index] for index in range(len(self)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Worlds):
            return NotImplemented
        return (
            self.names == other.names
            and np.array_equal(self.values, other.values)
            and np.array_equal(self.seeds, other.seeds)
        )

    __hash__ = None  # type: ignore[assignment]

    def take(self, ids: np.ndarray | Sequence[int]) -> Worlds:
        """The worlds of the given indices, or where a mask (n,) is true."""
        ids = np.asarray(ids)
        return Worlds(self.names, self.values[ids], self.seeds[ids])

    def column(self, name: str) -> np.ndarray:
        """One parameter in every world (n,). Raises WorldsError for a name that they do not have."""
        if name not in self.names:
            raise WorldsError(f"no parameter {name!r}; parameters: {', '.join(self.names) or 'none'}")
        return self.values[:, self.names.index(name)]

    @classmethod
    def stack(cls, worlds: Sequence[World]) -> Worlds:
        """Several worlds as one. Raises WorldsError where their parameters differ."""
        names = tuple(worlds[0].values) if worlds else ()
        for world in worlds:
            if set(world.values) != set(names):
                raise WorldsError(
                    f"worlds to stack must have the same parameters, got {', '.join(names) or 'none'} "
                    f"and {', '.join(world.values) or 'none'}"
                )
        values = np.array([[world.values[name] for name in names] for world in worlds], np.float64)
        seeds = np.array([world.seed for world in worlds], np.uint64)
        return cls(names, values.reshape(len(worlds), len(names)), seeds)

    def to_json(self) -> str:
        """Canonical JSON: `from_json` gives equal worlds."""
        content = {"names": self.names, "seeds": self.seeds.tolist(), "values": self.values.tolist()}
        return json.dumps(content, sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Worlds:
        """The worlds `to_json` wrote. Raises WorldsError for anything else."""
        content = _load(text, "worlds", ("names", "seeds", "values"))
        names = tuple(content["names"])
        try:
            seeds = np.array(content["seeds"], np.uint64)
            values = np.array(content["values"], np.float64).reshape(len(seeds), len(names))
        except (OverflowError, TypeError, ValueError) as error:
            raise WorldsError(f"the JSON of worlds has a seed and {len(names)} numbers for each: {error}") from error
        return cls(names, values, seeds)


def _is_finite(value: object) -> bool:
    return isinstance(value, float | int | np.floating | np.integer) and isfinite(value)


def _is_seed(value: object) -> bool:
    return isinstance(value, int | np.integer) and 0 <= int(value) < _SEEDS


def _frozen(array: np.ndarray, dtype: type) -> np.ndarray:
    copy: np.ndarray = np.array(array, dtype)
    copy.setflags(write=False)
    return copy


def _load(text: str, what: str, keys: tuple[str, ...]) -> dict[str, Any]:
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        raise WorldsError(f"not the JSON of {what}: {error}") from error
    if not isinstance(content, dict) or set(content) != set(keys):
        given = ", ".join(content) if isinstance(content, dict) else type(content).__name__
        raise WorldsError(f"the JSON of {what} has the keys {', '.join(keys)}, got {given}")
    return content
