"""`maxbooster-ops status`: what runs, what is watched, what was collected."""

from __future__ import annotations

from datetime import datetime

from maxbooster_ops.cli.options import HomeOption, JsonOption, settings_for
from maxbooster_ops.cli.output import console, print_json, print_table, shown
from maxbooster_ops.cli.running import running_up
from maxbooster_ops.errors import redact
from maxbooster_ops.sources.collector import utc_now
from maxbooster_ops.sources.targets import Targets
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.lake import open_lake
from maxbooster_ops.store.latest import last_beat_ever, snapshot
from maxbooster_ops.store.snapshot import Snapshot
from maxbooster_ops.watching import home_of, targets_of


def run(json: JsonOption = False, home: HomeOption = None) -> None:
    """Show what runs where, what is watched, the newest beat and what failed in it."""
    settings = settings_for(home)
    place, targets = home_of(settings), targets_of(settings)
    with open_lake(place, read_only=True) as lake:
        seen, newest = snapshot(lake), last_beat_ever(lake)
    facts = _facts(place, targets, seen, newest)
    if json:
        print_json({**facts, "beat": seen.beat, "failures": seen.failures})
        return
    print_table("maxbooster-ops", ("", ""), ((name.replace("_", " "), shown(value)) for name, value in facts.items()))
    if newest:
        console.print(f"\nThe newest beat was taken {shown(utc_now() - newest)} ago.")
    if seen.failures:
        rows = ((failure.source, failure.target, failure.reason, failure.hint) for failure in seen.failures)
        print_table("\nNot readable in the newest beat", ("source", "target", "reason", "what to do"), rows)


def _facts(home: Home, targets: Targets, seen: Snapshot, newest: datetime | None) -> dict[str, object]:
    up = running_up(home)
    return {
        "up": f"running (pid {up.owner.pid})" if up else "not running",
        "dagster": up.dagster_url if up else None,
        "home": str(home.root),
        "home_mb": sum(file.stat().st_size for file in home.root.rglob("*") if file.is_file()) / 1024**2,
        "watched_by": targets.origin,
        "redis": redact(targets.redis_url.get_secret_value()) if targets.redis_url else None,
        "platform": redact(targets.platform_url) if targets.platform_url else None,
        "newest_beat": newest,
        "queues": len(seen.queues),
        "waiting_jobs": sum(queue.waiting for queue in seen.queues),
        "failed_jobs": sum(queue.failed for queue in seen.queues),
        "redis_ping_ms": seen.redis.ping_ms_median if seen.redis else None,
        "monitors_up": f"{sum(probe.up for probe in seen.probes)} of {len(seen.probes)}",
        "series": len(seen.metrics),
    }
