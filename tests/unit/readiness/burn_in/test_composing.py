from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from support.facts import fact

from maxbooster_ops.analysis.thresholds import Limits
from maxbooster_ops.readiness.burn_in.composing import Occasion, Tally, Terms, compose
from maxbooster_ops.readiness.burn_in.plan import Thresholds
from maxbooster_ops.readiness.burn_in.seen import Seen
from maxbooster_ops.settings import Settings
from maxbooster_ops.sources.round import Answer
from maxbooster_ops.sources.source import Reading
from maxbooster_ops.store.facts import (
    AiCacheSample,
    HostSample,
    ProbeResult,
    QueueSample,
    RedisSample,
    SourceFailure,
)

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
TERMS = Terms(
    promised=Thresholds(),
    limits=Limits.of(Settings(_env_file=None)),
    own_routes=frozenset(),
    has_process=True,
    target="sandbox",
)


def queue(**changes):
    calm = dict.fromkeys(("waiting", "active", "delayed", "prioritized", "paused", "completed_delta", "stalled"), 0)
    return fact(
        QueueSample, **{"queue": "mail", "is_paused": False, "workers": 1, "failed_delta": 0, **calm, **changes}
    )


def redis(**changes):
    return fact(RedisSample, **{"ping_ms_median": 1.0, "memory_ratio": 0.1, "loading": False, **changes})


def cache(percent):
    return fact(AiCacheSample, cache="social", utilization_percent=percent)


def probe(outcome, *, up):
    return fact(ProbeResult, monitor="API Health Check", outcome=outcome, up=up, detail="answered 503; expected 200")


def host(**changes):
    return fact(HostSample, **{"process_rss_mb": 100.0, "memory_percent": 50.0, **changes})


CALM = {
    "bullmq": [queue()],
    "redis": [redis()],
    "host": [host()],
    "health": [probe("healthy", up=True)],
    "ai_caches": [cache(10.0)],
}


def away(source):
    error = ConnectionError("connection refused")
    return SourceFailure.of(source, error, at=NOON, target="redis://user:secret@host:1/0", hint="")


def composed(rows=None, *, tally=None, terms=TERMS, failing=()):
    """Compose a check of a calm platform, changed where `rows` say so."""
    answers = {
        name: Answer(reading=away(name) if name in failing else Reading(rows=facts), duration_ms=1.0)
        for name, facts in {**CALM, **(rows or {})}.items()
        if facts is not None
    }
    before = tally or Tally()
    seen = Seen.of(answers, expected=frozenset((*before.sources, *answers)))
    occasion = Occasion(session_id="bi-1", number=2, due=NOON, now=NOON + timedelta(seconds=1), duration_ms=5.0)
    return compose(occasion, terms, seen, before, memory_low_mb=90.0, health_ms=3.0)


def test_a_calm_platform_is_ok_in_every_part():
    check, tally = composed()
    assert (check.ok, check.problems) == (True, [])
    assert (check.memory_mb, check.memory_low_mb) == (100, 90)
    first_at = (NOON + timedelta(seconds=1)).timestamp()
    assert tally == Tally(
        failed_jobs=0, first_memory_mb=100, first_memory_at=first_at, sources=sorted(CALM), target="sandbox"
    )


@pytest.mark.parametrize(
    ("rows", "part", "condition", "problem"),
    [
        pytest.param(
            {"redis": [redis(ping_ms_median=100.0)]},
            "redis",
            "failed",
            "Redis answers PING in 100.0 ms (limit 100 ms).",
            id="Redis exactly at its limit",
        ),
        pytest.param(
            {"redis": [redis(memory_ratio=0.9)]},
            "redis",
            "warning",
            "Redis uses 90 % of the memory that it may use.",
            id="Redis nearly full",
        ),
        pytest.param(
            {"redis": [redis(loading=True)]}, "redis", "failed", "Redis is still loading its data.", id="loading"
        ),
        pytest.param(
            {"ai_caches": [cache(90.0)]},
            "ai_caches",
            "failed",
            "AI cache social: 90.0 % used (limit 90 %).",
            id="a cache exactly at its limit",
        ),
        pytest.param(
            {"health": [probe("maintenance", up=False)]},
            "system_health",
            "failed",
            "API Health Check: maintenance, answered 503; expected 200.",
            id="an endpoint is down",
        ),
        pytest.param(
            {"health": [probe("rate_limited", up=True)]},
            "system_health",
            "warning",
            "API Health Check: rate_limited.",
            id="an endpoint asks us to come less often",
        ),
        pytest.param(
            {"bullmq": [queue(waiting=101)]},
            "queue_health",
            "warning",
            "mail: 101 jobs wait (limit 100).",
            id="backlog",
        ),
        pytest.param(
            {"bullmq": [queue(waiting=1, workers=0)]},
            "queue_health",
            "warning",
            "mail: 1 jobs wait and no worker is connected.",
            id="nobody works",
        ),
        pytest.param(
            {"bullmq": [queue(stalled=11)]},
            "queue_health",
            "failed",
            "mail: 11 jobs stalled since the previous check (limit 10).",
            id="jobs stall",
        ),
        pytest.param(
            {"bullmq": [queue(failed_delta=50)]},
            "failed_jobs",
            "failed",
            "50 jobs failed for good so far (limit 50).",
            id="as many failed jobs as are too many",
        ),
        pytest.param(
            {"bullmq": [queue(failed_delta=None), queue(queue="post", failed_delta=1)]},
            "failed_jobs",
            "warning",
            "How many jobs failed since the previous check is not known of mail.",
            id="events of a queue are lost",
        ),
        pytest.param(
            {"host": [host(process_rss_mb=2500.0)]},
            "memory",
            "warning",
            "The platform uses 2500 MB (limit 2048 MB).",
            id="much memory",
        ),
        pytest.param(
            {"host": [host(process_rss_mb=None)]},
            "memory",
            "failed",
            "The memory of the platform cannot be read: nobody tells it any more.",
            id="its process is gone",
        ),
    ],
)
def test_what_is_beyond_a_promise_fails_and_what_would_alert_somebody_warns(rows, part, condition, problem):
    check, _ = composed(rows)
    assert getattr(check, part) == condition
    assert check.problems == [problem]
    assert check.ok is (condition == "warning")


def test_memory_that_grew_by_what_is_promised_fails():
    check, tally = composed({"host": [host(process_rss_mb=700.0)]}, tally=Tally(first_memory_mb=200.0))
    assert check.problems == ["The platform uses 700 MB, 500 MB more than at first (limit 500 MB)."]
    assert (check.memory, tally.first_memory_mb) == ("failed", 200)


@pytest.mark.parametrize(
    ("days", "condition"), [pytest.param(1, "failed", id="a day"), pytest.param(1.01, "ok", id="longer than a day")]
)
def test_over_more_than_a_day_memory_may_grow_in_proportion(days, condition):
    first_at = (NOON + timedelta(seconds=1) - timedelta(days=days)).timestamp()
    tally = Tally(first_memory_mb=200.0, first_memory_at=first_at)
    assert composed({"host": [host(process_rss_mb=700.0)]}, tally=tally)[0].memory == condition


def test_failed_jobs_add_up_over_the_checks():
    _, tally = composed({"bullmq": [queue(failed_delta=20), queue(failed_delta=None)]}, tally=Tally(failed_jobs=29))
    check, after = composed({"bullmq": [queue(failed_delta=1)]}, tally=tally)
    assert (tally.failed_jobs, after.failed_jobs) == (49, 50)
    assert check.failed_jobs == "failed"


def test_health_that_no_monitor_asks_for_is_missing_and_not_ok():
    check, _ = composed({"health": []})
    assert check.system_health == "missing"
    assert check.problems[0].startswith("No monitor of class critical asks a path of the platform")


def test_what_cannot_be_read_has_failed_and_tells_no_secret():
    check, _ = composed(failing={"redis", "bullmq"})
    assert (check.redis, check.queue_health, check.failed_jobs, check.ok) == ("failed", "failed", "failed", False)
    assert (check.waiting, check.failed_delta, check.redis_latency_ms) == (None, None, None)
    assert "secret" not in " ".join(check.problems)


def test_what_was_never_configured_is_missing_and_what_no_longer_is_has_failed():
    nothing = {"redis": None, "bullmq": None, "host": [host(process_rss_mb=None)]}
    terms = Terms(
        promised=TERMS.promised, limits=TERMS.limits, own_routes=frozenset(), has_process=False, target="settings"
    )
    never, _ = composed(nothing, terms=terms)
    assert (never.redis, never.memory, never.ok) == ("missing", "missing", True)
    gone, _ = composed(nothing, terms=terms, tally=Tally(first_memory_mb=1.0, sources=["redis", "host"]))
    assert (gone.redis, gone.memory, gone.ok) == ("failed", "failed", False)
    assert "Redis cannot be read: it was there at an earlier check and is not any more." in gone.problems
