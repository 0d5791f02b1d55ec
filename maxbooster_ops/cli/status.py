"""`maxbooster-ops status`: what runs, what is watched, what was collected."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from maxbooster_ops.alerting.channels.registry import build_channels
from maxbooster_ops.alerting.standing import Standing, standing
from maxbooster_ops.cli.options import HomeOption, JsonOption, settings_for
from maxbooster_ops.cli.output import console, print_json, print_table, shown
from maxbooster_ops.cli.running import running_up
from maxbooster_ops.clock import utc_now
from maxbooster_ops.errors import redact
from maxbooster_ops.settings import Settings
from maxbooster_ops.sources.targets import Targets
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.lake import open_lake
from maxbooster_ops.store.latest import last_beat_ever, snapshot
from maxbooster_ops.store.snapshot import Snapshot
from maxbooster_ops.store.state import open_state
from maxbooster_ops.watching import home_of, targets_of


def run(json: JsonOption = False, home: HomeOption = None) -> None:
    """Show what runs where, what is watched, the newest beat and what failed in it."""
    settings = settings_for(home)
    place, targets = home_of(settings), targets_of(settings)
    with open_lake(place, read_only=True) as lake:
        seen, newest = snapshot(lake), last_beat_ever(lake)
    alerting = _standing(settings, place)
    facts = {**_facts(place, targets, seen, newest), "alerts": _alerts(alerting)}
    if json:
        print_json({**facts, "failures": seen.failures})
        return
    print_table("maxbooster-ops", ("", ""), _lines(facts))
    if newest:
        console.print(f"\nThe newest beat was taken {shown(utc_now() - newest)} ago.")
    console.print(alerting.verdict, style="bold red" if alerting.all_fail else "", highlight=False)
    if seen.failures:
        rows = ((failure.source, failure.target, failure.reason, failure.hint) for failure in seen.failures)
        print_table("\nNot readable in the newest beat", ("source", "target", "reason", "what to do"), rows)


def _facts(home: Home, targets: Targets, seen: Snapshot, newest: datetime | None) -> dict[str, object]:
    """Give what is known; a part that was not seen within the last hour is None, not zero."""
    up, queues, redis = running_up(home), seen.queues, seen.redis
    return {
        "up": {"running": True, "pid": up.owner.pid, "dagster": up.dagster_url} if up else {"running": False},
        "home": {"path": str(home.root), "store_mb": _megabytes(home.lake) + _megabytes(home.state)},
        "watched": {
            "by": targets.origin,
            "redis": redact(targets.redis_url.get_secret_value()) if targets.redis_url else None,
            "platform": redact(targets.platform_url) if targets.platform_url else None,
        },
        "beat": {"newest": newest, "rows": seen.beat.rows if seen.beat else None, "failures": len(seen.failures)},
        "queues": {
            "seen": len(queues) or None,
            "waiting": sum(queue.waiting for queue in queues) if queues else None,
            "failed": sum(queue.failed for queue in queues) if queues else None,
        },
        "redis": {"ping_ms": redis.ping_ms_median if redis else None},
        "monitors": {"up": sum(p.up for p in seen.probes) if seen.probes else None, "seen": len(seen.probes) or None},
        "series": {"seen": len(seen.metrics) or None},
    }


def _standing(settings: Settings, home: Home) -> Standing:
    names = [channel.name for channel in build_channels(settings).usable]
    with open_state(home) as state, state.reading() as connection:
        return standing(connection, names, now=utc_now())


def _alerts(alerting: Standing) -> dict[str, object]:
    return {
        "open": sum(alerting.open.values()),
        "critical": alerting.open.get("critical", 0),
        "channels": ", ".join(alerting.configured) or None,
        "failing": ", ".join(f"{channel.channel}: {channel.last_detail}" for channel in alerting.failing) or None,
        "messages_waiting": alerting.waiting,
        "evaluated": alerting.evaluated_at,
        "heartbeat": alerting.heartbeat_at,
    }


def _lines(facts: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Give a line per fact: the group, then what it holds."""
    for group, parts in facts.items():
        if isinstance(parts, dict):
            for name, value in parts.items():
                yield f"{group} {name.replace('_', ' ')}", str(value) if name == "pid" else shown(value)


def _megabytes(place: Path) -> float:
    """Add up a file or folder; files that go away meanwhile, as a database's do, count for nothing."""
    total = 0
    for file in [place, *place.rglob("*")]:
        with suppress(OSError):
            total += file.stat().st_size
    return total / 1024**2
