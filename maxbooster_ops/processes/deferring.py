"""Requests to end (Ctrl-C, TERM, a closed terminal) that are obeyed between two steps of a work, never within one.

Belongs here: noting them, and waiting with an ear for them. Not here: what a work does about one.

A signal that raises wherever the program happens to be can get lost: in a finalizer, or in a database driver that
reports it as an error of its own. It then never comes again.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

_REQUESTS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Deferred:
    """Whether somebody asked this process to end."""

    def __init__(self) -> None:
        self.is_asked = False

    def wait(self, seconds: float) -> None:
        """Sleep; raise KeyboardInterrupt where somebody asked, before or meanwhile."""
        if not self.is_asked:
            time.sleep(seconds)
        if self.is_asked:
            raise KeyboardInterrupt


@contextmanager
def deferred_requests() -> Iterator[Deferred]:
    """Only note requests to end while the block lasts; outside of the main thread, which alone gets them, do nothing.

    A sleep goes on after a signal, so give `wait` short ones.
    """
    deferred = Deferred()
    if threading.current_thread() is not threading.main_thread():
        yield deferred
        return

    def note(*_: object) -> None:
        deferred.is_asked = True

    before = {number: signal.signal(number, note) for number in _REQUESTS}
    try:
        yield deferred
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
