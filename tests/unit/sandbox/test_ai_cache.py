from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maxbooster_ops.sandbox.http.ai_cache import IDLE_TIMEOUT_SECONDS, ModelCache, ModelType, Reason
from maxbooster_ops.sandbox.http.monitoring import ai_models_body

NOON = 1_800_000_000.0


def cache_of(*users: str, most: int = 3) -> ModelCache:
    cache = ModelCache(ModelType.SOCIAL, most=most)
    for second, user in enumerate(users):
        cache.put(user, load_ms=100.0, now=NOON + second)
    return cache


def test_a_full_cache_puts_out_the_model_that_was_used_least_recently():
    cache = cache_of("ada", "ben", "cleo")
    assert cache.touch("ada", now=NOON + 10)
    cache.put("dora", load_ms=100.0, now=NOON + 11)
    [eviction] = cache.recent_evictions
    assert (eviction.user_id, eviction.reason, eviction.idle_ms) == ("ben", Reason.LRU, 10_000.0)


def test_a_user_without_a_model_must_load_one():
    assert not cache_of("ada").touch("ben", now=NOON)


@pytest.mark.parametrize(
    ("idle_seconds", "reasons"),
    [
        pytest.param(IDLE_TIMEOUT_SECONDS - 1, [], id="one second before the timeout"),
        pytest.param(IDLE_TIMEOUT_SECONDS, [Reason.TIMEOUT], id="exactly at the timeout"),
    ],
)
def test_an_idle_model_is_put_out_at_its_timeout(idle_seconds, reasons):
    cache = cache_of("ada")
    cache.drop_idle(now=NOON + idle_seconds)
    assert [eviction.reason for eviction in cache.recent_evictions] == reasons


def test_a_user_may_drop_the_own_model_once():
    cache = cache_of("ada", "ben")
    cache.drop("ada", now=NOON + 5)
    cache.drop("ada", now=NOON + 6)
    assert [(eviction.user_id, eviction.reason) for eviction in cache.recent_evictions] == [("ada", Reason.MANUAL)]


def test_loading_the_same_model_twice_at_once_keeps_one_of_them():
    cache = cache_of("ada", "ben", "cleo")
    cache.put("ada", load_ms=1.0, now=NOON + 9)
    assert (len(cache), cache.evictions, cache.loads) == (3, 0, 4)


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.sampled_from(["use", "drop"])), max_size=60))
def test_every_load_is_in_the_cache_or_was_put_out(steps):
    cache = ModelCache(ModelType.ADVERTISING, most=3)
    for second, (user, step) in enumerate(steps):
        if step == "drop":
            cache.drop(user, now=NOON + second)
        elif not cache.touch(user, now=NOON + second):
            cache.put(user, load_ms=50.0, now=NOON + second)
        assert len(cache) <= 3
    assert cache.loads == len(cache) + cache.evictions
    assert cache.hits + cache.loads == sum(step == "use" for _, step in steps)


def test_an_unused_cache_reports_zeros_not_errors():
    models = {model_type: ModelCache(model_type, most=2) for model_type in ModelType}
    body = ai_models_body(models, now=datetime.fromtimestamp(NOON, UTC), heap_bytes=64 * 1024 * 1024)
    assert body["social"] == {
        "currentSize": 0,
        "maxSize": 2,
        "utilizationPercent": 0.0,
        "totalLoads": 0,
        "totalEvictions": 0,
        "hitRatePercent": 0.0,
        "averageLoadMs": 0.0,
    }
    assert body["memory"] == {"heapUsedMB": 64.0, "estimatedModelMB": 12.0, "estimatedTotalMB": 0.0}
    assert body["recentEvictions"] == []


def test_the_last_hundred_evictions_of_both_caches_are_shown_newest_last():
    social, advertising = (ModelCache(model_type, most=1) for model_type in ModelType)
    for second in range(80):
        social.put(f"user-{second}", load_ms=1.0, now=NOON + second)
        advertising.put(f"user-{second}", load_ms=1.0, now=NOON + second + 0.5)
    models = {ModelType.SOCIAL: social, ModelType.ADVERTISING: advertising}
    shown = ai_models_body(models, now=datetime.fromtimestamp(NOON, UTC), heap_bytes=0)["recentEvictions"]
    assert len(shown) == 100
    assert [event["timestamp"] for event in shown] == sorted(event["timestamp"] for event in shown)
    assert shown[-1] == {
        "userId": "user-78",
        "modelType": "advertising",
        "reason": "lru",
        "idleMs": 1000,
        "timestamp": datetime.fromtimestamp(NOON + 79.5, UTC).isoformat(),
    }
