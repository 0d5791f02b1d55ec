"""Several worker processes of one queue, their ledger, and waiting for what they do."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tenacity import RetryError, retry, retry_if_result, stop_after_delay, wait_fixed

from support.redis_process import RedisProcess

_PROGRAM = Path(__file__).with_name("job_worker.py")


def eventually(condition: Callable[[], Any], *, what: str) -> Any:
    """Wait until `condition` holds and give what it gave; two minutes are for ever."""
    waiting = retry(retry=retry_if_result(lambda found: not found), stop=stop_after_delay(120), wait=wait_fixed(0.05))
    try:
        return waiting(condition)()
    except RetryError:
        raise AssertionError(f"never happened: {what}") from None


@dataclass
class JobWorkers:
    """Worker processes on `redis`, with the policies and the ledger in `home`."""

    redis: RedisProcess
    home: Path
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, queue: str, number: int = 1, *, lock_seconds: float = 40) -> list[subprocess.Popen[bytes]]:
        arguments = [sys.executable, str(_PROGRAM), self.redis.url, str(self.home), queue, str(lock_seconds)]
        started = [subprocess.Popen(arguments) for _ in range(number)]
        self.processes += started
        return started

    def ledger(self, event: str | None = None) -> list[dict[str, Any]]:
        """Give the lines about `event`, or all; the last may still be under way."""
        file = self.home / "ledger"
        written = file.read_text().splitlines(keepends=True) if file.exists() else []
        lines = [json.loads(line) for line in written if line.endswith("\n")]
        return [line for line in lines if event in {None, line["event"]}]

    def hold_all(self) -> None:
        """Let no job that has begun come to its end, so that whoever is killed now is killed at work."""
        (self.home / "held").touch()

    def hold_no_more(self) -> None:
        (self.home / "held").unlink()

    def fail_all(self) -> None:
        (self.home / "failing").touch()

    def fail_no_more(self) -> None:
        (self.home / "failing").unlink()

    def kill(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()


def most_at_once(ledger: list[dict[str, Any]]) -> int:
    """Give how many jobs were under way at the same time, by the order of the lines."""
    under_way, most = 0, 0
    for line in ledger:
        under_way += 1 if line["event"] == "began" else -1
        most = max(most, under_way)
    return most
