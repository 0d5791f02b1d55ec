"""A piece of work that Ctrl-C, TERM and a closed terminal do not cut short.

Belongs here: ignoring them for a while. Not here: what they mean to a program at other times.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_REQUESTS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Ignore requests to end while the block lasts; for work of a few seconds that is of no use when half done.

    Outside of the main thread, which alone is interrupted, there is nothing to do.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, signal.SIG_IGN) for number in _REQUESTS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
