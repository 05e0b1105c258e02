"""Presets: distributions of worlds that were published, as files that fit any model with the roles they name."""

from __future__ import annotations

from pathlib import Path

from randomizers.errors import WorldsError
from randomizers.target import Target
from randomizers.world_distribution import WorldDistribution
from randomizers.world_file import load_worlds, read_source

_FOLDER = Path(__file__).parent

PRESETS = tuple(sorted(path.stem for path in _FOLDER.glob("*.yaml")))
"""Names of the presets."""


def preset_path(name: str) -> Path:
    """The file of a preset. Raises WorldsError for a name that is none."""
    if name not in PRESETS:
        raise WorldsError(f"unknown preset {name!r}; presets: {', '.join(PRESETS)}")
    return _FOLDER / f"{name}.yaml"


def preset_source(name: str) -> str:
    """Where a preset's numbers are from. Raises WorldsError for a name that is none."""
    return read_source(preset_path(name))


def preset(name: str, target: Target) -> WorldDistribution:
    """A preset's worlds for `target`; `left_out` says which of its terms that has nothing for. Raises WorldsError for a
    name that is none, and where the target lacks what the preset cannot do without."""
    return load_worlds(preset_path(name), target)
