"""The least memory of the platform's process between two checks, which is what garbage collection leaves.

Belongs here: looking cheaply, at most every half minute, and remembering the least. Not here: what it means.
"""

from __future__ import annotations

from maxbooster_ops.sources.host.process import ProcessGoneError, watch_process

SAMPLE_EVERY_SECONDS = 30.0
"""Ten looks between two checks of the default plan, each about a millisecond."""


class LowMark:
    """The least resident memory of one process, seen since it was last taken."""

    def __init__(self) -> None:
        self._least_mb: float | None = None
        self._due_at = 0.0

    def look(self, process: str | None, monotonic: float) -> None:
        """Look at `process` where a look is due; a process that is gone is the next check's to tell."""
        if process is None or monotonic < self._due_at:
            return
        self._due_at = monotonic + SAMPLE_EVERY_SECONDS
        try:
            self.note(watch_process(process).rss_mb)
        except ProcessGoneError:
            return

    def note(self, memory_mb: float | None) -> None:
        """Take one more value into account."""
        if memory_mb is not None:
            self._least_mb = memory_mb if self._least_mb is None else min(self._least_mb, memory_mb)

    def take(self) -> float | None:
        """Give the least and forget it; None where nothing was seen."""
        least_mb, self._least_mb = self._least_mb, None
        return least_mb
