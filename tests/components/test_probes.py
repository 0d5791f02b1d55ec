from __future__ import annotations

import json
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.http_server import (
    HttpServer,
    Script,
    Talk,
    answer,
    answer_json,
    drip,
    endless,
    http_server,
    raw,
    reset,
    silence,
)
from support.redis_process import free_port
from support.tls import self_signed

from maxbooster_ops.sources.probes import Monitors, Outcome, Probes, load_monitors
from maxbooster_ops.sources.probes.body import FieldRule
from maxbooster_ops.sources.probes.monitors import Base, Monitor, MonitorClass
from maxbooster_ops.sources.source import Memory, Moment, Reading
from maxbooster_ops.store.facts import ProbeResult

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MONITOR = Monitor(
    name="A",
    base=Base.PLATFORM,
    path="/a",
    url=None,
    every=timedelta(minutes=5),
    timeout=timedelta(seconds=60),
    monitor_class=MonitorClass.CRITICAL,
    expect=frozenset({200}),
    follow_redirects=False,
    body=(),
)


def moment(memory: Memory | None = None, *, seconds: float = 0) -> Moment:
    return Moment(
        at=NOON + timedelta(seconds=seconds), interval_seconds=30, memory=json.loads(json.dumps(memory or {}))
    )


def probing(url: str, *monitors: Monitor) -> Probes:
    return Probes(Monitors(active=monitors or (MONITOR,)), platform_url=url)


def answered(probes: Probes, at: Moment) -> Reading:
    """Read, then wait for what did not come within the four seconds that a beat waits; it is given with the rest."""
    probes.read(at)
    return probes.drain(at)


def rows(reading: Reading) -> Sequence[ProbeResult]:
    return [row for row in reading.rows if isinstance(row, ProbeResult)]


def only_row(reading: Reading) -> ProbeResult:
    (row,) = rows(reading)
    return row


HEALTH = {
    "status": "ok",
    "timestamp": "2026-03-01T12:00:00Z",
    "version": "1.2.3",
    "uptime_seconds": 5,
    "checks": {"database": "ok", "cache": "ok", "ai_service": "ok"},
}


def test_a_healthy_endpoint_is_up(server: HttpServer):
    server.on("/health", answer_json(HEALTH, delay_seconds=0.05))
    health = next(monitor for monitor in load_monitors().active if monitor.name == "API Health Check")
    began = time.monotonic()
    row = only_row(answered(probing(server.url, replace(health, timeout=MONITOR.timeout)), moment()))
    assert (row.monitor, row.monitor_class, row.outcome, row.up) == ("API Health Check", "critical", "healthy", True)
    assert (row.url, row.status_code, row.body_status) == (f"{server.url}/health", 200, "ok")
    assert (row.ts, row.detail, row.tls_days_left) == (NOON, None, None)
    assert row.latency_ms is not None
    assert 50 <= row.latency_ms <= 1000 * (time.monotonic() - began)


@pytest.mark.parametrize(
    ("script", "outcome", "status_code", "detail"),
    [
        pytest.param(answer("x", status=503), Outcome.MAINTENANCE, 503, "answered 503", id="503"),
        pytest.param(answer("x", status=429), Outcome.RATE_LIMITED, 429, "answered 429", id="429"),
        pytest.param(answer("x", status=500), Outcome.SERVER_ERROR, 500, "answered 500", id="500"),
        pytest.param(answer("x", status=404), Outcome.UNEXPECTED_STATUS, 404, "answered 404", id="404"),
        pytest.param(
            answer(status=302, Location="/b"), Outcome.UNEXPECTED_STATUS, 302, "answered 302", id="a redirect"
        ),
        pytest.param(answer_json({}), Outcome.BAD_BODY, 200, "has no `status`", id="an empty object"),
        pytest.param(answer("<html>"), Outcome.BAD_BODY, 200, "no JSON object", id="HTML"),
        pytest.param(raw(b"garbage\r\n\r\n"), Outcome.BAD_BODY, None, "garbage", id="no HTTP"),
        pytest.param(silence, Outcome.TIMEOUT, None, "within 1 s", id="never answers"),
        pytest.param(drip(b"HTTP/1.1 200 OK\r\n\r\n"), Outcome.TIMEOUT, None, "within 1 s", id="drips"),
        pytest.param(endless(), Outcome.TOO_LARGE, 200, "larger than the 1048576 bytes", id="endless"),
        pytest.param(reset, Outcome.UNREACHABLE, None, "reset", id="resets"),
    ],
)
def test_every_kind_of_trouble_has_its_outcome(
    server: HttpServer, script: Script, outcome: Outcome, status_code: int | None, detail: str
):
    server.on("/a", script)
    monitor = replace(MONITOR, body=(FieldRule(field="status", none_of=("error",)),))
    if outcome is Outcome.TIMEOUT:
        monitor = replace(monitor, timeout=timedelta(seconds=1))
    row = only_row(answered(probing(server.url, monitor), moment()))
    assert (row.outcome, row.status_code, row.up) == (outcome.value, status_code, outcome is Outcome.RATE_LIMITED)
    assert row.detail
    assert detail in row.detail


def test_a_platform_that_is_not_there_is_unreachable():
    row = only_row(answered(probing(f"http://127.0.0.1:{free_port()}"), moment()))
    assert (row.outcome, row.up, row.latency_ms) == ("unreachable", False, None)


def test_a_probe_is_due_when_its_time_is_nearly_up(server: HttpServer):
    server.on("/a", answer("fine"))
    probes = probing(server.url)
    memory = answered(probes, moment()).memory
    for seconds, expected in [(30, 1), (284, 1), (285, 2)]:
        memory = answered(probes, moment(memory, seconds=seconds)).memory
        assert server.requests["/a"] == expected, f"after {seconds} s"


def test_a_new_process_goes_on_where_the_previous_ended(server: HttpServer):
    server.on("/a", answer("fine"))
    memory = answered(probing(server.url), moment()).memory
    again = probing(server.url).read(moment(memory, seconds=30))
    assert (again.rows, again.memory) == ([], memory)


def test_a_result_that_was_not_stored_is_given_again_without_asking_again(server: HttpServer):
    server.on("/a", answer("fine"))
    probes = probing(server.url)
    unstored = answered(probes, moment())
    repeated = probes.read(moment(seconds=30))
    assert repeated.rows == unstored.rows
    assert probes.read(moment(repeated.memory, seconds=60)).rows == []
    assert server.requests["/a"] == 1


def test_a_slow_endpoint_delays_neither_the_beat_nor_the_others(server: HttpServer):
    beat_is_over = threading.Event()

    def answer_after_the_beat(talk: Talk) -> None:
        beat_is_over.wait(60)
        answer("at last")(talk)

    slow = replace(MONITOR, name="slow", path="/slow")
    server.on("/slow", answer_after_the_beat)
    server.on("/a", answer("fine"))
    probes = probing(server.url, slow, MONITOR)
    first = probes.read(moment())
    assert [row.monitor for row in rows(first)] == ["A"]

    beat_is_over.set()
    row = only_row(probes.drain(moment(first.memory, seconds=5)))
    assert (row.monitor, row.outcome, row.ts) == ("slow", "healthy", NOON)
    assert row.latency_ms is not None
    assert row.latency_ms >= 4000, "as long as a beat waits"
    assert server.requests["/slow"] == 1


def test_drain_waits_for_time_outs_and_begins_nothing(server: HttpServer):
    server.on("/a", silence)
    # A beat waits for four seconds: far enough below that it does not see the end even where it comes late.
    probes = probing(server.url, replace(MONITOR, timeout=timedelta(seconds=10)))
    assert probes.drain(moment()).rows == []
    first = probes.read(moment())
    assert first.rows == []
    assert only_row(probes.drain(moment(first.memory, seconds=4))).outcome == "timeout"
    probes.close()


def test_ten_endpoints_that_are_slow_are_waited_for_together(server: HttpServer):
    """Each answers only when all ten have been asked."""
    all_asked = threading.Barrier(10)

    def answer_with_the_others(talk: Talk) -> None:
        all_asked.wait(60)
        answer(status=503)(talk)

    monitors = [replace(monitor, timeout=MONITOR.timeout) for monitor in load_monitors().active]
    for monitor in monitors:
        server.on(str(monitor.path), answer_with_the_others)
    found = rows(answered(probing(server.url, *monitors), moment()))
    assert [row.outcome for row in found] == ["maintenance"] * 10


def test_the_frontend_has_its_own_address_and_its_redirects_are_followed(server: HttpServer):
    frontend = next(monitor for monitor in load_monitors().active if monitor.base is Base.FRONTEND)
    server.on("/", answer(status=307, Location="/en"))
    server.on("/en", answer("<html>", kind="text/html"))
    probes = Probes(
        Monitors(active=[frontend]), platform_url=f"http://127.0.0.1:{free_port()}", frontend_url=f"{server.url}/"
    )
    assert only_row(answered(probes, moment())).outcome == "healthy"


def test_a_third_party_s_secret_is_masked(server: HttpServer):
    monitor = replace(MONITOR, path=None, url=f"http://me:hidden@127.0.0.1:{server.port}/a?api_key=hidden")
    server.on("/a", reset)
    row = only_row(answered(probing("http://127.0.0.1:1", monitor), moment()))
    assert "hidden" not in repr(row)
    assert "/a?api_key=***" in row.url


def test_the_days_that_a_certificate_has_left_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    certificate = self_signed(tmp_path, days=10)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    with http_server(certificate=certificate) as server:
        server.on("/a", answer("fine"))
        at = Moment(at=datetime.now(UTC), interval_seconds=30)
        row = only_row(answered(probing(server.url), at))
    assert row.outcome == "healthy"
    assert row.tls_days_left == pytest.approx(10, abs=0.1)


@pytest.mark.parametrize("trusted", [False, True], ids=["unknown issuer", "another name"])
def test_a_certificate_that_cannot_be_trusted_is_a_tls_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, trusted: bool
):
    certificate = self_signed(tmp_path, days=10, name="10.0.0.1")
    if trusted:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    with http_server(certificate=certificate) as server:
        server.on("/a", answer("fine"))
        row = only_row(answered(probing(server.url), moment()))
    assert (row.outcome, row.up) == ("tls_error", False)
    assert row.detail
    assert "certificate verify failed" in row.detail


def test_a_problem_of_the_file_is_a_failure_in_every_beat_until_it_is_mended(server: HttpServer, tmp_path: Path):
    file = tmp_path / "monitors.yaml"
    server.on("/a", answer("fine"))

    def read(text: str, memory: Memory) -> Reading:
        file.write_text(text, encoding="utf-8")
        return Probes(replace(load_monitors(file), active=[MONITOR]), platform_url=server.url).read(moment(memory))

    first = read("monitors:\n- name: Cache Health\n  every: often\n", {})
    (failure,) = first.failures
    assert (failure.source, failure.error, failure.target) == ("probes", "MonitorsFileError", str(file))
    assert "line 3: `every: often`" in failure.reason
    same = read("monitors:\n- name: Cache Health\n  every: often\n", first.memory)
    assert [failure.reason for failure in same.failures] == [failure.reason for failure in first.failures]
    assert read("", same.memory).failures == []


def test_monitors_that_are_gone_are_forgotten(server: HttpServer):
    server.on("/a", answer("fine"))
    memory = {"last": {"gone": 1.0}}
    assert list(answered(probing(server.url), moment(memory)).memory["last"]) == ["A"]
