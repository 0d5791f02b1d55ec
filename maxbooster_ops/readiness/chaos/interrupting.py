"""Ctrl-C, TERM, HUP and a deadline, around work that must not be cut short and work that must.

Belongs here: the signals of the main thread, which alone is interrupted. Not here: what is done about it (`runner.py`).
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from types import FrameType

from maxbooster_ops.errors import DrillError

REQUESTS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""HUP comes when the terminal is closed."""

_AGAIN_SECONDS = 1.0
"""A deadline is told again and again: whoever it interrupts may take it for another failure and go on."""


class TimeUpError(DrillError):
    """Something took longer than it may."""


@contextmanager
def within(deadline: timedelta) -> Iterator[None]:
    """Raise `TimeUpError` in the block when `deadline` has passed, also where it waits for a socket or a program."""
    if not _in_main_thread():
        yield
        return

    def tell(_: int, __: FrameType | None) -> None:
        raise TimeUpError(f"It took longer than {deadline.total_seconds():g} s.")

    before = signal.signal(signal.SIGALRM, tell)
    signal.setitimer(signal.ITIMER_REAL, deadline.total_seconds(), _AGAIN_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def held_back() -> Iterator[None]:
    """Let requests to end wait until the block is done; then the last of them arrives as it would have at once."""
    if not _in_main_thread():
        yield
        return
    arrived: list[int] = []
    before = {number: signal.signal(number, lambda got, _: arrived.append(got)) for number in REQUESTS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if arrived:
            os.kill(os.getpid(), arrived[-1])


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()
