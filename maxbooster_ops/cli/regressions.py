"""`maxbooster-ops regressions`: what became worse than its baseline."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Annotated

import typer

from maxbooster_ops.analysis.regressions.finding import find_regressions
from maxbooster_ops.analysis.regressions.keeping import latest_regressions
from maxbooster_ops.analysis.statistics.comparing import Result
from maxbooster_ops.cli.options import HomeOption, JsonOption, settings_for
from maxbooster_ops.cli.output import console, print_json, print_table
from maxbooster_ops.clock import utc_now
from maxbooster_ops.store.findings import Regression
from maxbooster_ops.store.lake import open_lake
from maxbooster_ops.watching import home_of

_COLUMNS = ("result", "metric", "before", "after", "unit", "change %", "p", "since", "baseline", "why")


def run(
    every: Annotated[bool, typer.Option("--all", help="Also what is unchanged or inconclusive.")] = False,
    afresh: Annotated[bool, typer.Option("--now", help="Look now instead; nothing is stored.")] = False,
    json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Show what the newest run found worse than its baseline: by the test, and by the 10 % rule alone.

    The job `aggregate` looks every half hour. `--json` has every field of the table `regressions`.
    """
    now = utc_now()
    with open_lake(home_of(settings_for(home)), read_only=True) as lake:
        found = find_regressions(lake, now) if afresh else latest_regressions(lake, now)
    told = found if every else [one for one in found if _is_worth_telling(one)]
    if json:
        print_json(told)
    elif not found:
        console.print(
            "Nothing was compared within the last day. A baseline is needed (`maxbooster-ops baseline list`), and "
            "values since; `--now` looks at once.",
            highlight=False,
        )
    else:
        _show(found, told)


def _is_worth_telling(one: Regression) -> bool:
    return one.is_significant or one.exceeds_naive


def _show(found: Sequence[Regression], told: Sequence[Regression]) -> None:
    if told:
        print_table(f"At {found[0].ts:%Y-%m-%d %H:%M:%S} UTC", _COLUMNS, map(_row, told))
    counts = Counter(one.result for one in found)
    summary = ", ".join(f"{counts[result]} {result}" for result in Result if counts[result])
    hint = "" if len(told) == len(found) else " `--all` shows the rest."
    console.print(f"{summary}, compared at {found[0].ts:%Y-%m-%d %H:%M} UTC.{hint}", highlight=False)


def _row(one: Regression) -> tuple[object, ...]:
    # A ratio needs more than one digit.
    shown = [None if value is None else f"{value:,.4g}" for value in (one.before, one.after)]
    p_value = None if one.p_value is None else f"{one.p_value:.2g}"
    return (
        one.result,
        one.metric,
        *shown,
        one.unit,
        one.change_percent,
        p_value,
        one.started_at,
        one.baseline,
        one.reason,
    )
