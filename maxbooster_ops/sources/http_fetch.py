"""One HTTP GET with a total deadline and a largest size, whatever the other side does.

Belongs here: the request, its bounds, and errors that say what went wrong. Not here: what an answer means (`probes/`,
`prometheus/`, `ai_cache/`). The time-outs of `requests` bound each wait for a byte; a server that drips one byte a
second never meets them. So the exchange runs in a thread of its own, and whoever waits cuts the line at the deadline.
"""

from __future__ import annotations

import math
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPException, RemoteDisconnected
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError, LocationValueError, ReadTimeoutError

from maxbooster_ops import __version__
from maxbooster_ops.errors import MaxboosterError

_PIECE_BYTES = 64 * 1024
_NO_PROXY = {"http": "", "https": ""}
"""A proxy leads away from this machine; what listens on it is asked directly."""

_MOST_REDIRECTS = 5
_CONNECTION = re.compile(r"^\w+\(host=.*?\): ")


class FetchError(MaxboosterError):
    """An answer did not arrive, or not whole; `status_code` is there where its head did."""

    permanent = False

    def __init__(self, message: str, *, status_code: int | None = None) -> None:
        super().__init__(message)
        self.status_code = status_code


class FetchTimeoutError(FetchError):
    """The whole answer was not there at the deadline."""


class UnreachableError(FetchError):
    """Nobody answers at the address: no such name, refused, reset, or an address that is none."""


class TlsError(FetchError):
    """The connection cannot be trusted: certificate expired, unknown, or for another name."""


class TooLargeError(FetchError):
    """The body, unpacked, is larger than the caller reads."""


class BrokenResponseError(FetchError):
    """Something answered, but not in whole and valid HTTP."""


class UnexpectedStatusError(FetchError):
    """A page was expected, and the answer is another one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A whole answer of any status; `latency_ms` reaches to the last byte of the body."""

    url: str
    status_code: int
    content_type: str
    body: bytes
    latency_ms: float
    certificate_ends_at: datetime | None


def fetch(url: str, *, limit_bytes: int, deadline_seconds: float, accept: str = "*/*") -> Fetched:
    """GET `url` and give the whole answer, or raise the `FetchError` that says why there is none.

    Neither a name that does not resolve, nor a server that drips, nor a packed body that unpacks to gigabytes holds
    the caller longer than `deadline_seconds` or takes more than `limit_bytes` and one piece. A redirect is an answer.
    """
    exchange = Exchange(url, limit_bytes=limit_bytes, deadline_seconds=deadline_seconds, accept=accept)
    fetched = exchange.result()
    assert fetched is not None  # noqa: S101 - only a caller with less patience than the deadline gets None
    return fetched


def fetch_page(url: str, *, limit_bytes: int, deadline_seconds: float, accept: str) -> Fetched:
    """GET `url` as `fetch` does, and raise `UnexpectedStatusError` for any status but 200."""
    fetched = fetch(url, limit_bytes=limit_bytes, deadline_seconds=deadline_seconds, accept=accept)
    if fetched.status_code != requests.codes.ok:
        message = f"GET {url} answered {fetched.status_code}; expected 200"
        raise UnexpectedStatusError(message, status_code=fetched.status_code)
    return fetched


class Exchange:
    """One GET under way since its construction; ask for its `result` as often as you like.

    The thread ends by itself at the deadline at the latest, unless the server drips: then `result` or `cut` ends it.
    """

    def __init__(
        self,
        url: str,
        *,
        limit_bytes: int,
        deadline_seconds: float,
        follow_redirects: bool = False,
        accept: str = "*/*",
    ) -> None:
        self._url = url
        self._limit_bytes = limit_bytes
        self._deadline_seconds = deadline_seconds
        self._follow_redirects = follow_redirects
        self._accept = accept
        self._line = _Line()
        self._fetched: Fetched | None = None
        self._error: Exception | None = None
        self._started = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="http-exchange", daemon=True)
        self._thread.start()

    def result(self, *, patience_seconds: float = math.inf) -> Fetched | None:
        """Wait for the answer until the deadline, or as long as `patience_seconds`: then None is "still under way"."""
        seconds_left = self._started + self._deadline_seconds - time.monotonic()
        self._thread.join(max(0.0, min(seconds_left, patience_seconds)))
        if self._error:
            raise self._error
        if self._fetched:
            return self._fetched
        if patience_seconds < seconds_left:
            return None
        self.cut()
        raise self._late()

    def cut(self) -> None:
        """Close the connection under whoever still reads from it, and any that is opened later."""
        self._line.cut()

    def _run(self) -> None:
        try:
            self._fetched = self._get()
            if self._fetched.latency_ms > self._deadline_seconds * 1000:
                self._error = self._late()
        except Exception as error:  # noqa: BLE001 - a thread hands over whatever it met; `result` raises it
            self._error = self._late() if _is_timeout(error) else _explained(error, self._url)

    def _get(self) -> Fetched:
        with requests.Session() as session:
            adapter = _WatchedAdapter(self._line.stands)
            session.mount("http://", adapter)
            session.mount("https://", adapter)
            session.max_redirects = _MOST_REDIRECTS
            with session.get(
                self._url,
                stream=True,
                timeout=self._deadline_seconds,
                allow_redirects=self._follow_redirects,
                proxies=_NO_PROXY if _is_local(self._url) else None,
                headers={"User-Agent": f"maxbooster-ops/{__version__}", "Accept": self._accept},
            ) as response:
                body = self._body(response)
                return Fetched(
                    url=response.url,
                    status_code=response.status_code,
                    content_type=response.headers.get("Content-Type", ""),
                    body=body,
                    latency_ms=(time.monotonic() - self._started) * 1000,
                    certificate_ends_at=self._line.certificate_ends_at,
                )

    def _body(self, response: requests.Response) -> bytes:
        body = bytearray()
        for piece in response.iter_content(_PIECE_BYTES):
            body += piece
            if len(body) > self._limit_bytes:
                raise TooLargeError(
                    f"GET {self._url}: the body is larger than the {self._limit_bytes} bytes that are read",
                    status_code=response.status_code,
                )
        return bytes(body)

    def _late(self) -> FetchTimeoutError:
        return FetchTimeoutError(f"GET {self._url}: no complete answer within {self._deadline_seconds:g} s")


class _Line:
    """The sockets of one exchange, so that another thread can cut them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self._is_cut = False
        self.certificate_ends_at: datetime | None = None

    def stands(self, connected: socket.socket) -> None:
        if isinstance(connected, ssl.SSLSocket) and (certificate := connected.getpeercert()):
            ends_at = ssl.cert_time_to_seconds(str(certificate["notAfter"]))
            self.certificate_ends_at = datetime.fromtimestamp(ends_at, UTC)
        with self._lock:
            self._sockets.append(connected)
            if self._is_cut:
                _shut(connected)

    def cut(self) -> None:
        with self._lock:
            self._is_cut = True
            for connected in self._sockets:
                _shut(connected)


def _shut(connected: socket.socket) -> None:
    # The plain socket's method also under TLS: SSLSocket.shutdown would drop its TLS state under a thread that reads.
    with suppress(OSError):
        socket.socket.shutdown(connected, socket.SHUT_RDWR)


class _WatchedAdapter(HTTPAdapter):
    """Tells `stands` of every connection as soon as it is open; tries each request once."""

    def __init__(self, stands: Callable[[socket.socket], None]) -> None:
        self._stands = stands
        super().__init__(max_retries=0)

    def get_connection_with_tls_context(self, *arguments: Any, **options: Any) -> Any:
        """Give the pool for a request, its connections watched."""
        pool: Any = super().get_connection_with_tls_context(*arguments, **options)
        plain: Any = pool.ConnectionCls
        stands = self._stands

        class Watched(plain):  # type: ignore[misc]
            def connect(self) -> None:
                super().connect()
                stands(self.sock)

        pool.ConnectionCls = Watched
        return pool


def _is_timeout(error: Exception) -> bool:
    # While a body streams, requests reports a read time-out as a ConnectionError around urllib3's.
    return isinstance(error, requests.Timeout) or isinstance(_innermost(error), (ReadTimeoutError, TimeoutError))


def _explained(error: Exception, url: str) -> Exception:
    # urllib3 puts the connection before some of its reasons; the address stands there already.
    reason = f"GET {url}: {_CONNECTION.sub('', str(_innermost(error)))}"
    match error:
        case requests.exceptions.SSLError():
            return TlsError(reason)
        case LocationValueError():
            return UnreachableError(reason)
        case requests.TooManyRedirects():
            return BrokenResponseError(f"GET {url}: more than {_MOST_REDIRECTS} redirects")
        case requests.exceptions.ChunkedEncodingError() | requests.exceptions.ContentDecodingError() | HTTPError():
            return BrokenResponseError(reason)
        case requests.ConnectionError() if _speaks_no_http(_innermost(error)):
            return BrokenResponseError(reason)
        case requests.RequestException() | OSError():
            return UnreachableError(reason)
    return error


def _speaks_no_http(error: BaseException) -> bool:
    # http.client calls it a bad status line, too, when the other side hangs up without a word.
    return isinstance(error, HTTPException) and not isinstance(error, RemoteDisconnected)


def _innermost(error: BaseException) -> BaseException:
    """Find what started it: requests wraps urllib3, which wraps the socket's own error."""
    for inner in (getattr(error, "reason", None), *reversed(error.args)):
        if isinstance(inner, BaseException):
            return _innermost(inner)
    return error


def _is_local(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    return host == "localhost" or host.startswith("127.") or host == "::1"
