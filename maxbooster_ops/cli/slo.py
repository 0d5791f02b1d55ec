"""`maxbooster-ops slo`: what is left of the error budgets, how fast they burn, and the report of a month."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.text import Text

from maxbooster_ops.alerting.records.planned_work import planned_work
from maxbooster_ops.cli.options import HomeOption, JsonOption, settings_for
from maxbooster_ops.cli.output import console, print_json, print_table, print_text, print_warning
from maxbooster_ops.clock import utc_now
from maxbooster_ops.slo.budget import BUDGET_PERIOD
from maxbooster_ops.slo.maintenance_file import load_maintenance
from maxbooster_ops.slo.objective_file import load_objectives
from maxbooster_ops.slo.report import Month, as_markdown, report_month, write_report
from maxbooster_ops.slo.status import Status, Verdict, judge_objectives
from maxbooster_ops.store.lake import open_lake
from maxbooster_ops.store.state import open_state
from maxbooster_ops.watching import home_of

_STYLES = {
    Verdict.OK: "green",
    Verdict.SLOW_BURN: "yellow",
    Verdict.EXHAUSTED: "bold red",
    Verdict.FAST_BURN: "bold red",
    Verdict.NO_DATA: "dim",
    Verdict.MAINTENANCE: "cyan",
}

_SPANS = ("5m", "1h", "6h", "3d")


def run(
    report: Annotated[
        str | None, typer.Option("--report", metavar="YYYY-MM", help="Write and print the report of a month.")
    ] = None,
    json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Show every service level objective: error budget of 30 days spent and left, burn rates, verdict.

    A burn rate of 1 spends the budget in 30 days. `--report` computes a month anew and writes it to `reports/`.
    """
    place = home_of(settings_for(home))
    objectives = load_objectives(place.objectives)
    file = load_maintenance(place.maintenance, objectives.services)
    now, month = utc_now(), Month.parse(report) if report else None
    with open_lake(place, read_only=True) as lake, open_state(place) as state:
        with state.reading() as connection:
            silenced = planned_work(connection, objectives.services, month.start if month else now - BUDGET_PERIOD)
            planned = (*file.planned, *silenced)
        if month is None:
            statuses = judge_objectives(lake, objectives.active, planned, now=now)
        else:
            made = report_month(lake, month, objectives.active, planned, now=now)
    if month is not None:
        path = write_report(place, month, as_markdown(made))
        if json:
            print_json(made)
        else:
            print_text(as_markdown(made))
            print_text(f"Written to {path}")
    elif json:
        print_json(statuses)
    else:
        _print(statuses)
    for problem in (*objectives.problems, *file.problems):
        print_warning(problem)


def _print(statuses: Sequence[Status]) -> None:
    newest = max((one.ts for one in statuses if one.ts), default=None)
    if newest is None:
        console.print("No window was computed yet: `maxbooster-ops up` computes them every five minutes.")
        return
    columns = ("service", "objective", "promised", "good %", "budget", "spent", "left", *_SPANS, "verdict")
    rows = [(*_row(one), Text(one.verdict.value, style=_STYLES[one.verdict])) for one in statuses]
    print_table(f"Objectives at {newest:%Y-%m-%d %H:%M} UTC, budgets in minutes of 30 days", columns, rows)


def _row(one: Status) -> tuple[object, ...]:
    good = None if one.sli is None else f"{100 * one.sli:.3f}"
    budget = (one.budget_minutes, one.spent_minutes, one.left_minutes)
    return (one.service, one.objective, one.promise, good, *budget, *(one.burn_rates[span] for span in _SPANS))
