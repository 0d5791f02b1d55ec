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

LEAST_LEVEL_SECONDS = 600.0
"""What lasts for less is a burst. A busy queue has a dozen jobs within a minute: enough for a test, not for a level."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """The values of the newest level; `begun` is when the series came to it, None where no change shows."""

    values: Values
    begun: datetime | None = None


def newest_level(values: Values) -> Level:
    """Leave out what came before the last change of level.

    A mixture of two levels looks like few, strongly dependent values and could not be judged until the old level has
    left the window; and a level that is over must not speak for the present. What has lasted for less than ten minutes
    is no level yet: it stays with the one before it.
    """
    begun: datetime | None = None
    searched = values
    for _ in range(_MOST_CHANGES):
        start = change_start(searched)
        if start is None:
            break
        if values.moments[-1] - start < LEAST_LEVEL_SECONDS:
            searched = _before(searched, start)
        else:
            begun, values, searched = datetime.fromtimestamp(start, UTC), since(values, start), since(searched, start)
    return Level(values=values, begun=begun)


def since(values: Values, moment: float) -> Values:
    """Give the values from `moment` (seconds since 1970) on."""
    first = int(np.searchsorted(values.moments, moment))
    return Values(moments=values.moments[first:], values=values.values[first:])


def _before(values: Values, moment: float) -> Values:
    end = int(np.searchsorted(values.moments, moment))
    return Values(moments=values.moments[:end], values=values.values[:end])
