"""Reading what a person asks for: how long, how often, how much, in words such as `24h` and `5m`.

Belongs here: from words to a plan, for the launchpad and the terminal alike. Not here: what a plan is (`plan.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta

from pydantic import ValidationError

from maxbooster_ops.durations import parse_duration
from maxbooster_ops.errors import RefusedError
from maxbooster_ops.readiness.burn_in.plan import Plan, Thresholds
from maxbooster_ops.readiness.report.wording import span
from maxbooster_ops.sources.targets import Targets
from maxbooster_ops.user_files import sentence_of

_SHORTEST_INTERVAL = timedelta(seconds=1)
_LONGEST = timedelta(days=30)
"""Checks and reports are kept longer, but what a month shows, monitoring shows better."""


def length(text: object) -> timedelta:
    """Read a duration or an interval. Raises ValueError with a sentence that names what was found."""
    try:
        found = parse_duration(text)
    except ValueError as error:
        raise ValueError(f"`{text}` {error}") from error
    if not _SHORTEST_INTERVAL <= found <= _LONGEST:
        raise ValueError(f"`{text}` is out of bounds. Expected between 1 s and 30 days")
    return found


def plan_of(duration: timedelta, interval: timedelta, thresholds: Thresholds) -> Plan:
    """Give the plan. Raises ValueError where no two checks fit into it, or the thresholds contradict each other."""
    if interval > duration:
        raise ValueError(
            f"a check every {span(interval)} does not fit into {span(duration)}. Choose a shorter interval"
        )
    if thresholds.conditional_percent > thresholds.pass_percent:
        raise ValueError(
            f"a CONDITIONAL PASS would need more successful checks ({thresholds.conditional_percent:g} %) than a PASS "
            f"({thresholds.pass_percent:g} %). Lower conditional_percent, or raise pass_percent"
        )
    return Plan(duration=duration, interval=interval, thresholds=thresholds)


def thresholds_of(words: Iterable[str]) -> Thresholds:
    """Read `name=number` words. Raises ValueError that names the thresholds there are."""
    given: dict[str, str] = {}
    for word in words:
        name, equals, number = word.partition("=")
        if not equals or name.strip() not in Thresholds.model_fields:
            known = ", ".join(Thresholds.model_fields)
            raise ValueError(f"`{word}` is no threshold. Expected NAME=NUMBER, where NAME is one of {known}")
        given[name.strip()] = number.strip()
    return thresholds_from(given)


def thresholds_from(given: Mapping[str, object]) -> Thresholds:
    """Hold figures against what each may be. Raises ValueError with a sentence on the first that cannot be."""
    try:
        return Thresholds.model_validate(given)
    except ValidationError as error:
        said, _ = sentence_of(error, given, known=Thresholds.model_fields, noun="the thresholds")
        raise ValueError(said) from error


def must_watch_something(targets: Targets) -> None:
    """Raise `RefusedError` where there is no platform to burn in."""
    if targets.redis_url is None and targets.platform_url is None:
        raise RefusedError(
            "Nothing is watched, so there is nothing to burn in: set REDIS_URL and PLATFORM_URL, or start "
            "`maxbooster-ops up` without them for a sandbox, or `maxbooster-ops burn-in --sandbox` for one of its own."
        )
