"""Many comparisons at once: which small p-values still say something.

Belongs here: Benjamini and Hochberg's procedure. Not here: the comparisons.
"""

from __future__ import annotations

from collections.abc import Sequence


def largest_discovery(p_values: Sequence[float], rate: float) -> float:
    """Give the greatest p-value that still counts when at most the share `rate` of what counts may be chance.

    Of m sorted p-values the last k-th that is at most rate · k / m (Benjamini and Hochberg 1995); 0 where none is. It
    holds for independent tests and for tests that err together in the same direction, as those of one platform do.
    """
    ranked = list(enumerate(sorted(p_values), start=1))
    return max((p_value for rank, p_value in ranked if p_value <= rate * rank / len(ranked)), default=0.0)
