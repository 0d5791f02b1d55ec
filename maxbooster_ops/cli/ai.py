"""`maxbooster-ops ai`: the AI model caches as last seen."""

from __future__ import annotations

from maxbooster_ops.cli.options import HomeOption, JsonOption, settings_for
from maxbooster_ops.cli.output import console, print_json, print_table
from maxbooster_ops.store.facts import AiCacheSample
from maxbooster_ops.store.lake import open_lake
from maxbooster_ops.store.latest import latest, latest_evictions
from maxbooster_ops.watching import home_of

_SHOWN_EVICTIONS = 10


def run(json: JsonOption = False, home: HomeOption = None) -> None:
    """Show both AI model caches and the newest evictions."""
    with open_lake(home_of(settings_for(home)), read_only=True) as lake:
        caches, evictions = latest(lake, AiCacheSample), latest_evictions(lake)
    if json:
        print_json({"caches": caches, "evictions": evictions})
        return
    if not caches:
        console.print(
            "No AI cache was seen within the last hour. `maxbooster-ops status` says what is watched and what failed."
        )
        return
    columns = ("cache", "models", "max", "used %", "loads", "evictions", "hit rate %", "load ms", "heap MB")
    rows = map(_row, caches)
    print_table(f"AI caches at {caches[0].ts:%Y-%m-%d %H:%M:%S} UTC", columns, rows)
    if evictions:
        shown = (
            (e.ts, e.cache, e.user_id, e.reason, None if e.idle_ms is None else e.idle_ms / 1000)
            for e in evictions[:_SHOWN_EVICTIONS]
        )
        print_table("\nNewest evictions", ("at", "cache", "user", "reason", "idle s"), shown)


def _row(cache: AiCacheSample) -> tuple[object, ...]:
    return (
        cache.cache,
        cache.current_size,
        cache.max_size,
        cache.utilization_percent,
        cache.total_loads,
        cache.total_evictions,
        cache.hit_rate_percent,
        cache.average_load_ms,
        cache.heap_used_mb,
    )
