"""The level that a series has now: its values since they last changed.

Belongs here: where that level begins. Not here: whether it is worse than a baseline (`comparing.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from maxbooster_ops.analysis.series.series import Values
from maxbooster_ops.analysis.statistics.change_point import change_start

_MOST_CHANGES = 4
"""Changes that are looked for within one stretch of values; more of them are no levels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """The values of the newest level; `begun` is when the series came to it, None where no change shows."""

    values: Values
    begun: datetime | None = None


def newest_level(values: Values) -> Level:
    """Leave out what came before the last change of level.

    A mixture of two levels looks like few, strongly dependent values and could not be judged until the old level has
    left the window; and a level that is over must not speak for the present.
    """
    begun: datetime | None = None
    for _ in range(_MOST_CHANGES):
        start = change_start(values)
        if start is None:
            break
        begun, values = datetime.fromtimestamp(start, UTC), since(values, start)
    return Level(values=values, begun=begun)


def since(values: Values, moment: float) -> Values:
    """Give the values from `moment` (seconds since 1970) on."""
    first = int(np.searchsorted(values.moments, moment))
    return Values(moments=values.moments[first:], values=values.values[first:])
