"""Gittins indices of Bernoulli arms."""

from __future__ import annotations

from functools import cache

import numpy as np

_CHARGES = np.linspace(0.0, 1.0, 129)
"""Charges per pull that the value of an arm is computed for; the index is interpolated between them."""


@cache
def gittins_indices(pulls: int, discount: float) -> np.ndarray:
    """Indices (pulls + 1, pulls + 1) by successes and failures seen so far, from the prior Beta(1, 1); read-only.

    The index is the charge per pull at which pulling the arm once more is worth exactly nothing (Weber 1992). The value
    W of an arm with the option to stop, `W = max(0, mean - charge + discount * E[W'])`, is found by dynamic programming
    backwards from three times as many pulls, where what is known is taken for the truth.
    """
    last = 3 * pulls
    table = np.full((pulls + 1, pulls + 1), np.nan)
    successes = np.arange(last + 1)
    mean = ((successes + 1.0) / (last + 2.0))[:, None]
    value = np.maximum(mean - _CHARGES, 0.0) / (1.0 - discount)
    for seen in range(last - 1, -1, -1):
        mean = ((successes[: seen + 1] + 1.0) / (seen + 2.0))[:, None]
        once_more = mean - _CHARGES + discount * (mean * value[1:] + (1.0 - mean) * value[:-1])
        if seen <= pulls:
            table[successes[: seen + 1], seen - successes[: seen + 1]] = _zero(once_more)
        value = np.maximum(once_more, 0.0)
    table.setflags(write=False)
    return table


def _zero(worth: np.ndarray) -> np.ndarray:
    """Charges (m,) at which the worths (m, charges), which fall with the charge, cross zero."""
    after = np.clip((worth > 0.0).sum(axis=1), 1, len(_CHARGES) - 1)
    rows = np.arange(len(worth))
    left, right = worth[rows, after - 1], worth[rows, after]
    return _CHARGES[after - 1] + (_CHARGES[after] - _CHARGES[after - 1]) * left / (left - right)
