"""One job from its fetching to its end: the breaker is asked, its key claimed, the work done and tracked.

Belongs here: that sequence, and what each way it may go means for the breaker, the key and the job. Not here: fetching
(`worker.py`), or the work.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from time import monotonic, time
from typing import Any, NoReturn, TypeVar

from bullmq import Job
from bullmq.custom_errors import DelayedError, UnrecoverableError, WaitingChildrenError
from redis.exceptions import RedisError

from maxbooster_ops.errors import MaxboosterError
from maxbooster_ops.jobs.adding import has_idempotency_key
from maxbooster_ops.jobs.breaker import (
    Asked,
    Event,
    Failed,
    Limits,
    Renewed,
    Succeeded,
    Withdrawn,
    asks_again_after,
    lets_through,
)
from maxbooster_ops.jobs.breaker_store import BreakerStore
from maxbooster_ops.jobs.claims import Claimed, ClaimLostError, Claims
from maxbooster_ops.jobs.gate import Gate
from maxbooster_ops.jobs.idempotency import Verdict, reason_of
from maxbooster_ops.jobs.policy import JobPolicy
from maxbooster_ops.jobs.tracking import track

T = TypeVar("T")
Handle = Callable[[Job], Awaitable[Any]]

_RENEWALS = 6
"""Renewals of a key and of a trial within their leases: several may fail."""

_log = logging.getLogger("maxbooster_ops.jobs")


class JobTimeoutError(MaxboosterError):
    """A job took longer than its policy allows."""

    permanent = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Handling:
    """What every job of one worker needs.

    `lease` is for how long a key and a trial stay with a dead worker; `home` is where executions are handed in, None
    where they are not.
    """

    policy: JobPolicy
    handle: Handle
    breakers: BreakerStore
    claims: Claims
    threads: Executor
    gate: Gate
    lease: timedelta
    chance: Callable[[], float]
    home: Path | None

    @property
    def limits(self) -> Limits:
        """When the breaker of these jobs opens, and for how long."""
        policy = self.policy
        return Limits(failures=policy.breaker_failures, open_for=policy.breaker_open_for, trial_lease=self.lease)

    async def __call__(self, job: Job, token: str) -> Any:
        """Work on `job`, or put it off without counting an attempt; gives its result."""
        run = f"{job.id}:{token}"
        self._give_attempts(job)
        try:
            breaker, _ = await self._ask(self.breakers.take, self.policy.name, Asked(run=run), self.limits)
            if not lets_through(breaker, run):
                self.gate.shut()
                await self._put_off(job, token, asks_again_after(breaker, self.limits))
            claimed = await self._claim(job, run)
        except asyncio.CancelledError:
            # Nothing was begun, and its key must not look as if it had been.
            await self._give_back(job, token, run)
            raise
        except RedisError as error:
            # Nothing was begun. Its lock runs out, and whoever reaches Redis takes it over.
            _log.warning("Job %s of %s is left where it is: %s", job.id, self.policy.name, error)
            raise DelayedError from error
        if claimed.verdict is Verdict.GRANTED:
            return await self._run(job, token, run)
        await self._tell(Withdrawn(run=run))
        if claimed.verdict is Verdict.BUSY:
            await self._put_off(job, token, claimed.lasts)
        if claimed.verdict is Verdict.INTERRUPTED:
            _log.warning("Job %s of %s is a dead letter: its worker died at work", job.id, self.policy.name)
            raise UnrecoverableError(reason_of(claimed.run))
        return claimed.result

    async def _run(self, job: Job, token: str, run: str) -> Any:
        try:
            result = await self._watched(job, run)
        except asyncio.CancelledError:
            await self._give_back(job, token, run)
            raise
        except (DelayedError, WaitingChildrenError):  # the work itself has put the job off
            await self._end(job, run, Withdrawn(run=run), gives_key_back=True)
            raise
        except ClaimLostError as error:
            _log.warning("%s", error)
            await self._end(job, run, Withdrawn(run=run), gives_key_back=False)
            await self._put_off(job, token, self.lease)
        except Exception:
            await self._end(job, run, Failed(run=run), gives_key_back=True)
            wait = self.policy.backoff(job.attemptsMade + 1, self.chance, job.opts.get("backoff"))
            # In this process only; Python's BullMQ knows no jitter.
            job.opts["backoff"] = {"type": "fixed", "delay": max(1, round(wait / timedelta(milliseconds=1)))}
            raise
        # The key first: killed in between, the job comes back and is completed with this result, without a second run.
        result = _as_json(job, result)
        await self._mark_done(job, run, result)
        await self._tell(Succeeded(run=run))
        return result

    async def _mark_done(self, job: Job, run: str, result: Any) -> None:
        """Mark the key as done; whatever happens here, the work is done, and failing the job would repeat it."""
        if not has_idempotency_key(job.id):
            return
        try:
            if not await self._ask(self.claims.finish, job.id, run, self.policy.idempotency_window, result):
                _log.error("Job %s of %s has ended, but another run of it has begun", job.id, self.policy.name)
        except RedisError as error:
            _log.error("Nobody was told that job %s of %s is done: %s", job.id, self.policy.name, error)

    async def _watched(self, job: Job, run: str) -> Any:
        """Do the work while the trial and the key are renewed; the work ends when the key is lost."""
        work = asyncio.ensure_future(self._work(job))
        renewing = asyncio.ensure_future(self._renew(job, run))
        try:
            await asyncio.wait({work, renewing}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                raise ClaimLostError(f"Job {job.id} of {self.policy.name} lost its idempotency key while it ran.")
            return work.result()
        finally:
            for task in (work, renewing):
                task.cancel()
            await asyncio.gather(work, renewing, return_exceptions=True)

    async def _work(self, job: Job) -> Any:
        attempt = job.attemptsMade + 1
        name = f"{self.policy.name} (worker)"  # BullMQ's view of the same jobs is collected under the queue's name
        tracked = track(name, run_id=str(job.id), attempt=attempt, home=self.home, name=job.name) if self.home else None
        with tracked or nullcontext():
            try:
                return await self._within_its_time(job)
            except (DelayedError, WaitingChildrenError) as error:
                postponed = error  # no failure of this execution
        raise postponed

    async def _within_its_time(self, job: Job) -> Any:
        deadline = asyncio.timeout(self.policy.timeout.total_seconds() if self.policy.timeout else None)
        try:
            async with deadline:
                return await self.handle(job)
        except TimeoutError as error:
            if not deadline.expired():
                raise
            message = f"The job took longer than {self.policy.timeout}, the timeout of the policy {self.policy.name}."
            raise JobTimeoutError(message) from error

    async def _renew(self, job: Job, run: str) -> None:
        """Renew until cancelled; returns where the key is lost, or may be by now."""
        lease = self.lease.total_seconds()
        keyed, safe_until = has_idempotency_key(job.id), monotonic() + lease
        while True:
            await asyncio.sleep(lease / _RENEWALS)
            began = monotonic()
            try:
                async with asyncio.timeout(max(0.1, safe_until - began) if keyed else None):
                    if keyed and not await self._ask(self.claims.renew, job.id, run, self.lease):
                        return
                    await self._ask(self.breakers.take, self.policy.name, Renewed(run=run), self.limits)
            except (RedisError, TimeoutError):
                if keyed and monotonic() >= safe_until:
                    return
            else:
                safe_until = began + lease

    async def _claim(self, job: Job, run: str) -> Claimed:
        if not has_idempotency_key(job.id):
            return Claimed(verdict=Verdict.GRANTED)
        call = partial(self.claims.claim, job.id, run, window=self.policy.kept_after_a_crash, lease=self.lease)
        claiming = asyncio.ensure_future(self._ask(call))
        try:
            return await asyncio.shield(claiming)
        except asyncio.CancelledError:
            # It cannot be called back, and must not come after the key is given back.
            await asyncio.gather(claiming, return_exceptions=True)
            raise

    async def _give_back(self, job: Job, token: str, run: str) -> None:
        """Put `job` back for another worker, as if it had not been fetched, since this one must stop now."""
        await self._end(job, run, Withdrawn(run=run), gives_key_back=True)
        await self._move_back(job, token, seconds=0.001)

    async def _end(self, job: Job, run: str, event: Event, *, gives_key_back: bool) -> None:
        if gives_key_back and has_idempotency_key(job.id):
            try:
                await self._ask(self.claims.give_back, job.id, run)
            except RedisError as error:
                _log.warning("The key of job %s looks as if its worker had died: %s", job.id, error)
        await self._tell(event)

    async def _tell(self, event: Event) -> None:
        try:
            await self._ask(self.breakers.take, self.policy.name, event, self.limits)
        except RedisError as error:
            _log.warning("The breaker of %s was not told how a job ended: %s", self.policy.name, error)

    async def _put_off(self, job: Job, token: str, wait: timedelta) -> NoReturn:
        """Put `job` back for a while; up to a second more, so that those put off together do not come together."""
        await self._move_back(job, token, seconds=max(wait.total_seconds(), 0) + self.chance())
        raise DelayedError

    async def _move_back(self, job: Job, token: str, *, seconds: float) -> None:
        try:
            await job.moveToDelayed(round((time() + seconds) * 1000), token)
        except Exception as error:  # noqa: BLE001 -- BullMQ's are of many kinds; a job that stays is taken over later
            _log.warning("Job %s of %s is left where it is: %s", job.id, self.policy.name, error)

    async def _ask(self, call: Callable[..., T], *arguments: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self.threads, call, *arguments)

    def _give_attempts(self, job: Job) -> None:
        """Give a job that says nothing of attempts those of the policy; in this process only."""
        if not job.opts.get("attempts"):
            job.opts["attempts"] = job.attempts = self.policy.attempts


def _as_json(job: Job, result: Any) -> Any:
    """Give the result as BullMQ can keep it; one that it cannot would fail, and so repeat, a job that is done."""
    try:
        json.dumps(result, allow_nan=False)
    except (TypeError, ValueError) as error:
        _log.warning("The result of job %s is kept as text, since it is no JSON: %s", job.id, error)
        return str(result)
    return result
