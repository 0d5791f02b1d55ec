"""Samples of one series, as arrays: what evaluation works on.

Belongs here: the shape. Not here: reading them from the lake (`evaluating/series_reading.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from maxbooster_ops.alerting.rule import Labels

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """Samples of one label set: `ts` in seconds since the epoch, strictly ascending; `values` as long, never NaN."""

    labels: Labels
    ts: Floats
    values: Floats
