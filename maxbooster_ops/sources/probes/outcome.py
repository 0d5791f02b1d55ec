"""What an answer, or the lack of one, means for the endpoint that was asked.

Belongs here: the outcomes and the pure judgement. Not here: asking (`source.py`) or alerting.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus

from maxbooster_ops.sources import http_fetch
from maxbooster_ops.sources.probes.body import FieldRule, violation

_STATUS_CHARACTERS = 100


class Outcome(StrEnum):
    """How a probe ended."""

    HEALTHY = "healthy"
    RATE_LIMITED = "rate_limited"
    MAINTENANCE = "maintenance"
    SERVER_ERROR = "server_error"
    UNEXPECTED_STATUS = "unexpected_status"
    BAD_BODY = "bad_body"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    TLS_ERROR = "tls_error"
    TOO_LARGE = "too_large"

    @property
    def up(self) -> bool:
        """True where the endpoint serves: also one that tells us to ask less often is there."""
        return self in {Outcome.HEALTHY, Outcome.RATE_LIMITED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """An outcome, the body's own `status`, and for anything but healthy the reason."""

    outcome: Outcome
    body_status: str | None = None
    detail: str | None = None


def judge(status_code: int, body: bytes, *, expected: Collection[int], rules: Sequence[FieldRule]) -> Judgement:
    """Judge a whole answer: its status first, then, where that is as expected, its body.

    Rules ask for a JSON object; without rules a body may be anything.
    """
    document = _json(body)
    body_status = _own_status(document)
    if status_code in expected:
        detail = violation(rules, document) if isinstance(document, dict) else _no_object(body) if rules else None
        return Judgement(
            outcome=Outcome.BAD_BODY if detail else Outcome.HEALTHY, body_status=body_status, detail=detail
        )
    found = f"answered {status_code}; expected {' or '.join(map(str, sorted(expected)))}"
    return Judgement(outcome=_of_status(status_code), body_status=body_status, detail=found)


def judge_failure(error: http_fetch.FetchError) -> Judgement:
    """Judge that there is no whole answer. One that is no valid HTTP has come from somebody, so it is a bad body."""
    match error:
        case http_fetch.FetchTimeoutError():
            outcome = Outcome.TIMEOUT
        case http_fetch.TlsError():
            outcome = Outcome.TLS_ERROR
        case http_fetch.TooLargeError():
            outcome = Outcome.TOO_LARGE
        case http_fetch.BrokenResponseError():
            outcome = Outcome.BAD_BODY
        case _:
            outcome = Outcome.UNREACHABLE
    return Judgement(outcome=outcome, detail=str(error))


def _of_status(status_code: int) -> Outcome:
    if status_code == HTTPStatus.SERVICE_UNAVAILABLE:
        return Outcome.MAINTENANCE
    if status_code == HTTPStatus.TOO_MANY_REQUESTS:
        return Outcome.RATE_LIMITED
    return Outcome.SERVER_ERROR if status_code >= HTTPStatus.INTERNAL_SERVER_ERROR else Outcome.UNEXPECTED_STATUS


def _json(body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _own_status(document: object) -> str | None:
    status = document.get("status") if isinstance(document, dict) else None
    return status[:_STATUS_CHARACTERS] if isinstance(status, str) else None


def _no_object(body: bytes) -> str:
    beginning = body[:60].decode("utf-8", errors="replace")
    return f"the body is no JSON object but begins with {beginning!r}" if body else "the body is empty; expected JSON"
