"""What is broken on purpose, and until when.

Belongs here: the state of the fault switches, and the decisions that follow from it. Not here: the routes that throw
them (`fault_routes`) and the parts that obey them. Time is an argument, in seconds since the epoch.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

MOST_LEAKED_MB = 512.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Errors:
    """Requests answer 500: the next `remaining` of them, all of them where that is None."""

    until: float | None
    remaining: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Slow:
    """Every request waits `milliseconds` more."""

    until: float
    milliseconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Leak:
    """Memory is taken at `mb_per_minute` from `since` on; all of it is given back at the end."""

    until: float
    mb_per_minute: float
    since: float

    def leaked_mb(self, now: float) -> float:
        """Give what shall be taken by now; never more than the bound."""
        return min(MOST_LEAKED_MB, max(0.0, now - self.since) / 60.0 * self.mb_per_minute)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoppedQueue:
    """The workers of `queue` take no jobs."""

    until: float
    queue: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ThrashedCache:
    """The AI cache `cache` is used by far more users than it has room for."""

    until: float
    cache: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaky:
    """The health endpoints answer 503 now and then, exactly `share` (0-1) of the answers of each, evenly spread.

    Even, and not by chance, so that twenty minutes of it are what they shall be. `seed` says where it begins, the same
    for every endpoint: who asks all of them at once finds all of them well or all of them not.
    """

    until: float
    share: float
    seed: int

    def breaks(self, number: int) -> bool:
        """Decide the `number`-th answer of an endpoint, counted from 1."""
        begins = random.Random(self.seed).random()
        return math.floor(begins + number * self.share) > math.floor(begins + (number - 1) * self.share)


@dataclass(frozen=True, slots=True, kw_only=True)
class FailingJobs:
    """A `share` (0-1) of the jobs that workers take up fail for good."""

    until: float
    share: float


Fault = Errors | Slow | Leak | StoppedQueue | ThrashedCache | Flaky | FailingJobs

_NAMES: dict[type[Fault], str] = {
    Errors: "trigger-errors",
    Slow: "slow",
    Leak: "leak",
    StoppedQueue: "stop-queue",
    ThrashedCache: "thrash-cache",
    Flaky: "flaky",
    FailingJobs: "fail-jobs",
}


class FaultBoard:
    """The switches that are on. Of each kind there is one, of stopped queues and thrashed caches one for each name."""

    def __init__(self) -> None:
        self._faults: dict[str, Fault] = {}
        self._answers: Counter[str] = Counter()

    def switch_on(self, fault: Fault) -> None:
        """Put `fault` in the place of one of its kind."""
        self._faults[_place(fault)] = fault
        if isinstance(fault, Flaky):
            self._answers.clear()

    def reset(self) -> list[Fault]:
        """Switch everything off; give what was on."""
        faults = list(self._faults.values())
        self._faults.clear()
        return faults

    def active(self, now: float) -> list[Fault]:
        """Give what is on; what is over is forgotten."""
        self._faults = {
            place: fault for place, fault in self._faults.items() if fault.until is None or now < fault.until
        }
        return list(self._faults.values())

    def take_error(self, now: float) -> bool:
        """Decide whether the request that came now answers 500; it counts against the number that was ordered."""
        errors = next((fault for fault in self.active(now) if isinstance(fault, Errors)), None)
        if errors is None:
            return False
        if errors.remaining is not None:
            self._faults[_place(errors)] = replace(errors, remaining=errors.remaining - 1)
            if errors.remaining <= 1:
                del self._faults[_place(errors)]
        return True

    def take_flake(self, path: str, now: float) -> bool:
        """Decide whether the health endpoint at `path` answers 503 this time; every answer of it counts."""
        flaky = next((fault for fault in self.active(now) if isinstance(fault, Flaky)), None)
        if flaky is None:
            return False
        self._answers[path] += 1
        return flaky.breaks(self._answers[path])

    def delay_ms(self, now: float) -> float:
        """Give how much longer a request takes now."""
        return next((fault.milliseconds for fault in self.active(now) if isinstance(fault, Slow)), 0.0)

    def leaked_mb(self, now: float) -> float:
        """Give how much memory shall be taken now."""
        return next((fault.leaked_mb(now) for fault in self.active(now) if isinstance(fault, Leak)), 0.0)

    def thrashed_caches(self, now: float) -> list[str]:
        """Name the AI caches that are thrashed now."""
        return [fault.cache for fault in self.active(now) if isinstance(fault, ThrashedCache)]


def shown(fault: Fault) -> dict[str, Any]:
    """Describe a fault for a person: its name, when it ends by itself, and its numbers."""
    details = {key: value for key, value in asdict(fault).items() if key not in {"until", "since"}}
    until = None if fault.until is None else datetime.fromtimestamp(fault.until, UTC).isoformat()
    return {"fault": _NAMES[type(fault)], "until": until, **details}


def _place(fault: Fault) -> str:
    match fault:
        case StoppedQueue(queue=queue):
            return f"stop-queue {queue}"
        case ThrashedCache(cache=cache):
            return f"thrash-cache {cache}"
        case _:
            return _NAMES[type(fault)]
