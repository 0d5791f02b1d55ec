"""The platform's page about its AI model caches, in whichever of its spellings it comes.

Belongs here: from JSON to typed values, and what is wrong with them. Not here: what is new on a page (`evictions.py`)
or rows (`source.py`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from maxbooster_ops.errors import MaxboosterError
from maxbooster_ops.sources.ai_cache.evictions import Eviction

CACHES = ("social", "advertising")
_WRAPPERS = ("ai_models", "caches", "metrics", "data")
_DEEPEST_WRAPPING = 3
_BEFORE_CAPITAL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


class CachePageError(MaxboosterError):
    """The page, or a part of it, is not what the platform promises."""


def _in_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)


AnyPart = TypeVar("AnyPart", bound=_Part)


class CacheState(_Part):
    """The numbers of one cache."""

    current_size: int = Field(ge=0)
    max_size: int = Field(gt=0)
    utilization_percent: float | None = None
    total_loads: int = Field(ge=0)
    total_evictions: int = Field(ge=0)
    hit_rate_percent: float | None = None
    average_load_ms: float | None = None


class MemoryState(_Part):
    """The memory of the process that holds both caches."""

    heap_used_mb: float | None = None
    estimated_model_mb: float | None = None
    estimated_total_mb: float | None = None


class _Event(_Part):
    model_config = ConfigDict(coerce_numbers_to_str=True)

    user_id: str
    model_type: str
    reason: str
    idle_ms: float | None = None
    timestamp: Annotated[datetime, AfterValidator(_in_utc)]

    def eviction(self) -> Eviction:
        return Eviction(
            at=self.timestamp, cache=self.model_type, user_id=self.user_id, reason=self.reason, idle_ms=self.idle_ms
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CachePage:
    """What of the page can be used, and in `problems` what cannot; `evictions` is None where it has no list of them."""

    caches: Mapping[str, CacheState]
    memory: MemoryState
    evictions: Sequence[Eviction] | None
    problems: Sequence[CachePageError]


def parse_page(body: bytes) -> CachePage:
    """Read the page; a part that is missing or wrong is a problem that names its field, and the others are kept.

    Raises `CachePageError` where the body is no JSON object or has none of the caches.
    """
    page = _unwrapped(_document(body))
    problems: list[CachePageError] = []
    caches = {
        name: state for name in CACHES if name in page and (state := _part(CacheState, page[name], name, problems))
    }
    problems += [CachePageError(f"the page has no `{name}`") for name in CACHES if name not in page]
    if not caches:
        raise CachePageError("; ".join(map(str, problems)) + f". Found: {', '.join(list(page)[:10]) or 'nothing'}")
    return CachePage(
        caches=caches,
        memory=_part(MemoryState, page.get("memory") or {}, "memory", problems) or MemoryState(),
        evictions=_evictions(page.get("recent_evictions"), problems),
        problems=problems,
    )


def _document(body: bytes) -> Mapping[str, Any]:
    try:
        document = _snake_cased(json.loads(body))
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        beginning = body[:60].decode("utf-8", errors="replace")
        raise CachePageError(f"expected a JSON object, found {beginning!r}")
    return document


def _snake_cased(value: Any) -> Any:
    match value:
        case dict():
            return {_BEFORE_CAPITAL.sub("_", name).lower(): _snake_cased(inner) for name, inner in value.items()}
        case list():
            return [_snake_cased(inner) for inner in value]
    return value


def _unwrapped(page: Mapping[str, Any]) -> Mapping[str, Any]:
    """Bring the caches to the top, with what stands beside them; what stands further out stays visible."""
    for _ in range(_DEEPEST_WRAPPING):
        inner = next((page[name] for name in _WRAPPERS if isinstance(page.get(name), dict)), None)
        if inner is None or any(name in page for name in CACHES):
            break
        page = {name: value for name, value in page.items() if name not in _WRAPPERS} | inner
    return page


def _part(kind: type[AnyPart], value: object, name: str, problems: list[CachePageError]) -> AnyPart | None:
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        found = error.errors()[0]
        field = ".".join([name, *map(str, found["loc"])])
        value = "nothing" if found["type"] == "missing" else f"`{str(found['input'])[:60]}`"
        problems.append(CachePageError(f"`{field}`: {found['msg'].lower()}, found {value}"))
        return None


def _evictions(listed: object, problems: list[CachePageError]) -> list[Eviction] | None:
    if listed is None:
        return None
    if not isinstance(listed, list):
        problems.append(CachePageError(f"`recent_evictions` is no list but `{str(listed)[:60]}`"))
        return None
    unusable: list[CachePageError] = []
    events = [_part(_Event, item, f"recent_evictions.{number}", unusable) for number, item in enumerate(listed)]
    if unusable:
        problems.append(CachePageError(f"{len(unusable)} of {len(listed)} evictions cannot be used; {unusable[0]}"))
    return [event.eviction() for event in events if event]
