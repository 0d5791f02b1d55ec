"""An AI model cache: keeps the models of the users who used them last, and remembers what it put out.

Belongs here: the cache and its numbers, all real. Not here: who uses it (`crowd`), how it is shown (`monitoring`).
Time is an argument, in seconds since the epoch.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass
from enum import StrEnum

MODEL_MB = 12.0
"""What one model is said to weigh; the sandbox keeps none of that weight."""

IDLE_TIMEOUT_SECONDS = 600.0
_EVICTIONS_REMEMBERED = 100
_LOADS_AVERAGED = 200


class ModelType(StrEnum):
    """The two caches of the platform."""

    SOCIAL = "social"
    ADVERTISING = "advertising"


MOST_MODELS = {ModelType.SOCIAL: 100, ModelType.ADVERTISING: 50}


class Reason(StrEnum):
    """Why a model was put out."""

    LRU = "lru"
    TIMEOUT = "timeout"
    MANUAL = "manual"


@dataclass(frozen=True, slots=True, kw_only=True)
class Eviction:
    """One model that was put out."""

    user_id: str
    model_type: ModelType
    reason: Reason
    idle_ms: float
    at: float


class ModelCache:
    """The models of one type, at most `most`, least recently used first."""

    def __init__(self, model_type: ModelType, *, most: int) -> None:
        self.model_type = model_type
        self.most = most
        self.loads = 0
        self.evictions = 0
        self.hits = 0
        self.recent_evictions: deque[Eviction] = deque(maxlen=_EVICTIONS_REMEMBERED)
        self._used_at: OrderedDict[str, float] = OrderedDict()
        self._load_ms: deque[float] = deque(maxlen=_LOADS_AVERAGED)

    def __len__(self) -> int:
        return len(self._used_at)

    @property
    def users(self) -> tuple[str, ...]:
        """Whose models are there, who used theirs least recently first."""
        return tuple(self._used_at)

    @property
    def utilization_percent(self) -> float:
        """How full it is."""
        return 100.0 * len(self) / self.most

    @property
    def hit_rate_percent(self) -> float:
        """How often a model was there already; 0 before the first use."""
        uses = self.hits + self.loads
        return 100.0 * self.hits / uses if uses else 0.0

    @property
    def average_load_ms(self) -> float:
        """How long the latest loads took; 0 before the first."""
        return sum(self._load_ms) / len(self._load_ms) if self._load_ms else 0.0

    def touch(self, user_id: str, *, now: float) -> bool:
        """Use the model of `user_id`; False where it must be loaded first."""
        if user_id not in self._used_at:
            return False
        self._used_at[user_id] = now
        self._used_at.move_to_end(user_id)
        self.hits += 1
        return True

    def put(self, user_id: str, *, load_ms: float, now: float) -> None:
        """Keep the model that took `load_ms` to load; the least recently used one gives way where it is full."""
        self.loads += 1
        self._load_ms.append(load_ms)
        if user_id not in self._used_at and len(self) >= self.most:
            self._evict(next(iter(self._used_at)), Reason.LRU, now)
        self._used_at[user_id] = now
        self._used_at.move_to_end(user_id)

    def drop_idle(self, *, now: float) -> None:
        """Put out the models that nobody used for ten minutes."""
        while self._used_at:
            user_id, used_at = next(iter(self._used_at.items()))
            if now - used_at < IDLE_TIMEOUT_SECONDS:
                return
            self._evict(user_id, Reason.TIMEOUT, now)

    def drop(self, user_id: str, *, now: float) -> None:
        """Put out the model of `user_id` at its owner's wish, if it is there."""
        if user_id in self._used_at:
            self._evict(user_id, Reason.MANUAL, now)

    def _evict(self, user_id: str, reason: Reason, now: float) -> None:
        idle_ms = max(0.0, now - self._used_at.pop(user_id)) * 1000
        self.evictions += 1
        self.recent_evictions.append(
            Eviction(user_id=user_id, model_type=self.model_type, reason=reason, idle_ms=idle_ms, at=now)
        )
