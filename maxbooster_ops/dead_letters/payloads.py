"""The data of a dead letter's job, fit to be shown: secret keys masked, bounded.

Belongs here: where it is, and what may be seen of it. Not here: keeping copies (`making.py`).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from maxbooster_ops.dead_letters.letter import Letter, PayloadKept
from maxbooster_ops.dead_letters.making import masked, read_json
from maxbooster_ops.dead_letters.queue_side import QueueSide, queue_side
from maxbooster_ops.errors import PlatformError

SHOWN_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """The data, or why it cannot be shown, and where it is."""

    where: str
    data: Any


def payload_of_letter(letter: Letter, redis_url: str | None, redacted: Collection[str]) -> Payload:
    """Give the data of a letter's job: its copy, or what the job in Redis has."""
    if letter.payload is not None:
        return Payload(where=f"{letter.payload_kept.value} when it was found", data=_shown(letter.payload, redacted))
    if letter.payload_kept is PayloadKept.LOST:
        return Payload(where=letter.payload_kept.value.replace("_", " "), data=None)
    if redis_url is None:
        return Payload(where="in Redis, which is not known here", data=None)
    try:
        with queue_side(redis_url) as side:
            return _in_redis(letter, side, redacted)
    except PlatformError as error:
        return Payload(where=f"in Redis, which did not answer: {error}", data=None)


def _in_redis(letter: Letter, side: QueueSide, redacted: Collection[str]) -> Payload:
    key = f"{letter.job.prefix}:{letter.job.queue}:{letter.job.job_id}"
    size = side.client.hstrlen(key, "data")
    if size > SHOWN_BYTES:
        return Payload(where=f"in Redis, {size:,} bytes: too large to show; HGET {key} data", data=None)
    (data,) = side.data([letter.job])
    if data is None:
        return Payload(where="the job is no longer in Redis", data=None)
    return Payload(where=f"in Redis, {key}", data=_shown(data, redacted))


def _shown(data: bytes | str, redacted: Collection[str]) -> Any:
    try:
        return masked(read_json(data), redacted)
    except ValueError:
        # What is no JSON has no keys to mask, so that a secret in it cannot be told from the rest.
        return f"{len(data):,} bytes that are no JSON, or nest too deeply to be shown"
