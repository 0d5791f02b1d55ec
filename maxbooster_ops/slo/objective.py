"""An objective: what share of a service's events is promised to be good, and what counts the events.

Belongs here: the values. Not here: files (`objective_file.py`), counting (`counting.py`), arithmetic (`budget.py`,
`burn_rate.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class Promise(StrEnum):
    """What is promised of an event: that it succeeds, or that it is fast enough."""

    AVAILABILITY = "availability"
    LATENCY = "latency"


class Counter(StrEnum):
    """Where events are counted."""

    REQUESTS = "requests"
    HISTOGRAM = "histogram"
    JOBS = "jobs"
    PROBE = "probe"

    @property
    def enough_bad(self) -> float:
        """How many bad events it takes to judge, unless the objective says otherwise.

        A count of k is uncertain by about √k, so a few requests say nothing about a rate. A probe speaks for the five
        or ten minutes until the next: the second bad one in a row is an outage.
        """
        return 2.0 if self is Counter.PROBE else 5.0


COUNTS = {
    Promise.AVAILABILITY: (Counter.REQUESTS, Counter.JOBS, Counter.PROBE),
    Promise.LATENCY: (Counter.HISTOGRAM, Counter.JOBS, Counter.PROBE),
}
"""What can count the events of a promise: a histogram has no outcome, a counter of requests no duration."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """One way to count: the name of a counter, histogram, queue or monitor.

    `labels` are those that a scraped series must have, `status_label` the one that holds the HTTP status.
    """

    counter: Counter
    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    status_label: str = "status_code"
    enough_bad: float

    def __str__(self) -> str:
        return f"{self.counter} {self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """`target` (0..1) of a service's events are good; the first of `indicators` that sees any in a window counts them.

    An event of a latency objective is good within `limit_ms`.
    """

    service: str
    promise: Promise
    target: float
    limit_ms: float | None
    indicators: Sequence[Indicator]

    @property
    def key(self) -> tuple[str, str]:
        """Service and promise, which tell it from every other."""
        return self.service, self.promise.value

    @property
    def words(self) -> str:
        """What is promised, as a person says it."""
        share = f"{100 * self.target:.6g} %"
        return f"{share} good" if self.limit_ms is None else f"{share} within {self.limit_ms:g} ms"
