"""A platform behind a proxy that changes what some paths answer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests

Lie = Callable[[int, bytes], tuple[int, bytes]]
"""From the true status and body to those that are answered."""


@contextmanager
def lying_platform(url: str, lies: dict[str, Lie]) -> Iterator[str]:
    """Give the address of a proxy in front of `url` that tells `lies` by path."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            true = requests.get(f"{url}{self.path}", timeout=60)
            status, body = lies.get(self.path, lambda status, body: (status, body))(true.status_code, true.content)
            self.send_response(status)
            self.send_header("Content-Type", true.headers["Content-Type"])
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
