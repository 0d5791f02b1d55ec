"""The disk of a drill's own store is full.

Belongs here: filling it and making room again. The disk is a small one that only a process of the drill sees (a file
system in memory, mounted for it alone), and is reached through that process. Not here: mounting it.
"""

from __future__ import annotations

import errno
from pathlib import Path

from maxbooster_ops.errors import DrillError
from maxbooster_ops.processes.family import Identity
from maxbooster_ops.readiness.chaos.fault import Details, Secrets

_BLOCKS = (1024 * 1024, 4096, 1)
MOST_MB = 512
"""A disk that takes more than this is not the small one that it should be."""


class DiskFull:
    """`details`: `pid` and `created` of the process that sees the disk; `ballast`, an absolute path on it."""

    kind = "disk-full"

    def inject(self, details: Details, secrets: Secrets) -> None:
        """Write until there is no room for another byte."""
        del secrets
        ballast = _seen_from_here(details)
        if ballast is None:
            raise DrillError(
                f"The process that sees {details['ballast']} (pid {details['pid']}) has ended; see its log"
            )
        written = 0
        with ballast.open("wb", buffering=0) as file:
            for block in _BLOCKS:
                try:
                    while written < MOST_MB * 1024 * 1024:
                        written += file.write(bytes(block))
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise DrillError(f"The disk of {details['ballast']} could not be filled: {error}") from error
        if written >= MOST_MB * 1024 * 1024:
            ballast.unlink()
            raise DrillError(
                f"The disk of {details['ballast']} takes {MOST_MB} MB: it is not the drill's own small one"
            )

    def roll_back(self, details: Details, secrets: Secrets) -> None:
        """Make room again; with the process the disk has gone as well."""
        del secrets
        if ballast := _seen_from_here(details):
            ballast.unlink(missing_ok=True)

    def is_gone(self, details: Details, secrets: Secrets) -> bool:
        """Look whether the ballast is there no more."""
        del secrets
        ballast = _seen_from_here(details)
        return ballast is None or not ballast.exists()


def _seen_from_here(details: Details) -> Path | None:
    """Give the way to the ballast through the root of the process that sees the disk; None where that one ended."""
    who = Identity(pid=int(details["pid"]), created=float(details["created"]))
    if not who.lives():
        return None
    return Path(f"/proc/{who.pid}/root") / str(details["ballast"]).lstrip("/")
