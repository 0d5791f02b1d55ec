"""`maxbooster-ops collect`: take beats without Dagster."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated

import typer

from maxbooster_ops.cli.options import HomeOption, JsonOption, settings_for
from maxbooster_ops.cli.output import errors, print_json, print_table, print_warning
from maxbooster_ops.clock import utc_now
from maxbooster_ops.collecting import collector_of, look_for_dead_letters
from maxbooster_ops.durations import duration_of
from maxbooster_ops.errors import StoreError
from maxbooster_ops.settings import Settings
from maxbooster_ops.sources.collector import BeatReport, Collector
from maxbooster_ops.store.opening import Store, open_store
from maxbooster_ops.watching import home_of, targets_of

_LOOKS_EVERY_SECONDS = 60.0
"""How often dead letters are looked for, and once at the end, as the runs of Dagster do."""


def run(
    beats: Annotated[int, typer.Option("--beats", "-n", min=1, help="How many beats to take.")] = 1,
    every: Annotated[
        str | None,
        typer.Option(
            "--every", metavar="DURATION", help="Time between beats [the collection interval].", show_default=False
        ),
    ] = None,
    json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Take beats: read every source and store what was seen; then look for dead letters.

    With `--json` each beat is one line: `ts`, and per source `rows`, `duration_ms` and `error`.
    Exit code 1 when a beat could not be stored; a source that failed is part of the beat.
    """
    settings = settings_for(home)
    targets = targets_of(settings)
    if targets.redis_url is None and targets.platform_url is None:
        errors.print(
            "Only this host is watched: set REDIS_URL and PLATFORM_URL, or start `maxbooster-ops up` for a sandbox.",
            style="yellow",
        )
    step = duration_of("--every", every) if every else timedelta(seconds=settings.maxbooster_collect_interval_seconds)
    with open_store(home_of(settings)) as store, collector_of(settings, store) as collector:
        stored, looked_at = [], time.monotonic()
        for _ in _paced(beats, step):
            stored.append(_take(collector, as_json=json))
            if time.monotonic() - looked_at >= _LOOKS_EVERY_SECONDS:
                looked_at = time.monotonic()
                _look(settings, store)
        late = collector.finish()
        _look(settings, store)
    if late and not json:  # in JSON a line is a beat; late answers of slow monitors are in the store
        _show(late, as_json=False)
    if not all(stored):
        raise typer.Exit(1)


def _paced(beats: int, step: timedelta) -> Iterator[int]:
    """Count to `beats`, one every `step` from now, without drifting."""
    start = utc_now()
    for number in range(beats):
        wait = (start + number * step - utc_now()).total_seconds()
        time.sleep(max(0.0, wait))
        yield number


def _look(settings: Settings, store: Store) -> None:
    if looked := look_for_dead_letters(settings, store):
        print_warning(looked.said)


def _take(collector: Collector, *, as_json: bool) -> bool:
    try:
        report = collector.beat()
    except StoreError as error:
        # One beat is lost to the store, not to the platform: the next one reads on from the last that was stored.
        if as_json:
            print_json({"ts": utc_now(), "outcome": "not stored", "error": str(error), "sources": {}}, indent=None)
        errors.print(str(error), style="red", markup=False, soft_wrap=True)
        return False
    _show(report, as_json=as_json)
    return True


def _show(report: BeatReport, *, as_json: bool) -> None:
    if as_json:
        line = {
            "ts": report.ts,
            "batch_id": report.batch_id,
            "outcome": report.outcome.value,
            "sources": dict(report.sources),
        }
        print_json(line, indent=None)
        return
    title = f"{report.kind.capitalize()} of {report.ts:%H:%M:%S} UTC {report.outcome.value}"
    rows = [(name, source.rows, source.duration_ms, source.error) for name, source in report.sources.items()]
    print_table(title, ("source", "rows", "ms", "error"), rows)
