"""Which worlds to evaluate in."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, get_args

import numpy as np

from randomizers import WorldDistribution, Worlds, WorldsError, load_world
from sim2real.errors import UserError

WorldsKind = Literal["nominal", "seen", "unseen"]
KINDS: tuple[WorldsKind, ...] = get_args(WorldsKind)

_EVALUATION = 1_000_003
"""Part of every evaluation's seed, so that no training seed draws the same worlds."""


def choose_worlds(distribution: WorldDistribution, kind: WorldsKind, n: int, seed: int) -> Worlds:
    """n worlds of the model as it is, of the training ranges, or of the unseen ranges; none that training draws, but for
    those of a finite set that it saw.

    Raises UserError where the distribution has neither unseen ranges nor a finite set.
    """
    rng = np.random.default_rng([_EVALUATION, seed, KINDS.index(kind)])
    if kind == "seen":
        return distribution.sample(rng, n)
    if kind == "unseen":
        try:
            return distribution.split()[1].sample(rng, n)
        except WorldsError as error:
            raise UserError(str(error)) from error
    nominal = distribution.nominal(n)
    return Worlds(nominal.names, nominal.values, rng.integers(0, 2**63, n, dtype=np.uint64))


def unseen_one_by_one(distribution: WorldDistribution, n: int, seed: int) -> dict[str, Worlds]:
    """For each term with an unseen range, the n seen worlds with that term's numbers alone from the unseen ones.

    Starts, noise and pushes have the same chances in all of them and in the seen worlds: what differs is the term's doing.
    Raises UserError where no term has an unseen range.
    """
    seen = choose_worlds(distribution, "seen", n, seed)
    held_out = [term.name for term in distribution.terms if term.unseen is not None]
    if not held_out:
        raise UserError("no term has an unseen range, so there is none to change one by one")
    unseen = choose_worlds(distribution, "unseen", n, seed)
    worlds = {}
    for name in held_out:
        values, columns = seen.values.copy(), distribution.drawing.columns[name]
        values[:, columns] = unseen.values[:, columns]
        worlds[name] = Worlds(seen.names, values, seen.seeds)
    return worlds


def kinds_of(distribution: WorldDistribution) -> tuple[WorldsKind, ...]:
    """The kinds to evaluate in: nominal and seen worlds, and unseen ones where a term has an unseen range or training
    draws from a finite set; without terms, where worlds differ by their seed alone, none is nominal."""
    unseen = distribution.finite is not None or any(term.unseen is not None for term in distribution.terms)
    return tuple(kind for kind in KINDS if (kind != "nominal" or distribution.terms) and (kind != "unseen" or unseen))


def read_world(path: Path, distribution: WorldDistribution) -> Worlds:
    """One world from a JSON file, completed. Raises UserError for a file that holds none, has other parameters or in other
    units, or a world whose episodes would begin in penetration."""
    try:
        worlds = load_world(path.read_text(), distribution)
        distribution.target.check(distribution.with_pins(worlds[0].values))
        return worlds
    except (OSError, UnicodeDecodeError, WorldsError) as error:
        raise UserError(f"cannot use world {path}: {error}") from error
