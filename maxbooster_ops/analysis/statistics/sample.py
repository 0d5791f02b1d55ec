"""Values of one series over some time, as a comparison sees them: their distribution and what they are worth.

Belongs here: a sample, made of values or of the quantiles that a baseline keeps. Not here: comparing two.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from maxbooster_ops.analysis.statistics.effective import effective_count
from maxbooster_ops.analysis.statistics.ranks import Floats

MOST_QUANTILES = 1001
"""As many as a stored baseline keeps: every tenth of a percent."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sample:
    """`count` values worth `effective_count` independent ones; `values` are all of them, or quantiles, in rising order.

    Quantiles are evenly spaced from the least value to the greatest. None of the values is NaN or infinite.
    """

    values: Floats
    count: int
    effective_count: float

    @classmethod
    def from_quantiles(cls, quantiles: Sequence[float], count: int, effective_count: float) -> Sample:
        """Take up what a stored baseline kept; raises ValueError where that is no number."""
        return cls(values=np.sort(_finite(quantiles)), count=count, effective_count=effective_count)

    def quantile(self, share: float) -> float:
        """Give a quantile, interpolated as numpy does; raises ValueError for an empty sample."""
        if not self.count:
            raise ValueError("a sample without values has no quantiles")
        return float(np.quantile(self.values, share))

    def quantiles(self) -> list[float]:
        """Give what a baseline keeps: all values in rising order, or 1001 quantiles of more."""
        if len(self.values) <= MOST_QUANTILES:
            return [float(value) for value in self.values]
        return [float(value) for value in np.quantile(self.values, np.linspace(0, 1, MOST_QUANTILES))]


def sample_of(values: npt.ArrayLike) -> Sample:
    """Take values in the order of time, which says what they are worth; raises ValueError for NaN and infinity."""
    known = _finite(values)
    return Sample(values=np.sort(known), count=len(known), effective_count=effective_count(known))


def _finite(values: npt.ArrayLike) -> Floats:
    known = np.asarray(values, dtype=np.float64)
    if not np.isfinite(known).all():
        raise ValueError("a sample takes numbers only: leave out what is not known instead of passing NaN or infinity")
    return known
