from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from maxbooster_ops.sources.ai_cache.evictions import Eviction
from maxbooster_ops.sources.ai_cache.page import CachePage, CachePageError, parse_page

SOCIAL = {
    "currentSize": 40,
    "maxSize": 100,
    "utilizationPercent": 40,
    "totalLoads": 900,
    "totalEvictions": 12,
    "hitRatePercent": 88.5,
    "averageLoadMs": 210,
}
ADVERTISING = {"currentSize": 0, "maxSize": 50, "totalLoads": 0, "totalEvictions": 0}
EVICTED = {
    "userId": "u-1",
    "modelType": "social",
    "reason": "lru",
    "idleMs": 61000,
    "timestamp": "2026-03-01T12:00:00.000Z",
}
PAGE: dict[str, Any] = {
    "success": True,
    "timestamp": "2026-03-01T12:00:01Z",
    "social": SOCIAL,
    "advertising": ADVERTISING,
    "memory": {"heapUsedMB": 512.5, "estimatedModelMB": 4.2, "estimatedTotalMB": 168},
    "recentEvictions": [EVICTED],
}
SNAKE_CASED = {
    "social": {
        "current_size": 40,
        "max_size": 100,
        "utilization_percent": 40,
        "total_loads": 900,
        "total_evictions": 12,
    }
    | {"hit_rate_percent": 88.5, "average_load_ms": 210},
    "advertising": {"current_size": 0, "max_size": 50, "total_loads": 0, "total_evictions": 0},
    "memory": {"heap_used_mb": 512.5, "estimated_model_mb": 4.2, "estimated_total_mb": 168},
    "recent_evictions": [
        {"user_id": "u-1", "model_type": "social", "reason": "lru", "idle_ms": 61000, "timestamp": 1772366400000}
    ],
}


def parsed(page: object) -> CachePage:
    return parse_page(json.dumps(page).encode())


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(PAGE, id="as documented"),
        pytest.param(SNAKE_CASED, id="snake case and epoch milliseconds"),
        pytest.param({"success": True, "aiModels": PAGE}, id="below aiModels"),
        pytest.param({"success": True, "data": {"metrics": SNAKE_CASED}}, id="below two wrappers"),
        pytest.param(
            {**PAGE, "social": None, "caches": {"social": SOCIAL, "advertising": ADVERTISING}} | {"social": SOCIAL},
            id="wrapped beside itself",
        ),
        pytest.param(
            {
                "memory": PAGE["memory"],
                "recentEvictions": [EVICTED],
                "caches": {"social": SOCIAL, "advertising": ADVERTISING},
            },
            id="only the caches are wrapped",
        ),
    ],
)
def test_every_spelling_of_the_page_says_the_same(page: object):
    found = parsed(page)
    assert found.problems == []
    assert list(found.caches) == ["social", "advertising"]
    assert (found.caches["social"].current_size, found.caches["social"].hit_rate_percent) == (40, 88.5)
    assert found.caches["advertising"].hit_rate_percent is None
    assert (found.memory.heap_used_mb, found.memory.estimated_model_mb, found.memory.estimated_total_mb) == (
        512.5,
        4.2,
        168,
    )
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert found.evictions == [Eviction(at=noon, cache="social", user_id="u-1", reason="lru", idle_ms=61000)]


@pytest.mark.parametrize(
    ("page", "problem"),
    [
        pytest.param({**PAGE, "advertising": None}, "`advertising`: input should be a valid dictionary", id="null"),
        pytest.param(
            {k: v for k, v in PAGE.items() if k != "advertising"}, "the page has no `advertising`", id="absent"
        ),
        pytest.param(
            {**PAGE, "advertising": {**ADVERTISING, "maxSize": 0}},
            "`advertising.max_size`: input should be greater than 0, found `0`",
            id="no room at all",
        ),
        pytest.param(
            {**PAGE, "advertising": {"currentSize": 1}},
            "`advertising.max_size`: field required",
            id="a number is absent",
        ),
    ],
)
def test_one_bad_cache_is_named_and_the_other_kept(page: object, problem: str):
    found = parsed(page)
    assert list(found.caches) == ["social"]
    assert str(found.problems[0]).startswith(problem)


def test_bad_evictions_are_counted_and_the_good_ones_kept():
    found = parsed({**PAGE, "recentEvictions": [{"userId": 1}, EVICTED, "text", {**EVICTED, "userId": 7}]})
    assert found.evictions is not None
    assert [eviction.user_id for eviction in found.evictions] == ["u-1", "7"]
    assert str(found.problems[0]).startswith("2 of 4 evictions cannot be used; `recent_evictions.0.model_type`: field")


def test_a_page_without_a_list_of_evictions_says_nothing_about_them():
    assert parsed({"social": SOCIAL, "advertising": ADVERTISING}).evictions is None
    assert parsed({**PAGE, "recentEvictions": "many"}).evictions is None


def test_a_time_without_zone_is_utc():
    found = parsed({**PAGE, "recentEvictions": [{**EVICTED, "timestamp": "2026-03-01T12:00:00"}]})
    assert found.evictions
    assert found.evictions[0].at == datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b"", "expected a JSON object, found ''"),
        (b"<html>Log in", "found '<html>Log in'"),
        (b"[]", "expected a JSON object, found '[]'"),
        (b'{"success": false}', "the page has no `social`; the page has no `advertising`. Found: success"),
        (b"{" * 50, "expected a JSON object"),
        (b'{"a":' * 100_000, "expected a JSON object"),
    ],
    ids=["empty", "HTML", "a list", "no caches", "cut off", "endlessly nested"],
)
def test_a_page_without_caches_is_refused_with_what_was_found(body: bytes, found: str):
    with pytest.raises(CachePageError) as caught:
        parse_page(body)
    assert found in str(caught.value)
