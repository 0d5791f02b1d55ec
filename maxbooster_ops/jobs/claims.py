"""The claims on idempotency keys in Redis, where all processes and hosts see the same.

Belongs here: keeping and changing them, and the block that runs once (`once`). Not here: what a claim becomes
(`idempotency.py`).
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import uuid4

from redis import Redis
from redis.exceptions import RedisError

from maxbooster_ops.errors import MaxboosterError
from maxbooster_ops.jobs.idempotency import (
    LEASE,
    Claim,
    Verdict,
    claimed,
    finished,
    freed,
    given_back,
    renewed,
    run_of,
)
from maxbooster_ops.jobs.shared_value import Change, change, read

T = TypeVar("T")

RESULT_CHARACTERS = 64 * 1024
"""Longest result, as JSON, that a key remembers; of a longer one it remembers only that there was one."""

_KEY = "maxbooster-ops:once:"
_RENEWALS_PER_LEASE = 3


class ClaimLostError(MaxboosterError):
    """The claim on a key ran out while its owner was at work, so that another may have begun the same."""

    permanent = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """What an attempt to claim a key came to.

    The result where it is done, how long the claim found still lasts, and `run`, which names whose claim it is.
    """

    verdict: Verdict
    result: Any = None
    lasts: timedelta = timedelta()
    run: str = ""


class Claims:
    """Claims of one scope, such as a queue: the same key in two scopes is two keys."""

    def __init__(self, client: Redis, scope: str) -> None:
        self._client = client
        self._scope = scope

    def claim(self, key: str, owner: str, *, window: timedelta, lease: timedelta = LEASE) -> Claimed:
        """Claim `key` for `owner`, a name that nobody had before; if it dies, the key is kept for `window`."""

        def decide(before: Claim | None, now: datetime) -> tuple[Claim, Claimed]:
            after, verdict = claimed(before, owner, now, window=window, lease=lease)
            result = json.loads(after.result) if after.result is not None else None
            return after, Claimed(verdict=verdict, result=result, lasts=after.until - now, run=run_of(after.owner))

        return self._change(key, decide)

    def renew(self, key: str, owner: str, lease: timedelta = LEASE) -> bool:
        """Prolong the claim; False where it is lost."""
        return self._change(key, lambda before, now: renewed(before, owner, now, lease))

    def finish(self, key: str, owner: str, window: timedelta, result: Any = None) -> bool:
        """Mark `key` as done; False where another has claimed it meanwhile."""
        text = _jsoned(result)
        return self._change(key, lambda before, now: finished(before, owner, now, window, text))

    def give_back(self, key: str, owner: str) -> None:
        """Free `key` after a failure."""
        self._change(key, lambda before, _now: (given_back(before, owner), None))

    def free(self, key: str, run: str) -> None:
        """Free `key`, which `run` left interrupted, since a person wants its work to be done again."""
        self._change(key, lambda before, now: (freed(before, run, now), None))

    def found(self, key: str) -> Claim | None:
        """Give the claim on `key` as it is."""
        text, _ = read(self._client, self._address(key))
        return _claim(text)

    def _change(self, key: str, decide: Callable[[Claim | None, datetime], tuple[Claim | None, T]]) -> T:
        def decide_text(text: str, now: datetime) -> Change[T]:
            before = _claim(text)
            after, answer = decide(before, now)
            if after == before:
                return Change(text=text, answer=answer)
            return Change(text=_dumped(after), answer=answer, keep_for=after.kept_until - now if after else None)

        return change(self._client, self._address(key), decide_text)

    def _address(self, key: str) -> str:
        # Hashed, since a key may be long, secret or any text at all.
        return f"{_KEY}{self._scope}:{hashlib.sha256(key.encode()).hexdigest()}"


class Once:
    """A block under an idempotency key: whether it is to run, else why not; made by `once`."""

    def __init__(self, claimed: Claimed) -> None:
        self.verdict = claimed.verdict
        self.result = claimed.result
        self.run = claimed.run

    def __bool__(self) -> bool:
        """Whether the block is to run."""
        return self.verdict is Verdict.GRANTED


@contextmanager
def once(
    client: Redis,
    key: str,
    *,
    window: timedelta,
    scope: str = "",
    lease: timedelta = LEASE,
    again_after_crash: bool = False,
) -> Iterator[Once]:
    """Claim `key` around a block, which runs its work only if what it is given is true.

    Set `result` on it to have it remembered for those who come within the window. An exception frees the key. Whether a
    process that died in the block had done its work nobody knows: the key is interrupted for the window, unless work
    that may be repeated says so by `again_after_crash`, or a person frees it by `Claims.free`. Raises
    `ClaimLostError` at the end of the block if the claim was lost meanwhile and somebody else has it: a process that is
    frozen for longer than its lease cannot know before.
    """
    claims, owner = Claims(client, scope), uuid4().hex
    kept = timedelta() if again_after_crash else window
    block = Once(claims.claim(key, owner, window=kept, lease=lease))
    if not block:
        yield block
        return
    with _renewing(lambda: claims.renew(key, owner, lease), lease):
        try:
            yield block
        except BaseException:
            with suppress(RedisError):  # the error of the work is what matters; at worst a person frees the key
                claims.give_back(key, owner)
            raise
    if not claims.finish(key, owner, window, block.result):
        raise ClaimLostError(
            f"The idempotency key {key!r} was lost while its work was under way, and another process has it now: the "
            f"work took a break of more than its lease of {lease}. Was this process frozen, or Redis out of reach?"
        )


@contextmanager
def _renewing(renew: Callable[[], bool], lease: timedelta) -> Iterator[None]:
    """Renew in a thread until the block ends."""
    over = threading.Event()

    def keep_renewing() -> None:
        while not over.wait(lease.total_seconds() / _RENEWALS_PER_LEASE):
            try:
                if not renew():
                    return
            except RedisError:
                continue  # the next may reach it in time

    thread = threading.Thread(target=keep_renewing, name="renews an idempotency key", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _jsoned(result: Any) -> str | None:
    if result is None:
        return None
    text = json.dumps(result, default=str)
    return text if len(text) <= RESULT_CHARACTERS else None


def _dumped(claim: Claim | None) -> str:
    if claim is None:
        return ""
    return json.dumps(
        {
            "owner": claim.owner,
            "until": claim.until.isoformat(),
            "kept_until": claim.kept_until.isoformat(),
            "done": claim.done,
            "result": claim.result,
        }
    )


def _claim(text: str) -> Claim | None:
    if not text:
        return None
    found = json.loads(text)
    return Claim(
        owner=found["owner"],
        until=datetime.fromisoformat(found["until"]),
        # A claim of a worker that is still on an older version is free when its lease is over.
        kept_until=datetime.fromisoformat(found.get("kept_until") or found["until"]),
        done=found["done"],
        result=found["result"],
    )
