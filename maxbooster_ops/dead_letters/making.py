"""Making a dead letter of a job: what is kept of it, and whether its data must be copied.

Belongs here: that, as values. Not here: which jobs (`finding.py`), or fetching their data (`queue_side.py`).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from math import isinf
from typing import Any

from maxbooster_ops.dead_letters.deciding import when_found
from maxbooster_ops.dead_letters.letter import JobKey, Letter, LetterState, PayloadKept
from maxbooster_ops.dead_letters.letter_store import new_id
from maxbooster_ops.dead_letters.queue_side import PAYLOAD_KEPT, FailedJob

_MASK = "***"

_DEEPEST = 100
_TOO_DEEP = f"it nests deeper than {_DEEPEST} levels"
"""Walking through what nests much deeper, to mask it or to print it, would exhaust the stack."""


def failure_of(job: FailedJob) -> dict[str, Any]:
    """Give the columns of a letter that tell of its newest failure."""
    return {
        "last_failed_at": moment(job.finished_ms),
        "reason": job.reason,
        "stack": job.stack,
        "attempts": job.attempts,
    }


def moment(milliseconds: float) -> datetime:
    """Give the moment of a time as BullMQ writes it."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def copy_of(job: FailedJob, data: bytes | None, redacted: Collection[str]) -> tuple[PayloadKept, str | None]:
    """Give the copy of the data of a job that the platform may remove; values of `redacted` keys are masked."""
    if job.data_bytes > PAYLOAD_KEPT:
        return PayloadKept.TOO_LARGE, None
    try:
        text = (data or b"").decode()
        return copy_of_text(text, redacted)
    except ValueError:  # it stays where it is; a copy could not be added again
        return PayloadKept.UNREADABLE, None


def copy_of_text(text: str, redacted: Collection[str]) -> tuple[PayloadKept, str]:
    """Give the copy that may be kept of data in JSON, and whether it is whole, which is to say the same characters.

    Raises `ValueError` as `read_json` does.
    """
    value = read_json(text)
    clean = masked(value, redacted)
    # What is escaped stays so: half of a character pair cannot be kept otherwise.
    return (PayloadKept.COPIED, text) if clean == value else (PayloadKept.REDACTED, json.dumps(clean))


def read_json(text: bytes | str) -> Any:
    """Read JSON that a program on npm can read too, and that nests so little that it can be walked through.

    Raises `ValueError` for anything else.
    """
    try:
        value = json.loads(text, parse_constant=_refuse, parse_float=_finite)
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None
    level = [value]
    for _ in range(_DEEPEST):
        level = [inner for outer in level for inner in _inside(outer)]
        if not level:
            return value
    raise ValueError(_TOO_DEEP)


def _inside(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def _finite(text: str) -> float:
    number = float(text)
    if isinf(number):
        raise ValueError(f"{text} is too large a number")
    return number


def masked(value: Any, redacted: Collection[str]) -> Any:
    """Give what was read from JSON with the values of `redacted` keys masked, at any depth and in either case."""
    return _masked(value, frozenset(key.lower() for key in redacted))


def _masked(value: Any, keys: frozenset[str]) -> Any:
    if isinstance(value, dict):
        return {name: _MASK if name.lower() in keys else _masked(item, keys) for name, item in value.items()}
    return [_masked(item, keys) for item in value] if isinstance(value, list) else value


def letter_of(job: FailedJob, kept: PayloadKept, payload: str | None, *, now: datetime) -> Letter:
    """Make the letter of a job in the failed set."""
    failed_at, step = moment(job.finished_ms), when_found(job.reason, now=now)
    return Letter(
        id=new_id(),
        job=job.key,
        name=job.name,
        state=step.state,
        reason=job.reason,
        stack=job.stack,
        attempts=job.attempts,
        payload=payload,
        payload_kept=kept,
        options=job.options,
        parent=job.parent,
        first_failed_at=failed_at,
        last_failed_at=failed_at,
        found_at=now,
        tries=0,
        next_try_at=step.next_try_at,
        try_token=None,
        tried_at=None,
        ended_at=None,
        note=step.note,
        version=1,
    )


def lost_letter(job: JobKey, failure: Mapping[str, Any], *, now: datetime) -> Letter:
    """Make the letter of a job that the platform removed when it failed, of what a beat saw."""
    return Letter(
        id=new_id(),
        job=job,
        name=failure["name"] or "",
        state=LetterState.PARKED,
        reason=failure["reason"] or "",
        stack="",
        attempts=failure["attempts"] or 0,
        payload=None,
        payload_kept=PayloadKept.LOST,
        options="{}",
        parent=None,
        first_failed_at=failure["ts"],
        last_failed_at=failure["ts"],
        found_at=now,
        tries=0,
        next_try_at=None,
        try_token=None,
        tried_at=None,
        ended_at=None,
        note="the platform removed the job when it failed, so its data is gone; it cannot be brought back",
        version=1,
    )
