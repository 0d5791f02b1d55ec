"""`maxbooster-ops trends`: where every series that has a trend is going."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer

from maxbooster_ops.analysis.trends.finding import find_trends
from maxbooster_ops.cli.options import HomeOption, JsonOption, settings_for
from maxbooster_ops.cli.output import console, print_json, print_table
from maxbooster_ops.clock import utc_now
from maxbooster_ops.store.findings import Trend
from maxbooster_ops.store.lake import open_lake
from maxbooster_ops.watching import home_of

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
        print_table(f"Trends of {hours:g} h until {found[0].ts:%Y-%m-%d %H:%M} UTC", _COLUMNS, map(_row, found))


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
