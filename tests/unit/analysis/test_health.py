from __future__ import annotations

from datetime import timedelta

import pytest
from pydantic import SecretStr
from support.facts import LIMITS, NOON, fact, seen

from maxbooster_ops.analysis.components import WATCHED
from maxbooster_ops.analysis.health import Verdict, judge_health
from maxbooster_ops.sources.registry import build_sources
from maxbooster_ops.sources.targets import Targets
from maxbooster_ops.store.facts import (
    FACTS,
    HostSample,
    MetricSample,
    ProbeResult,
    QueueSample,
    RedisSample,
    SourceFailure,
)


def component(health, name):
    return next(component for component in health.components if component.name == name)


def test_a_platform_without_breaches_is_healthy():
    health = judge_health(seen(queues=(fact(QueueSample, queue="forecast"),)), LIMITS, now=NOON)
    assert (health.healthy, health.status) == (True, "healthy")


@pytest.mark.parametrize(
    ("age", "details"),
    [
        pytest.param(timedelta(minutes=3), (), id="exactly three minutes old"),
        pytest.param(timedelta(minutes=3, seconds=1), ("the newest beat is 181 s old",), id="one second more"),
    ],
)
def test_collection_that_stopped_is_not_health(age, details):
    assert component(judge_health(seen(), LIMITS, now=NOON + age), "collection").details == details


def test_no_beat_at_all_is_not_health():
    health = judge_health(seen(beat=None), LIMITS, now=NOON)
    assert (health.status, component(health, "collection").healthy) == ("degraded", False)


def test_a_source_that_cannot_be_read_makes_its_component_unhealthy():
    failure = fact(SourceFailure, source="redis", target="host:6379", reason="connection refused")
    health = judge_health(seen(failures=(failure,)), LIMITS, now=NOON)
    assert component(health, "redis").details == ("host:6379 cannot be read: connection refused",)
    assert component(health, "queues").verdict is Verdict.NOTHING_SEEN


def test_a_reason_that_names_the_address_does_not_name_it_twice():
    failure = fact(SourceFailure, source="metrics", target="http://host/x", reason="GET http://host/x: refused")
    health = judge_health(seen(failures=(failure,)), LIMITS, now=NOON)
    assert component(health, "application").details == ("cannot be read: GET http://host/x: refused",)


def test_a_part_that_nobody_reads_is_neither_healthy_nor_degraded_and_says_how_to_watch_it():
    health = judge_health(seen(host=fact(HostSample), redis=fact(RedisSample)), LIMITS, now=NOON)
    assert {part.name: (part.verdict, part.note) for part in health.components} == {
        "collection": (Verdict.HEALTHY, None),
        "queues": (Verdict.NOTHING_SEEN, "it was read, and nothing was there"),
        "redis": (Verdict.HEALTHY, None),
        "aiModels": (Verdict.NOT_WATCHED, "set PLATFORM_URL to watch it"),
        "application": (Verdict.NOT_WATCHED, "set PLATFORM_URL to watch it"),
        "host": (Verdict.HEALTHY, None),
        "monitors": (Verdict.NOT_WATCHED, "set PLATFORM_URL to watch it"),
    }
    assert (health.status, health.count(Verdict.NOT_WATCHED)) == ("healthy", 3)


def test_without_a_beat_no_part_is_said_to_be_healthy_or_not_watched():
    parts = judge_health(seen(beat=None), LIMITS, now=NOON).components[1:]
    assert {part.verdict for part in parts} == {Verdict.NOTHING_SEEN}


def test_a_series_that_is_its_own_threshold_is_named_once():
    sample = fact(MetricSample, name="forecast_queue_depth", value=201.0)
    health = judge_health(seen(metrics=(sample,)), LIMITS, now=NOON)
    assert component(health, "application").details == ("forecast_queue_depth: 201 jobs (limit 200)",)


def test_a_breach_is_named_with_its_threshold():
    probe = fact(ProbeResult, monitor="API", outcome="timeout", up=False)
    health = judge_health(seen(probes=(probe,)), LIMITS, now=NOON)
    assert component(health, "monitors").details == ("monitors_up: API (timeout): 1 down (limit 0)",)


def test_every_source_of_the_registry_belongs_to_one_component_and_table(tmp_path):
    targets = Targets(
        redis_url=SecretStr("redis://localhost"),
        platform_url="http://localhost",
        frontend_url=None,
        queue_prefixes=("bull",),
        queues=(),
        platform_process=None,
        monitors_file=tmp_path / "none.yaml",
        origin="a test",
    )
    assert {source.name for source in build_sources(targets)} == {part.source for part in WATCHED}
    assert {part.table for part in WATCHED} <= {kind.table for kind in FACTS}
