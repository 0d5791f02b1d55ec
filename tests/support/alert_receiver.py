"""All vendors in one real HTTP server that remembers what it took, refuses what they would refuse, and fails on order.

Also a program of its own, for tests that kill what sends: `python alert_receiver.py PORT-FILE LOG-FILE [--fail-ratio
0.3] [--faults 500,429,...] [--seed N] [--hang-seconds S]` writes its port when it listens, and a JSON line per accepted
request. A `late` fault takes the request and then fails: the sender cannot know, and will repeat it.
"""

from __future__ import annotations

import argparse
import json
import random
import socket
import struct
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.vendor_shapes import ACCEPTED, SHAPES

FAULTS = ("500", "503", "429", "400", "redirect", "silence", "reset", "slow", "late-silence", "late-reset")
TEMPORARY_FAULTS = ("500", "429", "silence", "reset", "late-silence", "late-reset")
_VENDORS = {"v2": "pagerduty", "v3": "email"}
"""By the first part of the path, where that is not the vendor's own name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A request that was taken; `key` is the same on every try of one message."""

    at: float
    vendor: str
    key: str
    document: dict[str, Any]
    headers: dict[str, str]


@dataclass
class AlertReceiver:
    """What was asked for and what came of it. `faults` are used up in order, then `fail_ratio` decides by chance."""

    port: int
    fail_ratio: float = 0.0
    kinds: tuple[str, ...] = TEMPORARY_FAULTS
    random: random.Random = field(default_factory=lambda: random.Random(1))
    retry_after: str = "1"
    hang_seconds: float = 30.0
    on_accepted: Callable[[Accepted], None] = lambda _: None
    faults: deque[str] = field(default_factory=deque)
    accepted: list[Accepted] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    tries: Counter[str] = field(default_factory=Counter)
    incidents: dict[str, str] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)
    stopping: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def settings(self) -> dict[str, Any]:
        """Name the settings that lead every channel here; each address has a secret in it that must show nowhere."""
        return {
            "alert_webhook_url": f"{self.url}/webhook/s3cr3t-webhook",
            "slack_webhook_url": f"{self.url}/slack/s3cr3t-slack",
            "teams_webhook_url": f"{self.url}/teams/s3cr3t-teams?sig=s3cr3t-sig",
            "discord_webhook_url": f"{self.url}/discord/s3cr3t-discord",
            "pagerduty_api_url": self.url,
            "pagerduty_routing_key": "s3cr3t-routing-key",
            "sendgrid_api_url": self.url,
            "sendgrid_api_key": "SG.s3cr3t-sendgrid",
            "alert_email_from": "ops@example.com",
            "alert_email_recipients": "one@example.com,two@example.com",
            "heartbeat_url": f"{self.url}/heartbeat/s3cr3t-heartbeat",
            "alert_allow_private_webhooks": True,
        }

    def of(self, vendor: str) -> list[Accepted]:
        return [each for each in self.accepted if each.vendor == vendor]

    def next_fault(self, vendor: str) -> str | None:
        with self.lock:
            self.tries[vendor] += 1
            if self.faults:
                return self.faults.popleft()
            return self.random.choice(self.kinds) if self.random.random() < self.fail_ratio else None

    def problems(self, vendor: str, body: bytes, headers: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
        if vendor == "heartbeat":
            return {}, []
        try:
            document = json.loads(body)
        except ValueError:
            return {}, ["no JSON"]
        found = list(SHAPES[vendor](document, headers))
        return document, found if headers.get("idempotency-key") else [*found, "no Idempotency-Key"]

    def take(self, accepted: Accepted) -> None:
        with self.lock:
            self.accepted.append(accepted)
            if accepted.vendor == "pagerduty":
                self.incidents[accepted.document["dedup_key"]] = accepted.document["event_action"]
            self.on_accepted(accepted)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    receiver: AlertReceiver

    def log_message(self, *_: object) -> None:
        """Say nothing: tests read what is remembered."""

    def do_GET(self) -> None:
        self._handle()

    def do_POST(self) -> None:
        self._handle()

    def _handle(self) -> None:
        self.close_connection = True
        first = self.path.strip("/").split("/")[0].split("?")[0]
        vendor = _VENDORS.get(first, first)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        if vendor not in ACCEPTED:
            self._answer(404, b"nothing here")
            return
        receiver = self.receiver
        fault = receiver.next_fault(vendor)
        if fault and not fault.startswith("late") and fault != "slow":
            self._fail(fault)
            return
        if fault == "slow":
            receiver.stopping.wait(receiver.hang_seconds)
        document, problems = receiver.problems(vendor, body, headers)
        if problems:
            receiver.refused.append(f"{vendor}: {'; '.join(problems)}")
            self._answer(400, "; ".join(problems).encode())
            return
        key = headers.get("idempotency-key", "")
        receiver.take(Accepted(at=time.time(), vendor=vendor, key=key, document=document, headers=headers))
        self._fail(fault.removeprefix("late-")) if fault and fault != "slow" else self._answer(*ACCEPTED[vendor])

    def _fail(self, fault: str) -> None:
        match fault:
            case "silence":
                self.receiver.stopping.wait(self.receiver.hang_seconds)
            case "reset":
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            case "redirect":
                self._answer(302, b"", Location=f"{self.receiver.url}/webhook/elsewhere")
            case "429":
                self._answer(429, b"slow down", Retry_After=self.receiver.retry_after)
            case status:
                # Echoes the address, as careless receivers do.
                self._answer(int(status), f"no luck at {self.path}".encode())

    def _answer(self, status: int, body: bytes, **headers: str) -> None:
        with suppress(OSError):
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if status != 204:
                self.wfile.write(body)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_: object) -> None:
        """A client that leaves early is what these tests are about."""

    def shutdown_request(self, request: Any) -> None:
        # Without the polite shutdown, which would turn an ordered reset into an ordinary end.
        self.close_request(request)


@contextmanager
def alert_receiver(**options: Any) -> Iterator[AlertReceiver]:
    """Serve on a free port of the loopback until the block ends; `options` are fields of `AlertReceiver`."""
    handler = type("Handler", (_Handler,), {})
    with _Server(("127.0.0.1", 0), handler) as server:
        receiver = AlertReceiver(port=server.server_address[1], **options)
        handler.receiver = receiver
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield receiver
        finally:
            receiver.stopping.set()
            server.shutdown()
            thread.join()


def _main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("port_file", type=Path)
    parser.add_argument("log_file", type=Path)
    parser.add_argument("--fail-ratio", type=float, default=0.0)
    parser.add_argument("--faults", default=",".join(TEMPORARY_FAULTS))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--hang-seconds", type=float, default=30.0)
    options = parser.parse_args()
    with (
        options.log_file.open("a") as log,
        alert_receiver(
            fail_ratio=options.fail_ratio,
            kinds=tuple(options.faults.split(",")),
            random=random.Random(options.seed),
            hang_seconds=options.hang_seconds,
            on_accepted=lambda each: print(json.dumps(asdict(each)), file=log, flush=True),
        ) as receiver,
    ):
        # Whole or not at all: a reader waits for the file to be there.
        partial = options.port_file.with_suffix(".partial")
        partial.write_text(str(receiver.port))
        partial.rename(options.port_file)
        with suppress(KeyboardInterrupt):
            threading.Event().wait()


if __name__ == "__main__":
    _main()
