"""Ranks of values, and how likely a deviation is.

Belongs here: the two small pieces that several tests share. Not here: a test.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def midranks(values: Floats) -> Floats:
    """Rank values from 1; equal ones share the mean of their ranks."""
    _, group, sizes = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(sizes)
    ranks: Floats = (last - (sizes - 1) / 2)[group]
    return ranks


def two_sided(z: float) -> float:
    """Give the chance that a standard normal number lies at least as far from 0 as `z`."""
    return math.erfc(abs(z) / math.sqrt(2))
