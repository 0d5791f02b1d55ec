"""`maxbooster-ops status`: what runs, what is watched, what was collected."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from maxbooster_ops.alerting.channels.registry import build_channels
from maxbooster_ops.alerting.standing import Standing, standing
from maxbooster_ops.cli.options import HomeOption, JsonOption, settings_for
from maxbooster_ops.cli.output import console, print_json, print_lines, print_table, shown
from maxbooster_ops.cli.running import RunningUp, WatchedAddresses, running_up
from maxbooster_ops.clock import utc_now
from maxbooster_ops.settings import Settings
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.lake import open_lake
from maxbooster_ops.store.latest import last_beat_ever, snapshot
from maxbooster_ops.store.maintenance.disk_use import bytes_in
from maxbooster_ops.store.snapshot import Snapshot
from maxbooster_ops.store.state import open_state
from maxbooster_ops.watching import home_of, targets_of


def run(json: JsonOption = False, home: HomeOption = None) -> None:
    """Show what runs where, what is watched, the newest beat and what failed in it."""
    settings = settings_for(home)
    place = home_of(settings)
    with open_lake(place, read_only=True) as lake:
        seen, newest = snapshot(lake), last_beat_ever(lake)
    up, alerting = running_up(place), _standing(settings, place)
    watched = up.watched if up else WatchedAddresses.of(targets_of(settings))
    if json:
        facts = {**_facts(place, up, watched, seen, newest), "alerts": _alerts(alerting), "failures": seen.failures}
        print_json(facts)
        return
    print_lines("maxbooster-ops", [*_where(place, up, watched), *_seen(seen, newest), *_alerting(alerting)])
    console.print(f"\n{alerting.verdict}", style="bold red" if alerting.all_fail else "", highlight=False)
    if seen.failures:
        rows = ((failure.source, failure.target, failure.reason, failure.hint) for failure in seen.failures)
        print_table("\nNot readable in the newest beat", ("source", "target", "reason", "what to do"), rows)


def _where(home: Home, up: RunningUp | None, watched: WatchedAddresses) -> Iterator[tuple[str, object]]:
    yield "up", f"running, pid {up.owner.pid}" if up else "not running"
    if up:
        yield "Dagster UI", up.dagster_url
    yield "home", f"{home.root} ({shown(_store_mb(home))} MB of facts and state)"
    yield "watched", watched.by
    yield "  Redis", watched.redis
    yield "  platform", watched.platform


def _seen(seen: Snapshot, newest: datetime | None) -> Iterator[tuple[str, object]]:
    """Say what was seen within the last hour; what was not is a dash, not zero."""
    beat, redis, queues, probes = seen.beat, seen.redis, seen.queues, seen.probes
    taken = f"{shown(newest)} UTC, {shown(utc_now() - newest)} ago" if newest else None
    failed = f"{_count(len(seen.failures), 'failure')}" if seen.failures else "no failure"
    waiting, dead = sum(queue.waiting for queue in queues), sum(queue.failed for queue in queues)
    yield "newest beat", f"{taken}: {_count(beat.rows, 'row')}, {failed}" if beat else taken
    yield (
        "queues",
        f"{_count(len(queues), 'queue')}, {_count(waiting, 'job')} waiting, {dead:,} failed" if queues else None,
    )
    yield "Redis", f"PING takes {shown(redis.ping_ms_median)} ms" if redis else None
    yield "monitors", f"{sum(probe.up for probe in probes)} of {len(probes)} up" if probes else None
    yield "metrics", f"{len(seen.metrics):,} series" if seen.metrics else None


def _alerting(alerting: Standing) -> Iterator[tuple[str, object]]:
    number, critical = sum(alerting.open.values()), alerting.open.get("critical", 0)
    judged = f"judged at {shown(alerting.evaluated_at)} UTC" if alerting.evaluated_at else "not judged yet"
    yield "alerts", f"{number or 'none'} open{f', {critical} critical' if number else ''}; {judged}"
    yield "channels", ", ".join(alerting.configured) or "none"
    for channel in alerting.failing:
        yield "  failing", f"{channel.channel}: {channel.last_detail}"
    if alerting.waiting:
        yield "  waiting", _count(alerting.waiting, "message")
    if alerting.heartbeat_at:
        yield "heartbeat", f"{shown(alerting.heartbeat_at)} UTC"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _facts(
    home: Home, up: RunningUp | None, watched: WatchedAddresses, seen: Snapshot, newest: datetime | None
) -> dict[str, object]:
    """Give what is known; a part that was not seen within the last hour is None, not zero."""
    queues, redis = seen.queues, seen.redis
    return {
        "up": {"running": True, "pid": up.owner.pid, "dagster": up.dagster_url} if up else {"running": False},
        "home": {"path": str(home.root), "store_mb": _store_mb(home)},
        "watched": watched,
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


def _store_mb(home: Home) -> float:
    return bytes_in([home.lake, home.state]) / 1024**2
