"""The guardian: a small process that outlives its supervisor by just long enough to end what that one started.

Belongs here: what happens when the supervisor is gone without a word. Not here: the orderly stop (`supervisor`).

It reads from a pipe whose other end only the supervisor holds. However that one dies, `kill -9` included, the system
closes the pipe, and reading ends. Each line tells of one started program: `{"pid": 4711, "created": 1760000000.12}`.
"""

from __future__ import annotations

import json
import signal
import sys

from maxbooster_ops.processes.family import GRACE_SECONDS, Identity, end, family

_SWEEPS = 5
"""A program that was just being forked as the supervisor died shows itself only in a later sweep."""


def guard(mark: str) -> None:
    """Learn of programs until the supervisor is gone, then end every one of their families."""
    leaders = [Identity(**json.loads(line)) for line in sys.stdin]
    for _ in range(_SWEEPS):
        survivors = family(leaders, mark=mark)
        if not survivors:
            return
        end(survivors, grace_seconds=GRACE_SECONDS)


def main() -> None:
    """Run as `python -m maxbooster_ops.processes.guardian MARK`; deaf to the signals that end what it guards."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    guard(sys.argv[1])


if __name__ == "__main__":
    main()
