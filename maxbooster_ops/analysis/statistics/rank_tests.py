"""Rank tests of two samples whose values may be autocorrelated or tied, and the size of the difference.

Belongs here: Mann-Whitney, the test of a share above a quantile, Hodges-Lehmann. Not here: what a result means.
A sample may hold quantiles that stand for more values: shares are formed from them, the precision from the counts.
"""

from __future__ import annotations

import math

import numpy as np

from maxbooster_ops.analysis.statistics.ranks import Floats, midranks, two_sided
from maxbooster_ops.analysis.statistics.sample import Sample

_MOST_PAIRED = 500
"""Values of either side that are paired: 250 000 pairs take 3 ms, and more quantiles of the same change nothing."""


def superiority(before: Floats, after: Floats) -> float:
    """Give how probably a value of `after` is greater than one of `before`; equal ones count half."""
    ranks = midranks(np.concatenate([before, after]))[len(before) :]
    return float((ranks.mean() - (len(after) + 1) / 2) / len(before))


def typical_differs(before: Sample, after: Sample) -> float:
    """Give the p-value of Mann and Whitney's test, two-sided, asymptotic, corrected for ties and continuity.

    Its variance is that of as many independent values as the correlated ones are worth; where they are worth their
    number it is the usual test. Values that are all equal differ with p = 1.
    """
    return two_sided(_mann_whitney_z(before, after))


def _mann_whitney_z(before: Sample, after: Sample) -> float:
    variance = _variance(before, after) / 12 * _untied(before, after)
    if variance <= 0:
        return 0.0
    distance = abs(superiority(before.values, after.values) - 0.5)
    continuity = 0.5 / (before.effective_count * after.effective_count)
    return max(0.0, distance - continuity) / math.sqrt(variance)


def tail_differs(before: Sample, after: Sample, share: float) -> float:
    """Give the p-value, two-sided, of values above the common quantile `share` being as frequent after as before."""
    return two_sided(_tail_z(before, after, share))


def _tail_z(before: Sample, after: Sample, share: float) -> float:
    values = np.concatenate([before.values, after.values])
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(_weights(before, after)[order]) / (before.count + after.count)
    # The rounding of a sum must not move the quantile to its neighbour.
    bound = values[order][int(np.searchsorted(reached, share - 1e-9))]
    above = [float((sample.values > bound).mean()) for sample in (before, after)]
    common = (above[0] * before.count + above[1] * after.count) / (before.count + after.count)
    variance = common * (1 - common) * (1 / before.effective_count + 1 / after.effective_count)
    return (above[1] - above[0]) / math.sqrt(variance) if variance > 0 else 0.0


def typical_change(before: Sample, after: Sample) -> float | None:
    """Give by which share of `before` the values changed; None where its median is 0.

    Where all values are positive: the median of all ratios of one after to one before, less 1 (Hodges and Lehmann's
    shift of the logarithms). Else the shift of the medians.
    """
    if before.values[0] > 0 and after.values[0] > 0:
        logs = [np.log(_thinned(sample.values)) for sample in (before, after)]
        return math.expm1(float(np.median(np.subtract.outer(logs[1], logs[0]))))
    return relative_change(before.quantile(0.5), after.quantile(0.5))


def relative_change(before: float, after: float) -> float | None:
    """Give the change as a share of `before`; None where that is 0."""
    return None if before == 0 else (after - before) / abs(before)


def shows(samples: tuple[Sample, Sample], *, by: float, share: float, z: float) -> bool:
    """Tell whether a change of the values before `by` a share of them would lie `z` deviations from none.

    True where they lie around 0, of which there is no share.
    """
    before, after = samples
    middle = before.quantile(share)
    if middle == 0:
        return True
    moved = before.values * (1 + by) if before.values[0] > 0 else before.values + by * abs(middle)
    changed = Sample(values=moved, count=before.count, effective_count=after.effective_count)
    found = _mann_whitney_z(before, changed) if share == 0.5 else abs(_tail_z(before, changed, share))  # noqa: PLR2004 -- the median
    return found >= z


def _variance(before: Sample, after: Sample) -> float:
    first, second = before.effective_count, after.effective_count
    return (first + second + 1) / (first * second)


def _untied(before: Sample, after: Sample) -> float:
    """Give what ties leave of the variance of ranks: 1 without any, 0 where all values are equal."""
    _, group, sizes = np.unique(np.concatenate([before.values, after.values]), return_inverse=True, return_counts=True)
    tied = np.bincount(group, weights=_weights(before, after))
    # A value that stands alone is no tie, however many values a quantile stands for.
    tied = np.where(sizes > 1, tied, 1.0)
    total = before.count + after.count
    return 1 - float((tied**3 - tied).sum()) / ((total - 1) * total * (total + 1)) if total > 1 else 0.0


def _weights(before: Sample, after: Sample) -> Floats:
    """Give for how many values each of both samples' stands."""
    each = [sample.count / len(sample.values) for sample in (before, after)]
    return np.repeat(each, [len(before.values), len(after.values)])


def _thinned(values: Floats) -> Floats:
    """Give at most 500 evenly spaced quantiles of sorted values."""
    return values if len(values) <= _MOST_PAIRED else np.quantile(values, np.linspace(0, 1, _MOST_PAIRED))
