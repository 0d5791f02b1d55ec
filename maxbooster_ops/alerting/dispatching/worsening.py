"""Whether an alert got worse since a channel was told of it: that alone is told within a cooldown.

Belongs here: the comparison with what was told. Not here: what follows from it (`stages.py`).
"""

from __future__ import annotations

from maxbooster_ops.alerting.alert import Alert, Told

_TIMES_AS_FAR = 2.0
"""A value this many times as far beyond its threshold as the one that was told is news."""

_NOTABLE = 0.1
"""Distances below this share of the threshold are noise around it: 102 after 101, with a threshold of 100."""


def is_level_higher(alert: Alert, told: Told) -> bool:
    """Tell whether the alert's level is higher than the one that was told."""
    return alert.level > told.severity


def is_value_worse(alert: Alert, told: Told) -> bool:
    """Tell whether the value is twice as far beyond the threshold, on the same side, as the one that was told.

    Without either value, or where what was told lies on the threshold itself, there is nothing to compare.
    """
    if alert.value is None or told.value is None:
        return False
    distance, distance_told = alert.value - alert.threshold, told.value - alert.threshold
    if distance * distance_told <= 0:
        return False
    return abs(distance) >= max(_TIMES_AS_FAR * abs(distance_told), _NOTABLE * abs(alert.threshold))
