"""A small real HTTP server on a free port of the loopback that answers as a test scripts it, faults included."""

from __future__ import annotations

import json
import re
import socket
import socketserver
import ssl
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

Script = Callable[["Talk"], None]
"""What happens after the request's head was read."""

_FOR_EVER_SECONDS = 60.0
"""Far longer than any deadline: a client without one finds the talk ended, which is another error than its own."""


class Talk:
    """One connection, from the server's side."""

    def __init__(self, connection: socket.socket, *, head: str, stopping: threading.Event) -> None:
        self.head = head
        self._connection = connection
        self._stopping = stopping

    def send(self, piece: bytes) -> None:
        self._connection.sendall(piece)

    def pause(self, seconds: float) -> None:
        """Wait, but not longer than the server lives; then the talk ends."""
        if self._stopping.wait(seconds):
            raise ConnectionAbortedError("the server stops")

    def reset(self) -> None:
        """Close so that the client sees RST, not the end of the stream."""
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._connection.close()


def answer(
    body: bytes | str = b"", *, status: int = 200, kind: str = "text/plain", delay_seconds: float = 0, **headers: str
) -> Script:
    """One whole answer after `delay_seconds`; header names are written with underscores."""
    content = body.encode() if isinstance(body, str) else body
    lines = {"Content-Type": kind, "Content-Length": str(len(content)), "Connection": "close"}
    lines |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = f"HTTP/1.1 {status} Scripted\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines.items()) + "\r\n"

    def script(talk: Talk) -> None:
        if delay_seconds:
            talk.pause(delay_seconds)
        talk.send(head.encode() + content)

    return script


def answer_json(document: object, *, status: int = 200, delay_seconds: float = 0) -> Script:
    return answer(json.dumps(document), status=status, kind="application/json", delay_seconds=delay_seconds)


def raw(piece: bytes) -> Script:
    """These bytes, then the end of the stream."""
    return lambda talk: talk.send(piece)


def silence(talk: Talk) -> None:
    """Accept and say no word for ever."""
    talk.pause(_FOR_EVER_SECONDS)


def reset(talk: Talk) -> None:
    talk.reset()


def drip(first: bytes, *, piece: bytes = b"x", every_seconds: float = 0.1) -> Script:
    """Send `first`, then one `piece` after another for ever."""

    def script(talk: Talk) -> None:
        talk.send(first)
        ends_at = time.monotonic() + _FOR_EVER_SECONDS
        while time.monotonic() < ends_at:
            talk.pause(every_seconds)
            talk.send(piece)

    return script


def endless(first: bytes = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n") -> Script:
    """A body that never ends, as fast as the client takes it."""

    def script(talk: Talk) -> None:
        talk.send(first)
        ends_at = time.monotonic() + _FOR_EVER_SECONDS
        while time.monotonic() < ends_at:
            talk.send(b"x" * 65536)

    return script


@dataclass
class HttpServer:
    """The scripts by path; `requests` counts what was asked for, `heads` keeps the last request of each path.

    `most_at_once` is how many requests were being answered at the same time.
    """

    port: int
    scheme: str = "http"
    scripts: dict[str, Script] = field(default_factory=dict)
    requests: Counter[str] = field(default_factory=Counter)
    heads: dict[str, str] = field(default_factory=dict)
    most_at_once: int = 0
    _now: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def answering(self, path: str, head: str) -> Iterator[Script]:
        """Give the script for a request while it is answered."""
        with self._lock:
            self.requests[path] += 1
            self.heads[path] = head
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)
        try:
            yield self.scripts.get(path, answer(status=404))
        finally:
            with self._lock:
                self._now -= 1

    def on(self, path: str, script: Script) -> str:
        """Answer `path` so from now on; gives its URL."""
        self.scripts[path] = script
        return f"{self.url}{path}"

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"


class _Listener(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = True
    request_queue_size = 128  # of more than five at once, the kernel would let the rest try again after a second

    def handle_error(self, *_: object) -> None:
        """A client that leaves early is what these tests are about."""


@contextmanager
def http_server(*, certificate: Path | None = None, greeting: Script | None = None) -> Iterator[HttpServer]:
    """Serve until the block ends; with `certificate` (PEM with its key) over TLS.

    With a `greeting` it is no HTTP server at all: it waits for no request and says that to whoever connects.
    """
    stopping = threading.Event()
    context = None
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            connection = context.wrap_socket(self.request, server_side=True) if context else self.request
            with connection:
                if greeting:
                    greeting(Talk(connection, head="", stopping=stopping))
                    return
                head = _head(connection)
                path = head.split(" ")[1].split("?")[0] if head.count(" ") > 1 else ""
                with server.answering(path, head) as script:
                    script(Talk(connection, head=head, stopping=stopping))

    with _Listener(("127.0.0.1", 0), Handler) as listener:
        server = HttpServer(port=listener.server_address[1], scheme="https" if certificate else "http")
        thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield server
        stopping.set()
        listener.shutdown()
        thread.join()


def _head(connection: socket.socket) -> str:
    """Read one whole request, so that its client waits for the answer when the fault comes; give its head."""
    received = b""
    while b"\r\n\r\n" not in received and (piece := connection.recv(4096)):
        received += piece
    head, _, body = received.partition(b"\r\n\r\n")
    length = re.search(rb"(?im)^content-length:\s*(\d+)", head)
    while length and len(body) < int(length[1]) and (piece := connection.recv(65536)):
        body += piece
    return head.decode("latin-1")
