"""`maxbooster-ops health`: the verdict on the platform, with its reasons."""

from __future__ import annotations

from datetime import datetime

import typer
from rich.text import Text

from maxbooster_ops.analysis.health import Health, Verdict, judge_health
from maxbooster_ops.analysis.thresholds import Limits
from maxbooster_ops.cli.options import HomeOption, JsonOption, settings_for
from maxbooster_ops.cli.output import console, milliseconds, print_json, print_table
from maxbooster_ops.clock import utc_now
from maxbooster_ops.store.facts import ProbeResult
from maxbooster_ops.store.lake import open_lake
from maxbooster_ops.store.latest import snapshot
from maxbooster_ops.store.snapshot import Snapshot
from maxbooster_ops.watching import home_of

_STYLES = {
    Verdict.HEALTHY: "green",
    Verdict.DEGRADED: "bold red",
    Verdict.NOTHING_SEEN: "yellow",
    Verdict.NOT_WATCHED: "dim",
}


def run(json: JsonOption = False, home: HomeOption = None) -> None:
    """Judge the platform from the newest facts, component by component.

    Exit code 0 when healthy, 1 when degraded. A part that is not watched is neither; its `healthy` in JSON is true,
    its `status` says so.
    """
    settings = settings_for(home)
    with open_lake(home_of(settings), read_only=True) as lake:
        seen = snapshot(lake)
    health = judge_health(seen, Limits.of(settings), now=utc_now())
    if json:
        print_json(_as_json(health, seen))
    else:
        _print(health, seen)
    if not health.healthy:
        raise typer.Exit(1)


def _as_json(health: Health, seen: Snapshot) -> dict[str, object]:
    components: dict[str, dict[str, object]] = {
        c.name: {"healthy": c.healthy, "status": c.verdict, "details": c.details} for c in health.components
    }
    for cache in seen.ai_caches:
        components["aiModels"][cache.cache] = {
            "current": cache.current_size,
            "max": cache.max_size,
            "utilizationPercent": f"{cache.utilization_percent:.1f}",
        }
    components["monitors"]["probes"] = seen.probes
    return {"healthy": health.healthy, "status": health.status, "components": components, "timestamp": health.at}


def _print(health: Health, seen: Snapshot) -> None:
    limited = ", as far as it is watched" if health.healthy and health.count(Verdict.NOT_WATCHED) else ""
    console.print(f"The platform is [bold {'green' if health.healthy else 'red'}]{health.status}[/]{limited}.\n")
    verdicts = (
        (c.name, Text(c.verdict, style=_STYLES[c.verdict]), "\n".join(c.why) or None) for c in health.components
    )
    print_table("Components", ("component", "verdict", "why"), verdicts)
    if seen.probes:
        rows = [_row(probe, health.at) for probe in seen.probes]
        print_table("\nMonitors", ("monitor", "class", "outcome", "status", "took", "age", "detail"), rows)


def _row(probe: ProbeResult, now: datetime) -> tuple[object, ...]:
    took, age = milliseconds(probe.latency_ms), now - probe.ts
    return (probe.monitor, probe.monitor_class, probe.outcome, probe.status_code, took, age, probe.detail)
