"""The standard normal distribution's cumulative probability and its inverse, of arrays."""

from __future__ import annotations

from math import erfc, sqrt
from statistics import NormalDist

import numpy as np

SHARE = 2.0**-53
"""Difference of 1 from the number before it."""
_cdf = np.frompyfunc(lambda value: erfc(-value / sqrt(2.0)) / 2.0, 1, 1)
_quantile = np.frompyfunc(NormalDist().inv_cdf, 1, 1)


def normal_cdf(values: np.ndarray) -> np.ndarray:
    """Probability of a standard normal draw of at most each of `values`, in their shape; accurate in the lower tail."""
    return np.asarray(_cdf(values), np.float64)


def normal_quantile(shares: np.ndarray) -> np.ndarray:
    """The values that standard normal draws undercut in these shares of cases, numbers in [0, 1] of any shape.

    Shares so near to 0 or 1 that they would have none are taken as 1e-300 (-37.0) and as 1 - `SHARE` (8.2).
    """
    return np.asarray(_quantile(np.clip(shares, 1e-300, 1.0 - SHARE)), np.float64)
