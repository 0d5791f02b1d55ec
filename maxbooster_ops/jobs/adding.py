"""Adding jobs by the policy of their type: priority, attempts, backoff, and an idempotency key.

Belongs here: writing a job, so that it is neither lost nor there twice. Not here: working on it (`worker.py`).
"""

from __future__ import annotations

import hashlib
import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

from bullmq import Job, Queue
from redis.exceptions import WatchError

from maxbooster_ops.errors import MaxboosterError, UsageError
from maxbooster_ops.jobs.connecting import connect_async, platform_url
from maxbooster_ops.jobs.policies import Policies, load_policies
from maxbooster_ops.jobs.policy import Priority
from maxbooster_ops.jobs.queue_facts import QueueKeys, is_paused_by_5
from maxbooster_ops.store.home import Home

_KEYED = re.compile(r"k-[0-9a-f]{64}")


class QueuePausedError(MaxboosterError):
    """The queue is paused by BullMQ 5, which would lose the job when it resumes."""

    permanent = False


def job_id_of(idempotency_key: str) -> str:
    """Give the id of the job with this key.

    Hashed: BullMQ keeps ids in Redis keys, and takes one like `0:abc` for something else, so that the job is lost.
    """
    return f"k-{hashlib.sha256(idempotency_key.encode()).hexdigest()}"


def has_idempotency_key(job_id: str) -> bool:
    """Tell whether a job has a key, whoever added it."""
    return _KEYED.fullmatch(job_id) is not None


class Producer:
    """Adds jobs to any queue of one Redis: `async with Producer() as jobs: await jobs.add(...)`.

    Without `redis_url` and `home` the settings tell.
    """

    def __init__(self, *, redis_url: str | None = None, home: str | Path | None = None, prefix: str = "bull") -> None:
        self._client = connect_async(platform_url(redis_url))
        self._policies = policies_of(home)
        self._prefix = prefix
        self._queues: dict[str, Queue] = {}

    async def add(
        self,
        queue: str,
        data: Any,
        *,
        name: str | None = None,
        idempotency_key: str | None = None,
        delay: timedelta = timedelta(),
        priority: Priority | None = None,
    ) -> str:
        """Add a job by the policy of `queue` and give its id; `name` is the job's name, the queue's where left out.

        With a key whose job is still there, or failed, nothing is added and its id is given; one that was completed
        within its window is added and completed at once with the result it had. Raises `QueuePausedError` where the
        job would be lost, and `UsageError` for data that is no JSON.
        """
        policy = self._policies.policy_of(queue)
        options = {
            # An id of our own where there is no key: sent again after a lost answer, it adds no second job.
            "jobId": job_id_of(idempotency_key) if idempotency_key else f"j-{uuid4().hex}",
            "attempts": policy.attempts,
            "backoff": dict(policy.job_backoff),
            "priority": (priority or policy.priority).number,
            "delay": round(delay / timedelta(milliseconds=1)),
        }
        if idempotency_key:
            # The key remembers that it is done. The job must not stay for longer: BullMQ ignores one whose id exists.
            options["removeOnComplete"] = True
        _must_be_json(queue, data)
        return await self._write(queue, name or queue, data, options)

    async def close(self) -> None:
        """Close the connection."""
        await self._client.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _write(self, queue: str, name: str, data: Any, options: dict[str, Any]) -> str:
        bullmq = self._bullmq(queue)
        job = Job(bullmq, name, data, options)
        meta = QueueKeys(prefix=self._prefix, queue=queue).key("meta")
        while True:
            async with self._client.pipeline(transaction=True) as transaction:
                # Watched, so that the queue is not paused between looking and writing; that would take effect first.
                await transaction.watch(meta)
                if is_paused_by_5(*await transaction.hmget(meta, ["version", "paused"])):
                    raise QueuePausedError(
                        f"Cannot add a job to {queue}: it is paused, and belongs to BullMQ 5, which would lose the job "
                        "when it resumes. Add it again when the queue is resumed, or move the platform to BullMQ 6."
                    )
                transaction.multi()  # type: ignore[no-untyped-call] # redis-py's
                await bullmq.backend.scripts.addJob(job, transaction)
                try:
                    added = (await transaction.execute())[-1]
                except WatchError:
                    continue  # something changed, or the answer was lost; the id is the same, so again does no harm
            if isinstance(added, int) and added < 0:
                raise bullmq.backend.scripts.finishedErrors({"code": added, "command": "addJob"})
            return str(added)

    def _bullmq(self, queue: str) -> Queue:
        if queue not in self._queues:  # one reads all of BullMQ's scripts, which takes milliseconds
            self._queues[queue] = Queue(queue, {"connection": self._client, "prefix": self._prefix})
        return self._queues[queue]


async def add(
    queue: str, data: Any, *, idempotency_key: str | None = None, name: str | None = None, redis_url: str | None = None
) -> str:
    """Add one job on a connection of its own; who adds many opens a `Producer`."""
    async with Producer(redis_url=redis_url) as producer:
        return await producer.add(queue, data, idempotency_key=idempotency_key, name=name)


def policies_of(home: str | Path | None) -> Policies:
    """Give the policies of the home at that folder, where None of the one that the settings name."""
    return load_policies(home_of(home))[0]


def home_of(home: str | Path | None) -> Home:
    """Give the home at that folder, where None the one that the settings name."""
    if home is not None:
        return Home(root=Path(home))
    from maxbooster_ops.settings import load_settings  # noqa: PLC0415 -- some tenths of a second, often not needed

    return Home(root=load_settings().maxbooster_home)


def _must_be_json(queue: str, data: Any) -> None:
    try:
        json.dumps(data, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise UsageError(f"Cannot add a job to {queue}: its data is no JSON ({error}).") from error
