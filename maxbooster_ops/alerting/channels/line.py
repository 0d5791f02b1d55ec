"""The connection of one request: refused where it leads to a private address, cut when time is up.

Belongs here: what happens to sockets below `requests`. Not here: requests and their answers (`posting.py`).
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from requests.adapters import HTTPAdapter

from maxbooster_ops.alerting.channels.private_addresses import (
    PrivateAddressError,
    refuse_private_host,
    refuse_private_peer,
)


class Line:
    """The connection of one try: watched over by the guard, and cut at the deadline whatever is being waited for."""

    def __init__(self, *, guarded: bool) -> None:
        self.guarded = guarded
        self.is_cut = False
        self._lock = threading.Lock()
        self._twins: list[socket.socket] = []

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Cut it when `seconds` have passed before the block ends; then let go of it."""
        timer = threading.Timer(seconds, self.cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            self._close()

    def opened(self, connected: socket.socket) -> None:
        """Take charge of an open connection."""
        # A second handle on the same connection: TLS takes the first one over, and it is the handshake that may hang.
        with self._lock:
            self._twins.append(connected.dup())
        if self.is_cut:
            self.cut()

    def cut(self) -> None:
        """End the connection under whoever still waits for it, and any that is opened later."""
        self.is_cut = True
        with self._lock, suppress(OSError):
            for twin in self._twins:
                twin.shutdown(socket.SHUT_RDWR)

    def _close(self) -> None:
        with self._lock:
            for twin in self._twins:
                twin.close()
            self._twins.clear()


class WatchedAdapter(HTTPAdapter):
    """Opens connections under the eyes of a line; tries each request once."""

    def __init__(self, line: Line) -> None:
        self._line = line
        super().__init__(max_retries=0)

    def get_connection_with_tls_context(self, *arguments: Any, **options: Any) -> Any:
        """Give the pool for a request, its connections watched."""
        pool: Any = super().get_connection_with_tls_context(*arguments, **options)
        plain: Any = pool.ConnectionCls
        line = self._line

        class Watched(plain):  # type: ignore[misc]
            def _new_conn(self) -> socket.socket:
                if line.guarded:
                    refuse_private_host(self.host, self.port)
                connected: socket.socket = super()._new_conn()
                if line.guarded:
                    _refuse_or_close(connected)
                line.opened(connected)
                return connected

        pool.ConnectionCls = Watched
        return pool


def _refuse_or_close(connected: socket.socket) -> None:
    try:
        refuse_private_peer(connected)
    except PrivateAddressError:
        connected.close()
        raise
