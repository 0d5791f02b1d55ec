from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from support.http_server import HttpServer, Script, answer, answer_json, drip, endless, silence

from maxbooster_ops.sources.ai_cache import AiCaches
from maxbooster_ops.sources.ai_cache.source import DEADLINE_SECONDS
from maxbooster_ops.sources.source import Memory, Moment, Reading
from maxbooster_ops.store.facts import AiCacheEviction, AiCacheSample, SourceFailure

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
PATH = "/api/monitoring/ai-models"


def moment(memory: Memory | None = None, *, seconds: int = 0) -> Moment:
    return Moment(
        at=NOON + timedelta(seconds=seconds), interval_seconds=30, memory=json.loads(json.dumps(memory or {}))
    )


def cache(*, evictions: int = 0, loads: int = 10, **more: object) -> dict[str, Any]:
    return {"currentSize": 40, "maxSize": 80, "totalLoads": loads, "totalEvictions": evictions, **more}


def event(user: str, *, seconds: int = 0, kind: str = "social") -> dict[str, Any]:
    at = (NOON + timedelta(seconds=seconds)).isoformat()
    return {"userId": user, "modelType": kind, "reason": "lru", "idleMs": 1500, "timestamp": at}


def page(*events: dict[str, Any], social: dict[str, Any] | None = None, **more: object) -> Script:
    return answer_json(
        {
            "success": True,
            "social": social or cache(evictions=len(events)),
            "advertising": cache(),
            "memory": {"heapUsedMB": 300, "estimatedModelMB": 4, "estimatedTotalMB": 160},
            "recentEvictions": list(events),
            **more,
        }
    )


def read(server: HttpServer, script: Script, at: Moment) -> Reading:
    reading = AiCaches(server.on(PATH, script), deadline_seconds=60).read(at)
    assert isinstance(reading, Reading), reading
    return reading


def evicted(reading: Reading) -> Sequence[str]:
    return [row.user_id for row in reading.rows if isinstance(row, AiCacheEviction)]


def samples(reading: Reading) -> dict[str, AiCacheSample]:
    return {row.cache: row for row in reading.rows if isinstance(row, AiCacheSample)}


def test_both_caches_and_the_memory_of_their_process_are_described(server: HttpServer):
    social = cache(utilizationPercent=51.5, hitRatePercent=91, averageLoadMs=120)
    found = samples(read(server, page(social=social), moment()))
    assert list(found) == ["social", "advertising"]
    assert (found["social"].utilization_percent, found["social"].hit_rate_percent) == (51.5, 91)
    assert found["advertising"].utilization_percent == pytest.approx(50.0)
    assert found["advertising"].hit_rate_percent is None
    assert (found["social"].heap_used_mb, found["social"].estimated_total_mb, found["social"].ts) == (300, 160, NOON)


def test_a_cache_that_loaded_nothing_yet_has_no_hit_rate_and_is_no_failure(server: HttpServer):
    reading = read(server, page(social=cache(loads=0, hitRatePercent=0, averageLoadMs=0)), moment())
    social = samples(reading)["social"]
    assert (social.total_loads, social.hit_rate_percent, social.average_load_ms) == (0, None, None)
    assert reading.failures == []


def test_each_eviction_is_told_once(server: HttpServer):
    first = read(server, page(), moment())
    second = read(server, page(event("a", seconds=5), event("b", seconds=9)), moment(first.memory, seconds=30))
    third = read(
        server,
        page(event("a", seconds=5), event("b", seconds=9), event("b", seconds=9), event("c", seconds=50)),
        moment(second.memory, seconds=60),
    )
    assert (evicted(first), evicted(second), evicted(third)) == ([], ["a", "b"], ["b", "c"])
    assert [reading.failures for reading in (first, second, third)] == [[], [], []]
    (row, _) = (row for row in second.rows if isinstance(row, AiCacheEviction))
    assert (row.ts, row.cache, row.reason, row.idle_ms) == (NOON + timedelta(seconds=5), "social", "lru", 1500)


def test_the_first_reading_takes_up_only_the_last_interval(server: HttpServer):
    reading = read(
        server, page(event("old", seconds=-31), event("edge", seconds=-30), event("new", seconds=-29)), moment()
    )
    assert evicted(reading) == ["new"]
    again = read(server, page(event("old", seconds=-31), event("new", seconds=-29)), moment(reading.memory, seconds=30))
    assert evicted(again) == []


def test_evictions_that_the_page_no_longer_lists_are_said_to_be_missed(server: HttpServer):
    first = read(server, page(social=cache(evictions=100)), moment())
    second = read(server, page(event("a", seconds=20), social=cache(evictions=150)), moment(first.memory, seconds=30))
    (failure,) = second.failures
    assert evicted(second) == ["a"]
    assert failure.reason == "49 evictions of `social` happened that the page no longer lists"


def test_a_restarted_platform_counts_from_zero(server: HttpServer):
    first = read(server, page(event("a"), social=cache(evictions=100)), moment())
    second = read(server, page(event("b", seconds=20), social=cache(evictions=1)), moment(first.memory, seconds=30))
    assert (evicted(second), second.failures) == (["b"], [])


def test_a_list_that_is_gone_for_a_moment_brings_no_old_news_when_it_is_back(server: HttpServer):
    first = read(server, page(event("a", seconds=-5)), moment())
    without = read(server, page(social=cache(evictions=1), recentEvictions=None), moment(first.memory, seconds=30))
    back = read(server, page(event("a", seconds=-5)), moment(without.memory, seconds=60))
    assert (evicted(first), evicted(without), evicted(back)) == (["a"], [], [])


def test_reading_again_from_an_old_memory_answers_the_same(server: HttpServer):
    memory = read(server, page(), moment()).memory
    script = page(event("a", seconds=5))
    assert [evicted(read(server, script, moment(memory, seconds=30))) for _ in range(2)] == [["a"], ["a"]]


def test_a_cache_that_is_missing_is_named_and_the_other_kept(server: HttpServer):
    reading = read(server, answer_json({"social": cache()}), moment())
    assert list(samples(reading)) == ["social"]
    (failure,) = reading.failures
    assert (failure.source, failure.reason) == ("ai_caches", "the page has no `advertising`")


@pytest.mark.parametrize(
    ("script", "error", "reason"),
    [
        pytest.param(answer_json({"success": True}), "CachePageError", "no `social`", id="no caches"),
        pytest.param(answer("<html>"), "CachePageError", "found '<html>'", id="HTML"),
        pytest.param(answer(status=404), "UnexpectedStatusError", "answered 404; expected 200", id="not there"),
        pytest.param(silence, "FetchTimeoutError", "within 4 s", id="never answers"),
        pytest.param(drip(b"HTTP/1.1 200 OK\r\n\r\n"), "FetchTimeoutError", "within 4 s", id="drips"),
        pytest.param(endless(), "TooLargeError", "larger than", id="endless"),
    ],
)
def test_a_reading_that_fails_says_why(server: HttpServer, script: Script, error: str, reason: str):
    url = server.on(PATH, script)
    # What does not end is cut at the product's own time; what does has any time.
    deadline_seconds = DEADLINE_SECONDS if error == "FetchTimeoutError" else 60
    failure = AiCaches(url, deadline_seconds=deadline_seconds).read(moment())
    assert isinstance(failure, SourceFailure)
    assert (failure.source, failure.error, failure.target) == ("ai_caches", error, url)
    assert reason in failure.reason
