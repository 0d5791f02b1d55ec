"""The gate before the fetching of jobs: open, open for one, or shut.

Belongs here: waiting at it. Not here: who shuts it and why (`worker.py`).
"""

from __future__ import annotations

import asyncio


class Gate:
    """Shut at first; any task of one event loop may wait at it."""

    def __init__(self) -> None:
        self._is_open = asyncio.Event()
        self._for_one = False

    def open(self) -> None:
        """Let everybody through from now on."""
        self._for_one = False
        self._is_open.set()

    def let_one_through(self) -> None:
        """Open for whoever comes first, and shut behind it."""
        self._for_one = True
        self._is_open.set()

    def shut(self) -> None:
        """Let nobody through."""
        self._is_open.clear()

    async def passed(self) -> None:
        """Wait until one is let through."""
        while not self._is_open.is_set():  # again after waking: another may have been the one
            await self._is_open.wait()
        if self._for_one:
            self._is_open.clear()
