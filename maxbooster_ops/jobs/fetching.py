"""Fetching jobs, and when not to: while the breaker is open, and while BullMQ 5 has paused the queue.

Belongs here: what differs from PyPI bullmq's worker, and the look every second that opens and shuts the gate. Not here:
one job (`handling.py`), or starting and stopping (`worker.py`).
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import bullmq
from redis import Redis
from redis.exceptions import RedisError

from maxbooster_ops.jobs.breaker import BreakerState
from maxbooster_ops.jobs.handling import Handling
from maxbooster_ops.jobs.queue_facts import QueueKeys, holds_for_5, note_own_worker, put_back, wake_a_worker

_LOOK_SECONDS = 1.0
"""How often the breaker and the queue are looked at; three short requests."""

_log = logging.getLogger("maxbooster_ops.jobs")


class GateKeeper:
    """Opens and shuts the gate of one worker."""

    def __init__(self, client: Redis, keys: QueueKeys, handling: Handling) -> None:
        self._client = client
        self._keys = keys
        self._handling = handling
        self.is_held_for_5 = False

    async def keep(self) -> None:
        """Look every second, for ever."""
        while True:
            await self.look()
            await asyncio.sleep(_LOOK_SECONDS)

    async def look(self) -> None:
        """Look once; what cannot be seen stays as it is."""
        gate, held = self._handling.gate, self.is_held_for_5
        try:
            await self._in_thread(note_own_worker, self._client, self._keys)
            self.is_held_for_5 = await self._in_thread(holds_for_5, self._client, self._keys)
            if self.is_held_for_5:
                gate.shut()
                await self._in_thread(put_back, self._client, self._keys)
            else:
                await self._obey_the_breaker()
        except RedisError:
            return
        if self.is_held_for_5 and not held:
            _log.warning("%s is paused by BullMQ 5: nothing is fetched until it is resumed", self._keys.queue)

    async def wake(self) -> None:
        """Have an idle worker of the queue look for a job."""
        await self._in_thread(wake_a_worker, self._client, self._keys)

    async def _obey_the_breaker(self) -> None:
        gate, job, limits = self._handling.gate, self._handling.policy.name, self._handling.limits
        breaker, allowed = await self._in_thread(self._handling.breakers.look, job, limits)
        if breaker.state is BreakerState.CLOSED:
            gate.open()
        elif allowed:
            gate.let_one_through()  # others may be faster; then it is put off, which is why it is only one
        else:
            gate.shut()

    async def _in_thread(self, call: Any, *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._handling.threads, call, *arguments)


class GatedWorker(bullmq.Worker):  # type: ignore[misc] # bullmq has no types
    """BullMQ's worker, which fetches only through the gate and does not let a bounded queue rest.

    Its own `pause` would hold a job that is being fetched, without work and without its lock being renewed.
    """

    def __init__(self, keys: QueueKeys, handling: Handling, keeper: GateKeeper, options: dict[str, Any]) -> None:
        super().__init__(keys.queue, handling, {**options, "prefix": keys.prefix, "autorun": False})
        self._keys = keys
        self._handling = handling
        self._keeper = keeper

    async def moveToActive(self, token: str) -> Any:  # noqa: N802 -- BullMQ's name
        """Fetch the next job, once the gate lets it."""
        await self._handling.gate.passed()
        return None if self.closing else await super().moveToActive(token)

    async def runStalledJobsCheck(self) -> None:  # noqa: N802 -- BullMQ's name
        """Take over jobs of dead workers, unless they would be lost among the waiting ones of a paused queue."""
        if not self._keeper.is_held_for_5:
            await super().runStalledJobsCheck()

    async def processJob(self, job: Any, token: str) -> None:  # noqa: N802 -- BullMQ's name
        """Work on a job; afterwards a place is free, of which BullMQ tells idle workers nothing."""
        await super().processJob(job, token)
        if self._handling.policy.limits_all_workers and not self.closing:
            try:
                await self._keeper.wake()
            except RedisError as error:
                _log.warning("No idle worker of %s was woken: %s", self._keys.queue, error)
