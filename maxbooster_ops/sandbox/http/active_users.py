"""Who used the app lately.

Belongs here: counting users by their requests. Not here: who they are (`crowd`).
"""

from __future__ import annotations

ACTIVE_SECONDS = 300.0
"""A user counts as present for five minutes after the last request."""


class ActiveUsers:
    """The users by the time of their last request."""

    def __init__(self) -> None:
        self._seen_at: dict[str, float] = {}

    def saw(self, user_id: str, *, now: float) -> None:
        """Note a request; the latest user stands last, so that the oldest is found first."""
        self._seen_at.pop(user_id, None)
        self._seen_at[user_id] = now

    def count(self, *, now: float) -> int:
        """Count the users of the last five minutes, and forget the others."""
        while self._seen_at and now - self._seen_at[oldest := next(iter(self._seen_at))] >= ACTIVE_SECONDS:
            del self._seen_at[oldest]
        return len(self._seen_at)
