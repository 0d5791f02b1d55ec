"""Delivery: what is due goes to its channels, at least once, each channel on lanes of its own.

Belongs here: who tries what and when to stop, and the backup of a channel that fails. Not here: the rows (`outbox.py`),
what follows from an answer (`backoff.py`), or how a message looks (`channels/`).

A try is three steps: claim the message (one transaction), send it (no transaction is open), record the answer (one
transaction). Whoever dies in between leaves a lease that runs out; then it is tried again under the same key.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

import sqlalchemy as sa

from maxbooster_ops.alerting.channels.channel import NOT_CONFIGURED, Channel, Sent
from maxbooster_ops.alerting.channels.log import LogChannel
from maxbooster_ops.alerting.delivering import outbox
from maxbooster_ops.alerting.delivering.backoff import next_step
from maxbooster_ops.alerting.delivering.outbox import Claim, Try
from maxbooster_ops.alerting.message import Message
from maxbooster_ops.logs import get_logger
from maxbooster_ops.store.state import State

_LANES = 4
"""Tries of one channel at a time: enough that what is urgent passes what hangs, few enough for vendors' rate limits."""

_LOOK_AGAIN_SECONDS = 0.5
"""How long what becomes due waits at most for a free lane to be put to it."""

_LAST_RESORT = LogChannel()


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One try, as it went. `detail` is what the receiver answered; `handed_to` the backup that now has a copy."""

    key: str
    channel: str
    attempt: int
    delivered: bool
    permanent: bool
    detail: str
    handed_to: str | None = None


def deliver_due(
    state: State,
    channels: Sequence[Channel],
    *,
    now: Callable[[], datetime],
    budget: timedelta,
    random: Random | None = None,
) -> list[Delivery]:
    """Try everything that is due, and what becomes due meanwhile, until nothing is left or `budget` is spent.

    `channels` in the order in which they stand in for one another. A try that began within the budget is finished and
    recorded. A message for a channel that is not among them goes to a stand-in.
    """
    random = random or Random()  # noqa: S311 -- it spreads tries, it guards nothing
    courier = _Courier(state=state, channels=channels, now=now, ends_at=now() + budget, random=random)
    done: list[Delivery] = []
    with ThreadPoolExecutor(max_workers=_LANES * (len(channels) + 1), thread_name_prefix="delivery") as pool:
        working: dict[Future[list[Delivery]], str] = {}
        while (lanes := courier.lanes(busy=Counter(working.values()))) or working:
            working |= {pool.submit(courier.work_off, channel): channel for channel in lanes}
            # What becomes due while one lane hangs is not left waiting for it.
            ended, _ = wait(working, timeout=_LOOK_AGAIN_SECONDS, return_when=FIRST_COMPLETED)
            done += [delivery for lane in ended for delivery in lane.result()]
            working = {lane: channel for lane, channel in working.items() if lane not in ended}
    return done


def attempt(channel: Channel, message: Message) -> tuple[Sent, float]:
    """Send once and give the answer and how long it took in ms; a bug in a channel is a failed try and is logged."""
    started = time.monotonic()
    try:
        sent = channel.send(message)
    except Exception as error:  # noqa: BLE001 -- one broken channel must not keep the others from being told
        # Without the error's text, which may hold an address.
        get_logger().error("channel_broke", channel=channel.name, key=message.key, error=type(error).__name__)
        sent = Sent(delivered=False, detail=f"the channel itself failed: {type(error).__name__}")
    return sent, (time.monotonic() - started) * 1000


class _Courier:
    """What all lanes of one call share."""

    def __init__(
        self,
        *,
        state: State,
        channels: Sequence[Channel],
        now: Callable[[], datetime],
        ends_at: datetime,
        random: Random,
    ) -> None:
        self._state = state
        self._channels: Mapping[str, Channel] = {
            **{channel.name: channel for channel in channels},
            _LAST_RESORT.name: _LAST_RESORT,
        }
        self._now = now
        self._ends_at = ends_at
        self._random = random

    def lanes(self, *, busy: Mapping[str, int]) -> list[str]:
        """Name the channel of each lane that is needed beside the busy ones; none when the budget is spent."""
        if self._now() >= self._ends_at:
            return []
        with self._state.reading() as connection:
            due = outbox.due(connection, self._now())
        return [channel for channel, count in due.items() for _ in range(min(count, _LANES - busy.get(channel, 0)))]

    def work_off(self, channel: str) -> list[Delivery]:
        """Try one message of `channel` after another; several lanes may do so at once."""
        done: list[Delivery] = []
        while self._now() < self._ends_at and (claim := self._claim(channel)):
            done.append(self._try(claim))
        return done

    def _claim(self, channel: str) -> Claim | None:
        with self._state.writing() as connection:
            return outbox.claim(connection, channel, self._now())

    def _try(self, claim: Claim) -> Delivery:
        message, began_at = claim.message, self._now()
        channel = self._channels.get(message.channel)
        sent, duration_ms = attempt(channel, message) if channel else (NOT_CONFIGURED, 0.0)
        now = self._now()
        step = next_step(sent, attempt=claim.attempt, decided_at=message.at, now=now, random=self._random)
        tried = Try(claim=claim, sent=sent, at=began_at, duration_ms=duration_ms)
        with self._state.writing() as connection:
            outbox.record(connection, tried, step, now)
            backup = self._hand_over(connection, message, now) if step.hand_over else None
        return Delivery(
            key=message.key,
            channel=message.channel,
            attempt=claim.attempt,
            delivered=sent.delivered,
            permanent=sent.permanent,
            detail=sent.detail,
            handed_to=backup,
        )

    def _hand_over(self, connection: sa.Connection, message: Message, now: datetime) -> str | None:
        """Give a copy to a stand-in, and copies of what waits behind: it waits for as long as the channel fails."""
        backup = None
        for stuck in outbox.without_backup(connection, message):
            stand_in = self._stand_in(outbox.channels_told(connection, stuck))
            outbox.hand_over(connection, stuck, stand_in, now)
            backup = backup or stand_in
        return backup

    def _stand_in(self, told: frozenset[str]) -> str:
        return next((name for name in self._channels if name not in told), _LAST_RESORT.name)
