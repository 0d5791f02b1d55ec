"""One program that was started: its command, its log, and what to say when it ends by itself.

Belongs here: what is known of a single program. Not here: starting and ending them (`supervisor`).
"""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from maxbooster_ops.errors import ProcessError, redact
from maxbooster_ops.processes.family import Identity

_TAIL_BYTES = 8192


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A started program; it leads a session and process group of its own."""

    name: str
    argv: Sequence[str]
    log: Path
    identity: Identity
    process: subprocess.Popen[bytes] = field(repr=False)

    @property
    def pid(self) -> int:
        """Its process id, which is also that of its group and session."""
        return self.identity.pid

    @property
    def exit_code(self) -> int | None:
        """The exit code, negative for the signal that ended it; None while it runs."""
        return self.process.poll()

    def ask_to_end(self) -> None:
        """Send TERM to its process group, unless it has ended."""
        if self.exit_code is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGTERM)

    def last_lines(self, count: int = 20) -> str:
        """Give the end of its log, without credentials; empty where it wrote nothing."""
        with self.log.open("rb") as log:
            size = log.seek(0, os.SEEK_END)
            log.seek(max(0, size - _TAIL_BYTES))
            text = log.read().decode(errors="replace")
        return redact("\n".join(text.splitlines()[-count:]))

    def failure(self, when: str = "by itself") -> ProcessError:
        """Describe its end for the person who must act."""
        ending = f"{self.name} ended {when}, with {_spoken(self.exit_code)}"
        command = shlex.join(self.argv)
        said = self.last_lines()
        if not said:
            return ProcessError(f"{ending}, and wrote nothing to {self.log}. Run it by hand to see why: {command}")
        return ProcessError(
            f"{ending}. Command: {command}\nThe last lines of {self.log}:\n{said}\n"
            "Correct what they name and start again."
        )


def _spoken(exit_code: int | None) -> str:
    if exit_code is None:
        return "no exit code yet"
    if exit_code < 0:
        return f"signal {signal.Signals(-exit_code).name}"
    return f"exit code {exit_code}"
