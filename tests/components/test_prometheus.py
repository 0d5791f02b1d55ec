from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from support.http_server import HttpServer, Script, answer, drip, endless, reset, silence

from maxbooster_ops.sources.prometheus import PrometheusScrape
from maxbooster_ops.sources.source import Memory, Moment, Reading
from maxbooster_ops.store.facts import MetricSample, SourceFailure

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
TEXT = "text/plain; version=0.0.4"


def moment(memory: Memory | None = None, *, seconds: int = 0) -> Moment:
    return Moment(
        at=NOON + timedelta(seconds=seconds), interval_seconds=30, memory=json.loads(json.dumps(memory or {}))
    )


def scraped(url: str, at: Moment) -> Reading:
    reading = PrometheusScrape(url).read(at)
    assert isinstance(reading, Reading), reading
    return reading


def series(reading: Reading, name: str, **labels: str) -> MetricSample:
    (found,) = (
        row
        for row in reading.rows
        if isinstance(row, MetricSample) and row.name == name and labels.items() <= dict(row.labels).items()
    )
    return found


def test_what_a_platform_counts_between_two_scrapes_is_its_increase(server: HttpServer):
    registry = CollectorRegistry()
    requests = Counter("http_requests_total", "Requests.", ["route"], registry=registry)
    duration = Histogram("http_request_duration_ms", "Duration.", buckets=(10, 100), registry=registry)
    users = Gauge("active_users_concurrent", "Users.", registry=registry)

    requests.labels("/a").inc(5)
    users.set(7)
    url = server.on("/metrics", answer(generate_latest(registry), kind=TEXT))
    first = scraped(url, moment())
    assert series(first, "http_requests_total", route="/a").value == 5
    assert series(first, "http_requests_total", route="/a").increase is None

    requests.labels("/a").inc(3)
    for milliseconds in (5, 50, 500):
        duration.observe(milliseconds)
    server.on("/metrics", answer(generate_latest(registry), kind=TEXT))
    second = scraped(url, moment(first.memory, seconds=30))
    assert series(second, "http_requests_total", route="/a").increase == 3
    assert series(second, "http_request_duration_ms_bucket", le="100.0").increase == 2
    assert series(second, "http_request_duration_ms_sum").increase == 555
    assert series(second, "http_request_duration_ms_bucket", le="100.0").kind == "histogram"
    assert series(second, "active_users_concurrent").increase is None
    assert {row.ts for row in second.rows} == {NOON + timedelta(seconds=30)}


def test_reading_again_from_an_old_memory_answers_the_same(server: HttpServer):
    url = server.on("/metrics", answer("# TYPE a counter\na 5\n", kind=TEXT))
    memory = scraped(url, moment()).memory
    server.on("/metrics", answer("# TYPE a counter\na 9\n", kind=TEXT))
    assert [series(scraped(url, moment(memory, seconds=30)), "a").increase for _ in range(2)] == [4, 4]


def test_a_restarted_platform_counts_from_zero(server: HttpServer):
    url = server.on("/metrics", answer("# TYPE a counter\na 500\n", kind=TEXT))
    memory = scraped(url, moment()).memory
    server.on("/metrics", answer("# TYPE a counter\na 2\n", kind=TEXT))
    assert series(scraped(url, moment(memory, seconds=30)), "a").increase == 2


def test_a_page_with_bad_lines_is_kept_and_reported(server: HttpServer):
    url = server.on("/metrics", answer("good 1\nbad{ 2\nalso_good 3\n", kind=TEXT))
    reading = scraped(url, moment())
    assert [row.name for row in reading.rows if isinstance(row, MetricSample)] == ["good", "also_good"]
    (failure,) = reading.failures
    assert (failure.source, failure.error, failure.target) == ("metrics", "BadLinesError", url)
    assert "line 2: `bad{ 2`" in failure.reason


def test_twenty_thousand_series_are_read_and_the_rest_is_reported(server: HttpServer):
    page = "# TYPE a counter\n" + "".join(f'a{{n="{number}"}} {number}\n' for number in range(20_001))
    url = server.on("/metrics", answer(page, kind=TEXT))
    reading = scraped(url, moment())
    assert len(reading.rows) == 20_000
    assert "1 series are more than the 20000" in reading.failures[0].reason
    assert len(json.dumps(reading.memory)) < 1_000_000


@pytest.mark.parametrize(
    ("script", "error"),
    [
        pytest.param(silence, "FetchTimeoutError", id="never answers"),
        pytest.param(drip(b"HTTP/1.1 200 OK\r\n\r\n", every_seconds=0.5), "FetchTimeoutError", id="drips"),
        pytest.param(endless(), "TooLargeError", id="more than 10 MB"),
        pytest.param(reset, "UnreachableError", id="resets"),
        pytest.param(answer("down", status=503), "UnexpectedStatusError", id="503"),
        pytest.param(answer("<html>Log in</html>", kind="text/html"), "UnreadablePageError", id="a log-in page"),
        pytest.param(answer("", kind=TEXT), "UnreadablePageError", id="an empty page"),
    ],
)
def test_a_scrape_that_fails_or_never_ends_says_why(server: HttpServer, script: Script, error: str):
    url = server.on("/metrics", script)
    failure = PrometheusScrape(url).read(moment())
    assert isinstance(failure, SourceFailure)
    assert (failure.source, failure.error, failure.target) == ("metrics", error, url)
    assert url in failure.reason or error == "UnreadablePageError"
    assert failure.hint
