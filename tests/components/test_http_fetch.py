from __future__ import annotations

import gzip
import re
import threading
import time

import pytest
from support.http_server import HttpServer, Script, Talk, answer, drip, endless, raw, reset, silence
from support.redis_process import free_port
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from maxbooster_ops.sources.http_fetch import (
    BrokenResponseError,
    Exchange,
    FetchError,
    FetchTimeoutError,
    TooLargeError,
    UnreachableError,
    fetch,
)

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
MEGABYTE = 1024 * 1024
PLENTY_SECONDS = 60.0
"""For what is not about time: no machine is as slow as this."""


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        pytest.param(silence, FetchTimeoutError, id="accepts and never answers"),
        pytest.param(drip(b"HTTP/1.1 200 OK\r\nX-"), FetchTimeoutError, id="drips its head"),
        pytest.param(drip(HEAD + b"Content-Length: 1000\r\n\r\n"), FetchTimeoutError, id="drips its body"),
        pytest.param(drip(HEAD + b"\r\n"), FetchTimeoutError, id="drips a body of no known length"),
        pytest.param(
            drip(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", piece=b"1\r\nx\r\n"),
            FetchTimeoutError,
            id="drips chunks",
        ),
        pytest.param(answer("late", delay_seconds=5), FetchTimeoutError, id="answers after the deadline"),
        pytest.param(endless(), TooLargeError, id="an endless body"),
        pytest.param(answer(b"x" * (MEGABYTE + 1)), TooLargeError, id="one byte too many"),
        pytest.param(
            answer(gzip.compress(bytes(100 * MEGABYTE)), Content_Encoding="gzip"), TooLargeError, id="a packed 100 MB"
        ),
        pytest.param(reset, UnreachableError, id="resets the connection"),
        pytest.param(raw(b""), UnreachableError, id="hangs up without a word"),
        pytest.param(raw(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"), BrokenResponseError, id="speaks no HTTP"),
        pytest.param(raw(HEAD + b"Content-Length: 100\r\n\r\nshort"), BrokenResponseError, id="ends too early"),
        pytest.param(
            raw(HEAD + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\nx\r\n"), BrokenResponseError, id="bad chunks"
        ),
        pytest.param(answer("plain", Content_Encoding="gzip"), BrokenResponseError, id="says gzip and is none"),
    ],
)
def test_every_fault_ends_in_an_error_of_its_kind(server: HttpServer, script: Script, expected: type[FetchError]):
    url = server.on("/page", script)
    with pytest.raises(expected, match=re.escape(url)):
        fetch(url, limit_bytes=MEGABYTE, deadline_seconds=1 if expected is FetchTimeoutError else PLENTY_SECONDS)


def test_a_port_where_nobody_listens_is_unreachable():
    url = f"http://127.0.0.1:{free_port()}/"
    with pytest.raises(UnreachableError) as caught:
        fetch(url, limit_bytes=10, deadline_seconds=PLENTY_SECONDS)
    assert str(caught.value).startswith(f"GET {url}: Failed to establish a new connection: ")
    assert "Connection refused" in str(caught.value)


@pytest.mark.parametrize(
    "url", ["http://", "no address", "http://127.0.0.1:99999/", "ftp://127.0.0.1/", f"http://{'a' * 64}/"]
)
def test_an_address_that_is_none_is_unreachable(url: str):
    with pytest.raises(UnreachableError):
        fetch(url, limit_bytes=10, deadline_seconds=PLENTY_SECONDS)


def test_an_answer_of_any_status_is_given_whole(server: HttpServer):
    url = server.on("/page", answer(b"x" * MEGABYTE, status=503, kind="text/html"))
    fetched = fetch(url, limit_bytes=MEGABYTE, deadline_seconds=PLENTY_SECONDS)
    assert (fetched.status_code, fetched.content_type, len(fetched.body)) == (503, "text/html", MEGABYTE)


def test_latency_reaches_to_the_end_of_the_body(server: HttpServer):
    def slow_body(talk: Talk) -> None:
        talk.send(HEAD + b"Content-Length: 2\r\n\r\na")
        talk.pause(0.2)
        talk.send(b"b")

    began = time.monotonic()
    fetched = fetch(server.on("/page", slow_body), limit_bytes=10, deadline_seconds=PLENTY_SECONDS)
    assert fetched.body == b"ab"
    assert 200 <= fetched.latency_ms <= 1000 * (time.monotonic() - began)


def test_credentials_of_an_address_stay_out_of_the_error(server: HttpServer):
    server.on("/page", reset)
    with pytest.raises(UnreachableError) as caught:
        fetch(
            f"http://me:hidden@127.0.0.1:{server.port}/page?token=hidden",
            limit_bytes=10,
            deadline_seconds=PLENTY_SECONDS,
        )
    assert "hidden" not in str(caught.value)


def test_redirects_are_followed_only_where_asked(server: HttpServer):
    server.on("/there", answer("arrived"))
    url = server.on("/here", answer(status=302, Location="/there"))
    assert fetch(url, limit_bytes=10, deadline_seconds=PLENTY_SECONDS).status_code == 302
    followed = Exchange(url, limit_bytes=10, deadline_seconds=PLENTY_SECONDS, follow_redirects=True).result()
    assert followed
    assert (followed.status_code, followed.body, followed.url) == (200, b"arrived", f"{server.url}/there")


def test_a_redirect_circle_ends(server: HttpServer):
    url = server.on("/here", answer(status=302, Location="/here"))
    with pytest.raises(BrokenResponseError, match="more than 5 redirects"):
        Exchange(url, limit_bytes=10, deadline_seconds=PLENTY_SECONDS, follow_redirects=True).result()


def test_impatience_leaves_the_exchange_under_way(server: HttpServer):
    asked = threading.Event()

    def answer_when_asked(talk: Talk) -> None:
        asked.wait(PLENTY_SECONDS)
        answer("done")(talk)

    url = server.on("/page", answer_when_asked)
    exchange = Exchange(url, limit_bytes=10, deadline_seconds=PLENTY_SECONDS)
    assert exchange.result(patience_seconds=0.05) is None
    asked.set()
    fetched = exchange.result()
    assert fetched
    assert fetched.body == b"done"


def test_no_thread_outlives_a_dripping_server(server: HttpServer):
    url = server.on("/page", drip(b"HTTP/1.1 200 OK\r\nX-"))
    with pytest.raises(FetchTimeoutError):
        fetch(url, limit_bytes=10, deadline_seconds=0.3)

    @retry(
        retry=retry_if_exception_type(AssertionError), stop=stop_after_delay(60), wait=wait_fixed(0.02), reraise=True
    )
    def all_ended() -> None:
        assert not [thread for thread in threading.enumerate() if thread.name == "http-exchange"]

    all_ended()
