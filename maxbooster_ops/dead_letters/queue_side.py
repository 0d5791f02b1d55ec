"""What dead letters need of Redis: finding failed jobs, bringing one back, looking what became of it.

Belongs here: every command sent for them. Not here: what follows from the answers (`deciding.py`). A job's data may be
any bytes, so it is passed on as it is.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

from bullmq import Job, Queue
from bullmq.job import optsDecodeMap
from redis import Redis
from redis.exceptions import RedisError

from maxbooster_ops.dead_letters.letter import JobKey, Letter
from maxbooster_ops.errors import PlatformError, redact
from maxbooster_ops.jobs.claims import Claims

T = TypeVar("T")

REASON_KEPT = 2_000
STACK_KEPT = 8_000
PAYLOAD_KEPT = 256 * 1024
"""Characters, and bytes, of a job that are copied."""

TOKEN_FIELD = "mbops:try"  # noqa: S105 -- a name, no secret
"""The field of a job's hash that names the try which brought it back; BullMQ ignores fields that it does not know."""

_BATCH = 500

_EDIT = """
if redis.call("ZSCORE", KEYS[2], ARGV[1]) and redis.call("EXISTS", KEYS[1]) == 1 then
  redis.call("HSET", KEYS[1], "data", ARGV[2])
  return 1
end
return 0
"""

_MARK = """
if redis.call("EXISTS", KEYS[1]) == 1 then
  redis.call("HSET", KEYS[1], ARGV[1], ARGV[2])
end
"""


class Whereabouts(StrEnum):
    """Where a job is, as far as a letter needs to know."""

    FAILED = "failed"
    COMPLETED = "completed"
    UNDER_WAY = "under_way"
    NOWHERE = "nowhere"


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedJob:
    """A job in the failed set; `data` is None where it was not asked for or is too large to copy."""

    key: JobKey
    finished_ms: float
    name: str
    reason: str
    stack: str
    attempts: int
    options: str
    parent: str | None
    data_bytes: int

    @property
    def is_removed_by_its_options(self) -> bool:
        """The job itself says that the platform may remove it after it failed."""
        try:
            options = json.loads(self.options)
        except (ValueError, RecursionError):
            return False
        return bool(options.get("removeOnFail")) if isinstance(options, dict) else False


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Where a job is now, and which try brought it there; `job` describes it where it failed."""

    where: Whereabouts
    token: str | None = None
    job: FailedJob | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Return:
    """A job to bring back under a token."""

    job: JobKey
    token: str
    failed_ms: int
    lifo: bool = False


class QueueSide:
    """The queues of one Redis."""

    def __init__(self, client: Redis, redis_url: str) -> None:
        self._client = client
        self._redis_url = redis_url
        self._redrive = client.register_script(_script())

    @property
    def client(self) -> Redis:
        """The connection, for what else is kept in the same Redis."""
        return self._client

    def failed_since(self, prefix: str, queue: str, score_ms: float) -> list[tuple[str, float]]:
        """Give the jobs of a queue's failed set that finished at or after `score_ms`: id and finish in ms."""
        found: Any = self._client.zrangebyscore(f"{prefix}:{queue}:failed", score_ms, "+inf", withscores=True)
        return [(_text(job_id), float(score)) for job_id, score in found]

    def describe(self, jobs: Sequence[tuple[JobKey, float]]) -> list[FailedJob]:
        """Give what the hashes of failed jobs tell; one that is gone meanwhile is left out."""
        return [job for chunk in chunks(jobs, _BATCH) for job in self._described(chunk)]

    def data(self, jobs: Sequence[JobKey]) -> list[bytes | None]:
        """Give the data of jobs as it is, None where the job is gone."""
        answers: list[bytes | None] = []
        for chunk in chunks(jobs, 50):  # data may be large: a few at a time
            with self._client.pipeline(transaction=False) as pipeline:
                for job in chunk:
                    pipeline.hget(_key(job), "data")
                answers += pipeline.execute()
        return answers

    def bring_back(self, returns: Sequence[Return], *, only_look: bool = False) -> list[str]:
        """Bring jobs back, each atomically, and give what `redrive.lua` answers for each, in order.

        With `only_look` the same script answers the same and changes nothing.
        """
        answers: list[str] = []
        for chunk in chunks(returns, _BATCH):
            with self._client.pipeline(transaction=False) as pipeline:
                for one in chunk:
                    push = "RPUSH" if one.lifo else "LPUSH"
                    arguments: list[str | int] = [one.job.job_id, push, one.token, int(only_look), one.failed_ms]
                    self._redrive(_keys(one.job), arguments, client=pipeline)
                answers += [_text(answer) for answer in pipeline.execute()]
        return answers

    def edit(self, job: JobKey, data: str) -> bool:
        """Give a failed job other data; False where it is no longer in the failed set."""
        keys = [_key(job), _part(job, "failed")]
        return bool(self._client.eval(_EDIT, len(keys), *keys, job.job_id, data))

    def free_key(self, job: JobKey, run: str) -> None:
        """Free the idempotency key of a job, which `run` left interrupted."""
        Claims(self._client, f"{job.prefix}:{job.queue}").free(job.job_id, run)

    def add_again(self, letter: Letter, payload: str) -> bool:
        """Add the copy of a job that is gone under its own id; False where another job holds its deduplication id.

        Where the id exists, BullMQ changes nothing.
        """
        return asyncio.run(self._add(letter, payload)) == letter.job.job_id

    async def _add(self, letter: Letter, payload: str) -> str:
        kept = {optsDecodeMap.get(name, name): value for name, value in json.loads(letter.options).items()}
        options = {**kept, "jobId": letter.job.job_id}
        options.pop("delay", None)
        queue = Queue(letter.job.queue, {"connection": self._redis_url, "prefix": letter.job.prefix})
        job = Job(queue, letter.name, json.loads(payload), options)
        try:
            # One transaction, so that no worker takes the job before it carries the token of its try.
            async with queue.client.pipeline(transaction=True) as pipeline:
                await queue.scripts.addJob(job, pipeline)
                pipeline.eval(_MARK, 1, _key(letter.job), TOKEN_FIELD, letter.try_token or "")
                answers = await pipeline.execute()
        finally:
            await queue.close()
        return _text(answers[0])

    def look(self, jobs: Sequence[JobKey]) -> list[Seen]:
        """Tell where jobs are, in order."""
        return [seen for chunk in chunks(jobs, _BATCH) for seen in self._looked(chunk)]

    def _looked(self, jobs: Sequence[JobKey]) -> Iterator[Seen]:
        with self._client.pipeline(transaction=True) as pipeline:  # else a job may move on between two answers
            for job in jobs:
                pipeline.zscore(_part(job, "failed"), job.job_id)
                pipeline.zscore(_part(job, "completed"), job.job_id)
                pipeline.exists(_key(job))
                pipeline.hget(_key(job), TOKEN_FIELD)
            answers = pipeline.execute()
        looks = [tuple(answers[4 * place : 4 * place + 4]) for place in range(len(jobs))]
        failures = [(job, float(failed)) for job, (failed, *_) in zip(jobs, looks, strict=True) if failed is not None]
        described = {job.key: job for job in self.describe(failures)}
        for job, (failed, completed, exists, token) in zip(jobs, looks, strict=True):
            known = _text(token) if token is not None else None
            if failed is not None and job in described:
                yield Seen(where=Whereabouts.FAILED, token=known, job=described[job])
            elif completed is not None:
                yield Seen(where=Whereabouts.COMPLETED, token=known)
            else:
                yield Seen(where=Whereabouts.UNDER_WAY if exists else Whereabouts.NOWHERE, token=known)

    def _described(self, jobs: Sequence[tuple[JobKey, float]]) -> Iterator[FailedJob]:
        fields = ("name", "failedReason", "stacktrace", "atm", "opts", "parentKey")
        with self._client.pipeline(transaction=False) as pipeline:
            for job, _ in jobs:
                pipeline.hmget(_key(job), fields)
                pipeline.hstrlen(_key(job), "data")
            answers = pipeline.execute()
        for place, (job, finished_ms) in enumerate(jobs):
            name, reason, stack, attempts, options, parent = answers[2 * place]
            if name is None:
                continue
            yield FailedJob(
                key=job,
                finished_ms=finished_ms,
                name=_text(name),
                reason=redact(_text(reason or b""))[:REASON_KEPT],
                stack=redact(_newest(_text(stack or b"")))[:STACK_KEPT],
                attempts=_whole(attempts),
                options=_text(options or b"{}"),
                parent=_text(parent) if parent else None,
                data_bytes=int(answers[2 * place + 1]),
            )


@contextmanager
def queue_side(redis_url: str) -> Iterator[QueueSide]:
    """Connect to the platform's Redis; raises `PlatformError` where it does not answer, now or later."""
    with Redis.from_url(redis_url, socket_timeout=10, socket_connect_timeout=5) as client:
        try:
            yield QueueSide(client, redis_url)
        except RedisError as error:
            said = f"{type(error).__name__}: {error}".rstrip(".")
            raise PlatformError(
                f"The platform's Redis did not do what dead letters need: {said}. Check "
                "REDIS_URL and that the server answers; nothing is lost, the next run goes on where this one ended."
            ) from error


def chunks(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Give the items in pieces of `size`."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


@cache
def _script() -> str:
    reprocess = next(file for file in files("bullmq").joinpath("commands").iterdir() if "reprocessJob" in file.name)
    own = Path(__file__).with_name("redrive.lua").read_text(encoding="utf-8")
    return f"local function reprocess(KEYS, ARGV)\n{reprocess.read_text(encoding='utf-8')}\nend\n{own}"


def _keys(job: JobKey) -> list[str]:
    parts = ("events", "failed", "wait", "meta", "active", "marker", "prioritized", "pc", "completed")
    return [_key(job), *(_part(job, part) for part in parts), _part(job, "")]


def _key(job: JobKey) -> str:
    return _part(job, job.job_id)


def _part(job: JobKey, part: str) -> str:
    return f"{job.prefix}:{job.queue}:{part}"


def _text(value: bytes | str) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else value


def _whole(value: bytes | str | None) -> int:
    return int(value) if value and value.isdigit() else 0


def _newest(stacktrace: str) -> str:
    """Give the newest of the stacks that BullMQ keeps as a JSON list."""
    try:
        stacks = json.loads(stacktrace)
    except (ValueError, RecursionError):
        return stacktrace
    newest = str(stacks[-1]) if isinstance(stacks, list) and stacks else ""
    # A message that was cut in the middle of an emoji ends in half a character, which no store takes.
    return newest.encode(errors="replace").decode()
