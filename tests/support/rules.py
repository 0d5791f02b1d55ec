"""Rules and samples for tests, of which a test names only what it is about."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from maxbooster_ops.alerting.rule import Comparison, Condition, Rule, SeriesQuery, Severity
from maxbooster_ops.alerting.samples import Samples
from support.facts import NOON


def rule(*, above: float = 100.0, **known: Any) -> Rule:
    """Give a rule on one number, true above `above`; what is not named is as a rule file that does not say it."""
    condition = Condition(comparison=Comparison.ABOVE, threshold=above)
    rest: dict[str, Any] = {
        "name": "queue_backlog",
        "title": "High Queue Backlog",
        "severity": Severity.WARNING,
        "component": "queues",
        "series": SeriesQuery(sql="SELECT ts, value FROM numbers WHERE ts >= $from AND ts < $to"),
        "condition": condition,
        "summary": "Queue has {{ value | number }} waiting jobs",
        "description": "More is waiting than the workers take.",
        "runbook": "queue_backlog",
    }
    return Rule(**{**rest, **known})


def at(seconds: float) -> datetime:
    """Give the moment so many seconds after noon."""
    return NOON + timedelta(seconds=seconds)


def seconds(*offsets: float) -> Any:
    """Give moments, as seconds after noon, in the form that the engine takes: seconds since the epoch."""
    return NOON.timestamp() + np.array(offsets, dtype=np.float64)


def samples(values: Mapping[float, float], labels: Mapping[str, str] | None = None) -> Samples:
    """Give samples by seconds after noon."""
    return Samples(labels=labels or {}, ts=seconds(*values), values=np.array([*values.values()], dtype=np.float64))
