"""`maxbooster-ops baseline`: save how everything is, and hold later against it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from maxbooster_ops.analysis.baselines import saving
from maxbooster_ops.analysis.baselines.baseline import LAUNCH_BASELINE, Baseline, Kind, key_of
from maxbooster_ops.analysis.baselines.baseline_file import duration_text, file_of
from maxbooster_ops.analysis.baselines.keeping import Version, load, version, versions
from maxbooster_ops.analysis.regressions.comparing import Compared, compare_all
from maxbooster_ops.analysis.regressions.finding import compare_with_now
from maxbooster_ops.analysis.statistics.comparing import Result
from maxbooster_ops.cli.options import HomeOption, JsonOption, settings_for
from maxbooster_ops.cli.output import console, print_json, print_table, print_text
from maxbooster_ops.clock import utc_now
from maxbooster_ops.durations import duration_of
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.lake import open_lake
from maxbooster_ops.store.opening import open_store
from maxbooster_ops.watching import home_of

app = typer.Typer(
    help="Baselines: save how every series is, list and show what was saved, compare it with now or with another.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
)

NameArgument = Annotated[
    str, typer.Argument(metavar="NAME", help="A baseline; `NAME@2026-11-22T06:35` is the version saved then.")
]
_LAST = typer.Option("--last", help="Over how long, such as `2h30m` [1h; weekly 7d, post_launch 24h].")


@app.command()
def save(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its name; one that exists gets a new version.")],
    kind: Annotated[Kind, typer.Option("--kind", help="The occasion; `automatic` comes by itself.")] = Kind.NAMED,
    last: Annotated[str | None, _LAST] = None,
    json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Measure every judged series up to now and keep it, in the lake and as a file in `metrics-baseline/`."""
    length = duration_of("--last", last) if last else None
    with open_store(home_of(settings_for(home))) as store:
        saved = saving.save(store.lake, name, kind=kind, length=length, now=utc_now())
    _show_saved(saved, json=json)


@app.command()
def renew(
    job: Annotated[str, typer.Argument(metavar="JOB", help="A job, as `maxbooster-ops jobs` names it.")],
    json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Take the automatic baseline of a job anew, of its newest 10 executions instead of its first."""
    with open_store(home_of(settings_for(home))) as store:
        saved = saving.renew(store.lake, job, now=utc_now())
    _show_saved(saved, json=json)


@app.command("list")
def list_baselines(json: JsonOption = False, home: HomeOption = None) -> None:
    """Show every saved baseline, the newest first."""
    place = home_of(settings_for(home))
    with open_lake(place, read_only=True) as lake:
        found = versions(lake, utc_now())
    if json:
        print_json([_as_json(place, one) for one in found])
    elif not found:
        console.print(f"None was saved yet. `maxbooster-ops baseline save {LAUNCH_BASELINE}` saves the last hour.")
    else:
        columns = ("name", "kind", "saved", "duration", "series", "values")
        print_table(
            "Baselines",
            columns,
            (
                (one.name, one.kind.value, one.ts, duration_text(one.until - one.start), one.series, one.values)
                for one in found
            ),
        )


@app.command()
def show(name: NameArgument, json: JsonOption = False, home: HomeOption = None) -> None:
    """Show one baseline, series by series."""
    place = home_of(settings_for(home))
    with open_lake(place, read_only=True) as lake:
        found = version(lake, name, utc_now())
        baseline = load(lake, found)
    if json:
        print_json({**_as_json(place, found), "metrics": _metrics(baseline)})
    else:
        print_table(
            f"{found.name} ({found.kind}), saved {found.ts:%Y-%m-%d %H:%M:%S} UTC over "
            f"{duration_text(found.until - found.start)}",
            ("series", "values", "avg", "min", "p50", "p95", "p99", "max"),
            (
                (str(key_of(one)), one.count, one.avg, one.min, one.p50, one.p95, one.p99, one.max)
                for one in baseline.metrics
            ),
        )


@app.command()
def compare(
    before: NameArgument,
    after: Annotated[
        str | None, typer.Argument(metavar="[OTHER]", help="Another baseline [now].", show_default=False)
    ] = None,
    last: Annotated[str, typer.Option("--last", help="Without OTHER: how long `now` is.")] = "1h",
    json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Hold a baseline against another or against now; exit code 1 when something regressed.

    Worse by 10 % **and** beyond noise is *regressed*. *Inconclusive*: these values cannot tell. Of now, only what came
    after the baseline and after the last change of level counts.
    """
    with open_lake(home_of(settings_for(home)), read_only=True) as lake:
        now = utc_now()
        first = load(lake, version(lake, before, now))
        if after is None:
            length = duration_of("--last", last)
            found = compare_with_now(lake, first, length, now)
            against = f"now (the last {last})" if first.until < now - length else f"now (since {first.until:%H:%M} UTC)"
        else:
            found = compare_all(first.samples, load(lake, version(lake, after, now)).samples)
            against = after
    if json:
        print_json([_compared(one) for one in found])
    else:
        _show_compared(found, title=f"{before} → {against}")
    if any(one.result is Result.REGRESSED for one in found):
        raise typer.Exit(1)


def _show_saved(saved: saving.Saved, *, json: bool) -> None:
    baseline = saved.baseline
    if json:
        print_json(
            {
                "name": baseline.name,
                "kind": baseline.kind,
                "saved_at": baseline.ts,
                "start": baseline.start,
                "until": baseline.until,
                "series": len(baseline.metrics),
                "filepath": saved.file,
            }
        )
        return
    length = duration_text(baseline.until - baseline.start)
    console.print(f"Saved {baseline.name}: {len(baseline.metrics)} series over {length}.", markup=False)
    if saved.file:
        print_text(f"File: {saved.file}")


def _show_compared(found: Sequence[Compared], *, title: str) -> None:
    told = [one for one in found if one.result in {Result.REGRESSED, Result.IMPROVED} or one.comparison.exceeds_naive]
    if told:
        print_table(title, ("result", "metric", "before", "after", "unit", "change %", "p", "why"), map(_row, told))
    counts = Counter(one.result for one in found)
    others = Counter(one.result for one in found) - Counter(one.result for one in told)
    summary = ", ".join(f"{counts[result]} {result}" for result in Result if counts[result])
    rest = " Not shown: " + ", ".join(f"{others[result]} {result}" for result in others) + "." if others else ""
    console.print(f"{summary or 'No series in common'}.{rest} `--json` has every metric.", highlight=False)


def _row(one: Compared) -> tuple[object, ...]:
    found = one.comparison
    # Few series move by whole numbers, and a ratio needs more than one digit.
    shown = [None if value is None else f"{value:,.4g}" for value in (found.before, found.after)]
    p_value = None if found.p_value is None else f"{found.p_value:.2g}"
    return one.result, one.metric, *shown, one.measure.unit, found.change_percent, p_value, found.reason


def _compared(one: Compared) -> dict[str, Any]:
    found = one.comparison
    return {
        "metric": one.metric,
        "before": found.before,
        "after": found.after,
        "change": found.change_percent,
        "p_value": found.p_value,
        "result": one.result,
        "series": one.series.name,
        "labels": dict(one.series.labels),
        "statistic": one.statistic,
        "unit": one.measure.unit,
        "count_before": one.count_before,
        "count_after": one.count_after,
        "exceeds_naive": found.exceeds_naive,
        "reason": found.reason,
    }


def _as_json(home: Home, one: Version) -> dict[str, Any]:
    path = None if one.kind is Kind.AUTOMATIC else file_of(home, one.name, one.ts)
    return {
        "name": one.name,
        "kind": one.kind,
        "saved_at": one.ts,
        "start": one.start,
        "until": one.until,
        "duration": duration_text(one.until - one.start),
        "series": one.series,
        "values": one.values,
        "filepath": path if path and path.is_file() else None,
    }


def _metrics(baseline: Baseline) -> list[dict[str, Any]]:
    return [
        {
            "series": one.series,
            "labels": dict(one.labels),
            "count": one.count,
            "effective_count": one.effective_count,
            "avg": one.avg,
            "min": one.min,
            "p50": one.p50,
            "p95": one.p95,
            "p99": one.p99,
            "max": one.max,
        }
        for one in baseline.metrics
    ]
