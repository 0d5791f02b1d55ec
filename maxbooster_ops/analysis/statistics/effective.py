"""How many independent values correlated ones are worth.

Belongs here: that number. Not here: the tests that need it (`comparing.py`, `slope.py`).
Samples taken every 30 s resemble each other: a test that takes them for independent sees changes where there are none.
"""

from __future__ import annotations

import numpy as np

from maxbooster_ops.analysis.statistics.ranks import Floats, midranks


def effective_count(values: Floats, *, unbiased: bool = True) -> float:
    """Give how many independent values `values`, in the order of time, are worth: between 1 and their number.

    The number over 1 + 2 times the sum of the autocorrelations. The sum ends where a pair of neighbouring ones is no
    longer positive, and pairs may only fall (Geyer 1992, initial monotone sequence). Autocorrelations are those of the
    ranks, so that a few huge values do not hide them. Short series look less correlated than they are: where a
    first-order process of the same first autocorrelation, freed of that bias (Kendall 1954), is worth less, that holds,
    unless `unbiased` is False.
    Values without any order in them (fewer than four, or all equal) are worth their number.
    """
    count = len(values)
    if count < _LEAST or np.ptp(values) == 0:
        return float(count)
    correlations = _autocorrelations(midranks(values))
    inflation = max(1.0, _geyer(correlations))
    if unbiased:
        inflation = max(inflation, _first_order(correlations[1], count))
    return max(1.0, count / inflation)


_LEAST = 4
"""Fewer have no two pairs of neighbours."""


def _autocorrelations(values: Floats) -> Floats:
    count = len(values)
    size = 1 << (2 * count - 1).bit_length()  # padded, so that the end does not meet the beginning
    spectrum = np.fft.rfft(values - values.mean(), size)
    covariances = np.fft.irfft(spectrum * np.conj(spectrum), size)[:count]
    correlations: Floats = covariances / covariances[0]
    return correlations


def _geyer(correlations: Floats) -> float:
    even = len(correlations) // 2 * 2
    pairs = correlations[:even].reshape(-1, 2).sum(axis=1)
    ended = np.flatnonzero(pairs <= 0)
    positive = np.minimum.accumulate(pairs[: ended[0] if len(ended) else len(pairs)])
    return float(2 * positive.sum() - 1)


def _first_order(correlation: float, count: int) -> float:
    unbiased = correlation + (1 + 3 * correlation) / count
    return (1 + unbiased) / (1 - unbiased) if unbiased < 1 else float(count)
