"""Explicit contact pairs, whose numbers follow those of their two geoms."""

from __future__ import annotations

import mujoco
import numpy as np

FRICTION = (0, 0, 1, 2, 2)
"""Coordinate of a geom's friction that each coordinate of a pair's is of."""


def pairs_of(model: mujoco.MjModel, geom: int) -> np.ndarray:
    """Explicit pairs (k,) that a geom is in."""
    return np.flatnonzero((model.pair_geom1 == geom) | (model.pair_geom2 == geom))


def combined(model: mujoco.MjModel, field: str, rows: np.ndarray) -> np.ndarray:
    """What contacts of every explicit pair (n, npair, k) would take from the geoms' rows (n, ngeom, k) of a field,
    geom_friction, geom_solref or geom_solimp, had the pair no numbers of its own.

    MuJoCo takes those of the geom with the higher priority; of equal priority the larger frictions, and a mean of the
    others, weighted by solmix (the smaller solref where one is given as stiffness and damping).
    """
    first, second = rows[:, model.pair_geom1], rows[:, model.pair_geom2]
    if field == "geom_friction":
        both = np.maximum(first, second)
    else:
        one, other = model.geom_solmix[model.pair_geom1], model.geom_solmix[model.pair_geom2]
        total = one + other
        share = np.where(total > 0, one / np.where(total > 0, total, 1.0), 0.5)[:, None]
        both = np.where(first == second, first, share * first + (1 - share) * second)
        if field == "geom_solref":
            direct = (first[..., :1] <= 0) | (second[..., :1] <= 0)
            both = np.where(direct, np.minimum(first, second), both)
    higher = (model.geom_priority[model.pair_geom1] - model.geom_priority[model.pair_geom2])[:, None]
    mixed = np.where(higher > 0, first, np.where(higher < 0, second, both))
    return mixed[..., FRICTION] if field == "geom_friction" else mixed


def follow(model: mujoco.MjModel, field: str, geom_rows: np.ndarray, pair_rows: np.ndarray) -> None:
    """Sets the pairs' rows (n, npair, k) by what has become of the geoms' (n, ngeom, k).

    A pair with the numbers that its geoms combine to goes on having them. One with numbers of its own, such as a
    friction of 0.5 between geoms of 1, has these changed in the same proportion.
    """
    if not model.npair:
        return
    own = getattr(model, field.replace("geom_", "pair_"))
    before = combined(model, field, getattr(model, field)[None])[0]
    after = combined(model, field, geom_rows)
    proportion = np.divide(after, before, out=np.ones_like(after), where=before != 0)
    pair_rows[:] = np.where(own == before, after, own * proportion)
