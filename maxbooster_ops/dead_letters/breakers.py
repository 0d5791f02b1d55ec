"""Breakers and re-drives: while the breaker of a job type is open, none of its dead letters is brought back.

Belongs here: asking for letters. Not here: the breakers themselves (`jobs/breaker_store.py`).
"""

from __future__ import annotations

import math

from maxbooster_ops.dead_letters.letter import Letter
from maxbooster_ops.jobs.breaker import BreakerState, Limits
from maxbooster_ops.jobs.breaker_store import BreakerStore
from maxbooster_ops.jobs.policies import Policies


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
        policy = self._policies.policy_of(queue)
        limits = Limits(failures=policy.breaker_failures, open_for=policy.breaker_open_for)
        breaker, lets_one = self._breakers.look(queue, limits)
        return math.inf if breaker.state is BreakerState.CLOSED else float(lets_one)
