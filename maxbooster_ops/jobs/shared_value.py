"""A value in Redis that many processes change: each reads it, decides, and writes only if nobody else did meanwhile.

Belongs here: that compare-and-set, and the clock that all of them share: the server's own. Not here: what is decided.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar

from redis import Redis

T = TypeVar("T")

_COMPARE_AND_SET = """
local found = redis.call('GET', KEYS[1]) or ''
if found ~= ARGV[1] then return 0 end
if ARGV[2] == '' then
  redis.call('DEL', KEYS[1])
elseif ARGV[3] == '0' then
  redis.call('SET', KEYS[1], ARGV[2])
else
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
end
if #KEYS > 1 then redis.call('XADD', KEYS[2], 'MAXLEN', ARGV[4], '*', unpack(ARGV, 5)) end
return 1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """An entry of a stream that is written together with the value, among at most `kept` of them."""

    stream: str
    kept: int
    fields: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change(Generic[T]):
    """What was decided: the new text (empty: none), for how long it is kept (None: for ever), and the answer."""

    text: str
    answer: T
    keep_for: timedelta | None = None
    note: Note | None = None


Decide = Callable[[str, datetime], Change[T]]
"""Decides on the text as found (empty where there is none) and the server's time."""


def change(client: Redis, key: str, decide: Decide[T]) -> T:
    """Change the value at `key` as `decide` says, which is asked again whenever another process was faster.

    Nothing is written where the text stays as it is; then it is not kept for longer either.
    """
    script = client.register_script(_COMPARE_AND_SET)
    while True:
        found, now = read(client, key)
        decided = decide(found, now)
        if decided.text == found or _write(script, key, found, decided):
            return decided.answer


def read(client: Redis, key: str) -> tuple[str, datetime]:
    """Give the value at `key`, empty where there is none, and the server's time."""
    pipeline = client.pipeline(transaction=False)
    pipeline.get(key)
    pipeline.time()
    found, (seconds, microseconds) = pipeline.execute()
    return _text(found), datetime.fromtimestamp(seconds, UTC) + timedelta(microseconds=microseconds)


def _write(script: Callable[..., Any], key: str, found: str, decided: Change[T]) -> bool:
    milliseconds = 0 if decided.keep_for is None else max(1, round(decided.keep_for / timedelta(milliseconds=1)))
    keys, arguments = [key], [found, decided.text, str(milliseconds)]
    if decided.note:
        keys.append(decided.note.stream)
        arguments += [str(decided.note.kept), *decided.note.fields]
    return bool(script(keys=keys, args=arguments))


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value or "")
