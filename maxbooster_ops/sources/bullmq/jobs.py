"""What a finished job says of itself: its hash, where it is still there, else what the stream saw. Pure.

Belongs here: BullMQ's job fields and which clock to believe. Not here: fetching them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from math import isfinite
from typing import Final

from maxbooster_ops.sources.bullmq.counts import whole
from maxbooster_ops.sources.bullmq.events import FinishedJob
from maxbooster_ops.sources.bullmq.queue import Queue
from maxbooster_ops.sources.bullmq.wire import Command, Reply
from maxbooster_ops.store.facts import QueueJob

REASON_KEPT: Final = 500
"""Characters of a failure's reason that are stored."""

_CLOCKS: Final = ("processedOn", "finishedOn", "timestamp")
_FOR_CLOCKS: Final = Command("HMGET", *_CLOCKS)
_FOR_MOST: Final = Command("HMGET", *_CLOCKS, "name", "atm")
_FOR_ALL: Final = Command("HMGET", *_CLOCKS, "name", "atm", "opts")
_HASH_IS_GONE: Final[Sequence[str | None]] = (None,) * len(_CLOCKS)
_SAME_FINISH_MS: Final = 1000  # two finishes of one job lie further apart than a worker's clock is off


def asking_for(queue: Queue, job: FinishedJob) -> bytes:
    """Encode the command for a finished job's own fields, without those that the stream told already.

    It told all but the clocks of a job that it saw added, taken once and completed. It does not know how many attempts
    BullMQ counts where more came between, and its options matter only where the stream does not know its wait.
    """
    was = job.was
    if was.wait_ms is None:
        command = _FOR_ALL
    elif was.detoured or was.attempts != 1 or was.name is None or job.outcome != "completed":
        command = _FOR_MOST
    else:
        command = _FOR_CLOCKS
    return command.of(queue.key(job.job_id))


def described(queue: Queue, job: FinishedJob, reply: Reply) -> QueueJob:
    """Make the row of a finished job from the stream's account and the reply to `asking_for`.

    Durations are BullMQ's own (`finishedOn` - `processedOn`) where the hash still tells of this finish: it is gone
    where the platform removes finished jobs, and tells of a later attempt where the job was driven again meanwhile.
    """
    processed, finished, added, *more = reply if isinstance(reply, list) else _HASH_IS_GONE
    name, attempts, *options = more or (None, None)
    started_ms, finished_ms = whole(processed), whole(finished)
    if started_ms is not None and finished_ms is not None and _tells_of(job, finished_ms):
        attempts_made = whole(attempts) if more else job.was.attempts
        processing_ms: float | None = max(0, finished_ms - started_ms)
        wait_ms = _wait_ms(job, started_ms, whole(added), attempts_made, options)
        timed_by: str | None = "job"
    else:
        processing_ms, wait_ms, attempts_made = job.processing_ms, job.was.wait_ms, job.was.attempts
        timed_by = None if processing_ms is None else "stream"
    return QueueJob(
        ts=datetime.fromtimestamp(job.at_ms / 1000, UTC),
        prefix=queue.prefix,
        queue=queue.name,
        job_id=job.job_id,
        name=name or job.was.name,
        outcome=job.outcome,
        processing_ms=processing_ms,
        wait_ms=wait_ms,
        attempts=attempts_made,
        reason=job.reason[:REASON_KEPT] if job.reason else None,
        timed_by=timed_by,
    )


def due_ms(added: str | None, options: str | None) -> int | None:
    """Give the time from which a job that was not attempted yet could be taken: when it was added, plus its own delay.

    The hash's field `delay` does not tell: BullMQ sets it to 0 when the delay is over.
    """
    added_ms = whole(added)
    return None if added_ms is None else added_ms + _delay_ms(options)


def _tells_of(job: FinishedJob, finished_ms: int) -> bool:
    if not job.is_latest:
        return False
    return job.processing_ms is None or abs(finished_ms - job.at_ms) <= _SAME_FINISH_MS


def _wait_ms(
    job: FinishedJob, started_ms: int, added_ms: int | None, attempts: int | None, options: Sequence[str | None]
) -> float | None:
    """Tell how long a job waited for the attempt that finished it.

    Since it was added, by its own clock, where nothing came between. A delay, a retry or a stall did: then the
    stream's account of the last wait; and where the stream was read too late for that, only a first attempt has a
    known wait.
    """
    if added_ms is None or (job.was.detoured and job.was.wait_ms is not None):
        return job.was.wait_ms
    if job.was.wait_ms is not None:
        return max(0, started_ms - added_ms)
    if attempts is None or attempts > 1:
        return None
    return max(0, started_ms - added_ms - _delay_ms(options[0] if options else None))


def _delay_ms(options: str | None) -> int:
    if not options or '"delay"' not in options:
        return 0
    try:
        parsed = json.loads(options)
    except ValueError:
        return 0
    delay = parsed.get("delay") if isinstance(parsed, dict) else None
    return round(delay) if isinstance(delay, int | float) and isfinite(delay) else 0
