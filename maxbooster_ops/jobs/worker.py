"""The worker runtime: works on one queue as its policy says, until it is told to stop.

Belongs here: starting and stopping. Not here: when jobs are fetched (`fetching.py`), or one job (`handling.py`).

    async def handle(job): ...

    Worker("content-generation", handle).run()
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import random
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

from maxbooster_ops.errors import ProcessError, UsageError
from maxbooster_ops.jobs.adding import home_of
from maxbooster_ops.jobs.breaker_store import BreakerStore
from maxbooster_ops.jobs.claims import Claims
from maxbooster_ops.jobs.connecting import connect, connect_async, platform_url
from maxbooster_ops.jobs.fetching import GatedWorker, GateKeeper
from maxbooster_ops.jobs.gate import Gate
from maxbooster_ops.jobs.handling import Handle, Handling
from maxbooster_ops.jobs.policies import load_policies
from maxbooster_ops.jobs.queue_facts import QueueKeys, limit_all_workers

LOCK = timedelta(seconds=40)
"""For how long a job stays with a worker that has died. Told to stop, a worker finishes within half of it, since
BullMQ's renews no locks any more while it closes."""

_GIVING_BACK_SECONDS = 5.0

_log = logging.getLogger("maxbooster_ops.jobs")


class Worker:
    """A worker of `queue`; `handle` is a coroutine function that is given each job (PyPI bullmq's `Job`).

    Without `redis_url` and `home` the settings tell. Raises `UsageError` for a function that would block all others.
    """

    def __init__(
        self,
        queue: str,
        handle: Handle,
        *,
        redis_url: str | None = None,
        home: str | Path | None = None,
        prefix: str = "bull",
        lock: timedelta = LOCK,
    ) -> None:
        if not (inspect.iscoroutinefunction(handle) or inspect.iscoroutinefunction(type(handle).__call__)):
            raise UsageError(
                f"Cannot work on {queue} with {handle!r}: expected `async def`. Inside it, call what blocks with "
                "`await asyncio.to_thread(...)`, else no lock is renewed meanwhile and another worker takes the job."
            )
        self._keys = QueueKeys(prefix=prefix, queue=queue)
        self._handle = handle
        self._url = platform_url(redis_url)
        self._home = home_of(home)
        self._lock = lock
        policies, problems = load_policies(self._home)
        for problem in problems:
            _log.warning("%s", problem)
        self.policy = policies.policy_of(queue)

    def run(self) -> None:
        """Work until TERM or INT; then finish what is under way, within a bound, and give the rest back.

        Raises `ProcessError` where working ends by itself, for a supervisor to start the process again.
        """
        asyncio.run(self.serve())

    async def serve(self, stop: asyncio.Event | None = None) -> None:
        """Work until `stop` is set; in the main thread, until TERM or INT too."""
        stop = stop or asyncio.Event()
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                asyncio.get_running_loop().add_signal_handler(number, stop.set)
        with connect(self._url) as client, ThreadPoolExecutor(self.policy.concurrency + 1, "jobs") as threads:
            try:
                await self._serve(client, threads, stop)
            except RedisError as error:
                raise ProcessError(f"The worker of {self._keys.queue} cannot work: {error}") from error

    async def _serve(self, client: Redis, threads: ThreadPoolExecutor, stop: asyncio.Event) -> None:
        if self.policy.limits_all_workers:
            limit_all_workers(client, self._keys, self.policy.concurrency)
        handling = self._handling(client, threads)
        keeper = GateKeeper(client, self._keys, handling)
        fetching = GatedWorker(self._keys, handling, keeper, self._options())
        fetching.on("error", lambda error, *_: _log.warning("Working on %s: %s", self._keys.queue, error))
        working = [asyncio.create_task(keeper.keep()), asyncio.create_task(fetching.run())]
        ending = asyncio.create_task(stop.wait())
        _log.info("A worker of %s has started", self._keys.queue)
        try:
            await asyncio.wait({ending, *working}, return_when=asyncio.FIRST_COMPLETED)
            if ended := [task for task in working if task.done()]:
                raise ProcessError(f"The worker of {self._keys.queue} stopped by itself.") from ended[0].exception()
        finally:
            await self._stop(fetching, handling.gate)
            for task in (ending, *working):
                task.cancel()
            await asyncio.gather(ending, *working, return_exceptions=True)
        _log.info("The worker of %s has stopped", self._keys.queue)

    async def _stop(self, fetching: GatedWorker, gate: Gate) -> None:
        closings = [asyncio.create_task(fetching.close())]
        await asyncio.sleep(0)  # it is closing now, and whoever waits at the gate sees that
        gate.open()
        _, unfinished = await asyncio.wait(closings, timeout=self._lock.total_seconds() / 2)
        if unfinished:
            _log.warning("%d jobs of %s go back into the queue", len(fetching.jobs), self._keys.queue)
            closings.append(asyncio.create_task(fetching.close(force=True)))
            await asyncio.wait(closings, timeout=_GIVING_BACK_SECONDS)

    def _handling(self, client: Redis, threads: ThreadPoolExecutor) -> Handling:
        return Handling(
            policy=self.policy,
            handle=self._handle,
            breakers=BreakerStore(client),
            claims=Claims(client, f"{self._keys.prefix}:{self._keys.queue}"),
            threads=threads,
            gate=Gate(),
            lease=self._lock,
            chance=random.random,
            home=self._home.root if self._home.state.exists() else None,
        )

    def _options(self) -> dict[str, object]:
        lock_ms = round(self._lock / timedelta(milliseconds=1))
        return {
            "connection": connect_async(self._url),
            "concurrency": self.policy.concurrency,
            "lockDuration": lock_ms,
            "stalledInterval": lock_ms,
            "runRetryDelay": 1_000,
        }
