"""What to do about a slow operation, from what was measured of it.

Belongs here: the patterns, their limits and the advice. Not here: which operations are too slow, or reading the
evidence (`bottlenecks.py`). The first pattern that fits is the advice: each explains the ones after it, since failing
executions are slow for another reason than successful ones, and waiting is not working.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

FAILING_SHARE = 0.1
"""Twice the product's own target for failed jobs."""

RETRIED_SHARE = 0.1

TAIL_FACTOR = 5.0
"""How many times the usual duration the slow ones take where the inputs, and not the work itself, make them slow. A
log-normal duration with a spread of 1 has p95 / p50 = 5.2."""

RARE_SHARE = 0.05
"""Executions beyond the limit that are outliers: the p95 does not see them."""


class Kind(StrEnum):
    """What an operation is."""

    JOB = "job"
    ROUTE = "route"
    QUERY = "query"


class Severity(StrEnum):
    """How slow it is: beyond its limit, or beyond twice that."""

    MEDIUM = "medium"
    HIGH = "high"


class Pattern(StrEnum):
    """Why it is slow, as far as the numbers tell."""

    FAILING = "slow and failing"
    RETRIED = "slow with retries"
    WAITING = "slow and waiting"
    REGRESSED = "slow since a change"
    SLOW_TAIL = "slow tail"
    STEADILY_SLOW = "steadily slow"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What was measured of an operation that is too slow; ms.

    `slowest_ms`, `wait_ms_p95`, `too_slow` (executions beyond `limit_ms`) and `frequent_error` are known of jobs only.
    """

    kind: Kind
    operation: str
    severity: Severity
    executions: int
    failures: int
    retried: int
    too_slow: int | None
    p50_ms: float | None
    p95_ms: float | None
    slowest_ms: float | None
    wait_ms_p95: float | None
    frequent_error: str | None
    limit_ms: float
    regressed_since: datetime | None
    regressed_percent: float | None

    @property
    def worst_ms(self) -> float:
        """Give what the severity follows from: a job's slowest execution, the p95 of anything else."""
        return self.slowest_ms or self.p95_ms or 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """What to do, and the pattern that it follows from."""

    pattern: Pattern
    recommendation: str


def recommend(evidence: Evidence) -> Recommendation:
    """Advise on an operation that is too slow."""
    pattern = _pattern(evidence)
    return Recommendation(pattern=pattern, recommendation=_ADVICE[pattern](evidence))


def _pattern(seen: Evidence) -> Pattern:
    if _share(seen.failures, seen) >= FAILING_SHARE:
        return Pattern.FAILING
    if _share(seen.retried, seen) >= RETRIED_SHARE:
        return Pattern.RETRIED
    if seen.wait_ms_p95 is not None and seen.p95_ms is not None and seen.wait_ms_p95 > seen.p95_ms:
        return Pattern.WAITING
    if seen.regressed_since is not None:
        return Pattern.REGRESSED
    return Pattern.SLOW_TAIL if _has_tail(seen) else Pattern.STEADILY_SLOW


def _has_tail(seen: Evidence) -> bool:
    usual = seen.p50_ms
    if usual is None or seen.p95_ms is None:
        return False
    are_rare = seen.too_slow is not None and _share(seen.too_slow, seen) < RARE_SHARE
    return seen.p95_ms >= TAIL_FACTOR * usual or (are_rare and seen.worst_ms >= TAIL_FACTOR * usual)


def _failing(seen: Evidence) -> str:
    told = f"{_percent(seen.failures, seen)} of its executions fail"
    if seen.frequent_error:
        return f"{told}, most often with `{seen.frequent_error}`: cure that first, time is lost until each gives up."
    return f"{told}: look at the errors first, a time-out there may be all that is slow."


def _retried(seen: Evidence) -> str:
    cause = f" (`{seen.frequent_error}`)" if seen.frequent_error else ""
    return (
        f"{_percent(seen.retried, seen)} of its executions needed more than one attempt{cause}: cure what fails the "
        "first attempt, or make it fail fast, before adding workers."
    )


def _waiting(seen: Evidence) -> str:
    return (
        f"Jobs wait longer (p95 {_length(seen.wait_ms_p95)}) than they work (p95 {_length(seen.p95_ms)}): raise the "
        "concurrency of its workers or add workers, as far as what they call bears it."
    )


def _regressed(seen: Evidence) -> str:
    change = f" by {seen.regressed_percent:.0f} %" if seen.regressed_percent is not None else ""
    return (
        f"It became slower{change} at about {seen.regressed_since:%Y-%m-%d %H:%M} UTC: compare what was released or "
        "grew then (`maxbooster-ops regressions`)."
    )


def _slow_tail(seen: Evidence) -> str:
    measured = f"Usually it takes {_length(seen.p50_ms)}, but p95 is {_length(seen.p95_ms)}"
    if seen.kind is not Kind.JOB:
        return f"{measured}: find out which parameters make it slow, and bound what one of them may ask for."
    few = f" and {seen.too_slow} of {seen.executions} took more than {_length(seen.limit_ms)}" if seen.too_slow else ""
    return (
        f"{measured}, the slowest {_length(seen.slowest_ms)}{few}: look at the inputs of those runs "
        "(`maxbooster-ops jobs --slowest`), bound their size, or set a time-out."
    )


def _steadily_slow(seen: Evidence) -> str:
    told = f"Half of all take {_length(seen.p50_ms)} or more, without failing or waiting"
    if seen.kind is Kind.ROUTE:
        return f"{told}: profile the handler, cache its answer, or move the work into a job."
    if seen.kind is Kind.QUERY:
        return f"{told}: look at its plan and indexes, fetch less at once."
    return f"{told}: split the work into smaller jobs, or profile it; more workers would not make one faster."


_ADVICE = {
    Pattern.FAILING: _failing,
    Pattern.RETRIED: _retried,
    Pattern.WAITING: _waiting,
    Pattern.REGRESSED: _regressed,
    Pattern.SLOW_TAIL: _slow_tail,
    Pattern.STEADILY_SLOW: _steadily_slow,
}


def _share(part: int, seen: Evidence) -> float:
    return part / seen.executions if seen.executions else 0.0


def _percent(part: int, seen: Evidence) -> str:
    return f"{100 * _share(part, seen):.0f} %"


def _length(length_ms: float | None) -> str:
    if length_ms is None:
        return "unknown"
    return f"{length_ms:.0f} ms" if length_ms < 1000 else f"{length_ms / 1000:,.1f} s"  # noqa: PLR2004 -- a second
