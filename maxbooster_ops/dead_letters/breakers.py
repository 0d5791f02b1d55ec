"""Breakers and re-drives: while the breaker of a job type is open, none of its dead letters is brought back.

Belongs here: asking for letters, and telling how they ended. Not here: the breakers themselves
(`jobs/breaker_store.py`).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from redis import Redis

from maxbooster_ops.dead_letters.letter import Letter
from maxbooster_ops.jobs.breaker import Asked, BreakerState, Failed, Limits, Succeeded
from maxbooster_ops.jobs.breaker_store import BreakerStore
from maxbooster_ops.jobs.policies import Policies
from maxbooster_ops.jobs.queue_facts import QueueKeys, has_own_worker


class BreakerGate:
    """Answers for the letters of one re-drive; the breaker of each job type is asked once.

    A breaker that has been open for long enough lets one letter through: its trial.
    """

    def __init__(self, breakers: BreakerStore, policies: Policies) -> None:
        self._breakers = breakers
        self._policies = policies
        self._places: dict[str, float] = {}

    def allows(self, letter: Letter) -> bool:
        """Tell whether `letter` may be brought back, and take its place where there is one only."""
        queue = letter.job.queue
        if queue not in self._places:
            self._places[queue] = self._ask(queue)
        if self._places[queue] < 1:
            return False
        self._places[queue] -= 1
        return True

    def _ask(self, queue: str) -> float:
        breaker, lets_one = self._breakers.look(queue, _limits(self._policies, queue))
        return math.inf if breaker.state is BreakerState.CLOSED else float(lets_one)


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
