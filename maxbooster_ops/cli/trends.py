"""`maxbooster-ops trends`: where every series that has a trend is going."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Annotated

import typer

from maxbooster_ops.analysis.trends.finding import find_trends
from maxbooster_ops.analysis.trends.judging import Verdict
from maxbooster_ops.cli.options import HomeOption, JsonOption, settings_for
from maxbooster_ops.cli.output import console, print_json, print_table, print_text
from maxbooster_ops.clock import utc_now
from maxbooster_ops.store.findings import Trend
from maxbooster_ops.store.lake import open_lake
from maxbooster_ops.watching import home_of

_NAMED = 3
_COLUMNS = ("series", "verdict", "level", "unit", "% a day", "slope per hour", "95 % interval", "why")


def run(
    hours: Annotated[float, typer.Option("--hours", min=2, max=720, help="How far to look back.")] = 24,
    json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Show where memory, backlogs, Redis and jobs are going, the worst first.

    Estimated now from what was collected. What was found every half hour is in the table `trends`, the newest in the
    view `latest_trends`. `--json` has every field of that table.
    """
    with open_lake(home_of(settings_for(home)), read_only=True) as lake:
        found = find_trends(lake, utc_now(), timedelta(hours=hours))
    if json:
        print_json(found)
    elif not found:
        console.print(f"Nothing was collected within {hours:g} h. `maxbooster-ops status` says what is watched.")
    else:
        known = [trend for trend in found if trend.verdict != Verdict.UNKNOWN]
        console.print(f"Trends of {hours:g} h until {found[0].ts:%Y-%m-%d %H:%M} UTC", style="bold", highlight=False)
        if known:
            print_table(None, _COLUMNS, map(_row, known))
        _print_unknown([trend for trend in found if trend.verdict == Verdict.UNKNOWN])


def _print_unknown(trends: Iterable[Trend]) -> None:
    """Say once why series are unknown, and name them where they are few: of a new home it is all of them."""
    by_reason: dict[str, list[str]] = {}
    for trend in trends:
        by_reason.setdefault(trend.reason, []).append(trend.metric)
    for reason, metrics in by_reason.items():
        names = ", ".join(metrics) if len(metrics) <= _NAMED else f"{len(metrics)} series"
        print_text(f"unknown: {names}: {reason}")


def _row(trend: Trend) -> tuple[object, ...]:
    slope, interval = trend.slope_per_hour, None
    if trend.slope_low is not None and trend.slope_high is not None:
        interval = f"{trend.slope_low:,.3g} to {trend.slope_high:,.3g}"
    return (
        trend.metric,
        trend.verdict,
        None if trend.level is None else f"{trend.level:,.4g}",
        trend.unit,
        trend.change_percent_per_day,
        None if slope is None else f"{slope:,.3g}",
        interval,
        trend.reason,
    )
