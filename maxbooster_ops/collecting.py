"""What every collecting run does: beats of everything that is watched, then a look at the dead letters.

Belongs here: where settings, the sources and the store meet, shared by the commands and the pipelines. Not here: any
rule of either.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from maxbooster_ops.alerting.evaluating.watched_jobs import job_ended, job_failed
from maxbooster_ops.clock import utc_now
from maxbooster_ops.errors import MaxboosterError, redact
from maxbooster_ops.logs import get_logger
from maxbooster_ops.settings import Settings
from maxbooster_ops.sources.collector import Collector
from maxbooster_ops.sources.executions import Executions
from maxbooster_ops.sources.registry import build_sources
from maxbooster_ops.store.opening import Store, open_store
from maxbooster_ops.store.state import State
from maxbooster_ops.watching import home_of, targets_of

_LOOK = "dead_letters"
"""What the alert on runs that failed calls a look; the asset that shows what is found has this name."""


@contextmanager
def open_collector(settings: Settings) -> Iterator[Collector]:
    """Open the store and a collector of everything that is watched."""
    with open_store(home_of(settings)) as store, collector_of(settings, store) as collector:
        yield collector


@contextmanager
def collector_of(settings: Settings, store: Store) -> Iterator[Collector]:
    """Open a collector into a store that is open already."""
    collector = Collector(
        [*build_sources(targets_of(settings)), Executions(store.state)],
        store.beats,
        interval_seconds=settings.maxbooster_collect_interval_seconds,
        deadline_seconds=settings.maxbooster_source_deadline_seconds,
    )
    try:
        yield collector
    finally:
        collector.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What a person should read of a look at the dead letters."""

    said: str
    failed: bool = False


def look_for_dead_letters(settings: Settings, store: Store) -> Looked | None:
    """Find, settle and count dead letters; None where nothing happened.

    What fails here costs no beat, and the next look goes on where the last one ended. People are told as of a run that
    failed, unless Redis itself is away, which has an alert of its own.
    """
    redis_url = targets_of(settings).redis_url
    if redis_url is None:
        return None
    # Who watches no queues does not pay for what dead letters need.
    from redis.exceptions import ConnectionError as RedisConnectionError  # noqa: PLC0415
    from redis.exceptions import TimeoutError as RedisTimeoutError  # noqa: PLC0415

    from maxbooster_ops.dead_letters.service import open_dead_letters  # noqa: PLC0415

    now = utc_now()
    try:
        url = redis_url.get_secret_value()
        with open_dead_letters(store, url, redacted=settings.maxbooster_redact_keys) as dead_letters:
            found, settled = dead_letters.look(now)
            counted = dead_letters.count(now)
    except Exception as error:  # noqa: BLE001 -- whatever a platform keeps in its jobs must not cost a beat
        reason = (
            redact(str(error)) if isinstance(error, MaxboosterError) else redact(f"{type(error).__name__}: {error}")
        )
        if not isinstance(error.__cause__, (RedisConnectionError, RedisTimeoutError)):
            _note(store.state, now, failed=True, reason=reason)
        get_logger().warning("dead_letters_not_looked_at", reason=reason)
        return Looked(said=f"Dead letters were not looked at: {reason}", failed=True)
    _note(store.state, now, failed=False)
    changed = {
        "found": found.new,
        "failed again": found.again,
        **{state.value: number for state, number in settled.steps.items()},
        "stuck jobs": len(counted.stuck),
        "breakers open": len(counted.held),
    }
    said = ", ".join(f"{number} {what}" for what, number in changed.items() if number)
    return Looked(said=f"Dead letters: {said}") if said else None


def _note(state: State, now: datetime, *, failed: bool, reason: str = "") -> None:
    with state.reading() as connection:
        had_failed = job_failed(connection, _LOOK)
    if failed or had_failed:
        with state.writing() as connection:
            job_ended(connection, _LOOK, run_id="", failed=failed, detail=reason, at=now)
