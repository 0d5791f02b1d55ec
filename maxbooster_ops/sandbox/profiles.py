"""What each queue of the sandbox is like: how many jobs come, how long they take, how often they fail.

Belongs here: the seven profiles and the pure decision what the n-th job of a queue is. Not here: adding jobs (`load`)
and working them off (`workers`).
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

SECONDS_PER_MINUTE = 60.0
_Z_95 = 1.6449
"""The 95th percentile of the standard normal distribution, in standard deviations."""


class Keep(StrEnum):
    """What BullMQ does with completed jobs; every mode a platform may use occurs."""

    NOTHING = "nothing"
    EVERYTHING = "everything"
    NEWEST = "newest"
    YOUNG = "young"


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """The character of one queue. Shares and rates are 0-1.

    Durations are log-normal, as real ones are: most near `median_ms`, one in twenty above `p95_ms`, none above
    `longest_ms`. A `failing_share` of the jobs fail for good, after all `attempts`; a `retried_share` fail once and
    then succeed.
    """

    queue: str
    job_names: tuple[str, ...]
    jobs_per_minute: float
    median_ms: float
    p95_ms: float
    longest_ms: float
    concurrency: int
    failing_share: float
    retried_share: float
    error: str
    attempts: int
    backoff_ms: int
    exponential: bool = False
    delayed_share: float = 0.0
    longest_delay_ms: int = 1000
    prioritized_share: float = 0.0
    keep: Keep
    keep_count: int = 0
    keep_failed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedJob:
    """One job as it will be: when it comes after the one before, what it is, and how it will go."""

    after_seconds: float
    name: str
    processing_ms: int
    failing_attempts: int
    error: str
    attempts: int
    delay_ms: int
    priority: int


def plan(profile: Profile, *, seed: int, number: int) -> PlannedJob:
    """Decide the `number`-th job of a queue; the same seed gives the same job, whatever was asked before."""
    chance = random.Random(f"{seed}/{profile.queue}/{number}")
    return PlannedJob(
        after_seconds=chance.expovariate(profile.jobs_per_minute / SECONDS_PER_MINUTE),
        name=chance.choice(profile.job_names),
        processing_ms=_duration_ms(profile, chance),
        failing_attempts=_failing_attempts(profile, chance.random()),
        error=profile.error,
        attempts=profile.attempts,
        delay_ms=chance.randint(1000, profile.longest_delay_ms) if chance.random() < profile.delayed_share else 0,
        priority=chance.randint(1, 10) if chance.random() < profile.prioritized_share else 0,
    )


def plans(profile: Profile, *, seed: int) -> Iterator[PlannedJob]:
    """Give the jobs of a queue without end, in the order in which they come."""
    number = 0
    while True:
        yield plan(profile, seed=seed, number=number)
        number += 1


def job_options(profile: Profile, job: PlannedJob) -> dict[str, Any]:
    """Give the BullMQ options of a job, as the platform's producers would set them."""
    return {
        "attempts": job.attempts,
        "backoff": {"type": "exponential" if profile.exponential else "fixed", "delay": profile.backoff_ms},
        "removeOnComplete": _removal(profile),
        "removeOnFail": {"count": profile.keep_failed},
        **({"delay": job.delay_ms} if job.delay_ms else {}),
        **({"priority": job.priority} if job.priority else {}),
    }


def _removal(profile: Profile) -> bool | int | dict[str, int]:
    modes: dict[Keep, bool | int | dict[str, int]] = {
        Keep.NOTHING: True,
        Keep.EVERYTHING: False,
        Keep.NEWEST: profile.keep_count,
        Keep.YOUNG: {"age": 3600, "count": profile.keep_count},
    }
    return modes[profile.keep]


def _duration_ms(profile: Profile, chance: random.Random) -> int:
    sigma = math.log(profile.p95_ms / profile.median_ms) / _Z_95
    drawn = chance.lognormvariate(math.log(profile.median_ms), sigma)
    return round(min(max(drawn, 1.0), profile.longest_ms))


def _failing_attempts(profile: Profile, drawn: float) -> int:
    if drawn < profile.failing_share:
        return profile.attempts
    if drawn < profile.failing_share + profile.retried_share and profile.attempts > 1:
        return 1
    return 0
