"""What every channel is: a name, and a way to send one message.

Belongs here: the Protocol and the outcome of a try. Not here: when to try again (`delivering/`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from maxbooster_ops.alerting.message import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What came of one try.

    `permanent` is True where trying the same message again cannot help. `retry_after` is what the receiver asked for.
    `detail` is for people: what the receiver answered, without secrets.
    """

    delivered: bool
    detail: str
    permanent: bool = False
    retry_after: timedelta | None = None


NOT_CONFIGURED = Sent(delivered=False, permanent=True, detail="this channel is not configured any more")
"""What comes of a message for a channel that is gone."""


class Channel(Protocol):
    """A way to reach people. It keeps nothing, never sleeps, and never raises for what the receiver does."""

    name: str

    def send(self, message: Message) -> Sent:
        """Try once to send `message`; a repeat carries the same `message.key`."""
        ...
