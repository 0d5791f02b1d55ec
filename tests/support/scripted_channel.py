"""A channel that answers as a test scripts it, and a clock that stands still until a test moves it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from maxbooster_ops.alerting.channels.channel import Sent
from maxbooster_ops.alerting.message import Message
from support.facts import NOON

DELIVERED = Sent(delivered=True, detail="answered 200")
TEMPORARY = Sent(delivered=False, detail="answered 503")
PERMANENT = Sent(delivered=False, detail="answered 404", permanent=True)


@dataclass
class ScriptedChannel:
    """Remembers what it was asked to send; answers in order, then with the last answer for ever.

    Messages of several groups come in any order: what only one of them is answered stands in `answers_to`, by its key.
    """

    name: str
    answers: list[Sent] = field(default_factory=lambda: [DELIVERED])
    answers_to: dict[str, list[Sent]] = field(default_factory=dict)
    before: Callable[[Message], None] = lambda _: None
    sent: list[Message] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def send(self, message: Message) -> Sent:
        self.before(message)
        with self.lock:
            self.sent.append(message)
            answers = self.answers_to.get(message.key, self.answers)
            return answers.pop(0) if len(answers) > 1 else answers[0]

    @property
    def keys(self) -> list[str]:
        return [message.key for message in self.sent]


@dataclass
class Clock:
    """Gives `at` until it is moved."""

    at: datetime = NOON

    def __call__(self) -> datetime:
        return self.at

    def move(self, **by: float) -> None:
        self.at += timedelta(**by)
