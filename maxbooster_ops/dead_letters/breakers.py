"""Breakers and re-drives: while the breaker of a job type is open, none of its dead letters is brought back.

Belongs here: asking for letters, and telling how they ended. Not here: the breakers themselves
(`jobs/breaker_store.py`).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from redis import Redis

from maxbooster_ops.dead_letters.letter import Letter
from maxbooster_ops.jobs.breaker import Asked, Breaker, BreakerState, Failed, Limits, Succeeded
from maxbooster_ops.jobs.breaker_store import BreakerStore
from maxbooster_ops.jobs.policies import Policies
from maxbooster_ops.jobs.queue_facts import QueueKeys, has_own_worker


class BreakerGate:
    """Answers for the letters of one re-drive; the breaker of each job type is asked once.

    A breaker that has been open for long enough lets one letter through, its trial, and no other until that has ended.
    `under_way` are the letters that are brought back now: one of a try after the breaker opened is its trial.
    """

    def __init__(self, breakers: BreakerStore, policies: Policies, under_way: Callable[[], Sequence[Letter]]) -> None:
        self._breakers = breakers
        self._policies = policies
        self._under_way = under_way
        self._doors: dict[str, _Door] = {}

    def allows(self, letter: Letter) -> bool:
        """Tell whether `letter` may be brought back, and take its place where there is one only."""
        door = self._door(letter)
        if door.places < 1:
            return False
        door.places -= 1
        return True

    def is_trial(self, letter: Letter) -> bool:
        """Tell whether `letter`, which was let through, is the only one of its job type."""
        return not math.isinf(self._door(letter).places)

    def take_back(self, letter: Letter) -> None:
        """Give the place of `letter` to another, since the queue refused it: nothing was tried."""
        self._door(letter).places += 1

    def why_held(self, letter: Letter) -> str:
        """Say why `letter` was not let through, and when another asking may help."""
        queue, door = letter.job.queue, self._door(letter)
        breaker = door.breaker
        opened = f" since {breaker.opened_at:%Y-%m-%d %H:%M:%S} UTC" if breaker.opened_at else ""
        said = f"the circuit breaker of {queue} is open{opened}, after {breaker.failures} failures in a row"
        if door.one_at_a_time:
            return f"{said}; its trial is under way, and the others may follow when that has succeeded"
        if breaker.opened_at is None:
            return said
        at = breaker.opened_at + _limits(self._policies, queue).open_for
        return f"{said}; from {at:%H:%M:%S} UTC on it lets one through on trial"

    def _door(self, letter: Letter) -> _Door:
        queue = letter.job.queue
        if queue not in self._doors:
            self._doors[queue] = self._ask(queue)
        return self._doors[queue]

    def _ask(self, queue: str) -> _Door:
        breaker, lets_one = self._breakers.look(queue, _limits(self._policies, queue))
        if breaker.state is BreakerState.CLOSED:
            return _Door(breaker=breaker, places=math.inf)
        is_tried = breaker.state is BreakerState.HALF_OPEN and not lets_one
        is_tried = is_tried or any(
            letter.job.queue == queue and letter.tried_at and letter.tried_at >= (breaker.opened_at or letter.tried_at)
            for letter in self._under_way()
        )
        return _Door(breaker=breaker, places=float(lets_one and not is_tried), one_at_a_time=lets_one or is_tried)


@dataclass(slots=True, kw_only=True)
class _Door:
    breaker: Breaker
    places: float
    one_at_a_time: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """A letter whose try has come to its end, and whether its job worked."""

    letter: Letter
    worked: bool


class BreakerFeed:
    """Tells breakers how tries ended, for queues on which no worker of ours does that itself for every job."""

    def __init__(self, client: Redis, policies: Policies) -> None:
        self._client = client
        self._breakers = BreakerStore(client)
        self._policies = policies

    def tell(self, tried: Sequence[Tried]) -> None:
        """Tell of tries that ended between two looks.

        In which order they did is not known. One that worked shows that the job type does, whatever else failed.
        """
        by_queue: dict[QueueKeys, list[Tried]] = defaultdict(list)
        for one in tried:
            if one.letter.try_token:  # else it was somebody else's try
                by_queue[QueueKeys(prefix=one.letter.job.prefix, queue=one.letter.job.queue)].append(one)
        for keys, ended in by_queue.items():
            if not has_own_worker(self._client, keys):
                self._tell(keys.queue, ended)

    def _tell(self, queue: str, ended: Sequence[Tried]) -> None:
        limits = _limits(self._policies, queue)
        opened_at = self._breakers.look(queue, limits)[0].opened_at
        # What was under way when it opened tells nothing any more.
        tells = [one for one in ended if not (opened_at and one.letter.tried_at and one.letter.tried_at < opened_at)]
        worked = [one for one in tells if one.worked]
        for one in worked[:1] or tells[: limits.failures]:
            run = str(one.letter.try_token)
            self._breakers.take(queue, Asked(run=run), limits)  # the trial, where the breaker was open for long enough
            self._breakers.take(queue, Succeeded(run=run) if one.worked else Failed(run=run), limits)


def _limits(policies: Policies, queue: str) -> Limits:
    policy = policies.policy_of(queue)
    return Limits(failures=policy.breaker_failures, open_for=policy.breaker_open_for)
