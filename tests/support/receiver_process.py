"""The receiver of alerts as a program of its own, for drills that kill what sends.

Belongs here: starting and ending it. Not here: how it behaves (`alert_receiver.py`).
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from maxbooster_ops.processes import wait_for


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiverProcess:
    """Where it listens, and the file with a JSON line per request that it took."""

    url: str
    log: Path


@contextmanager
def receiver_process(
    folder: Path, *, fail_ratio: float, hang_seconds: float, seed: int = 1
) -> Iterator[ReceiverProcess]:
    """Run it until the block ends; it fails that share of the requests in every way that a sender may try again."""
    folder.mkdir(parents=True, exist_ok=True)
    port_file, log = folder / "port", folder / "accepted.jsonl"
    command = [sys.executable, str(Path(__file__).with_name("alert_receiver.py")), str(port_file), str(log)]
    options = ["--fail-ratio", str(fail_ratio), "--hang-seconds", str(hang_seconds), "--seed", str(seed)]
    with subprocess.Popen([*command, *options]) as running:
        try:
            wait_for(port_file.exists, seconds=300, what="the receiver's port")
            yield ReceiverProcess(url=f"http://127.0.0.1:{port_file.read_text()}", log=log)
        finally:
            running.kill()
