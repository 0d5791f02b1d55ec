"""`maxbooster-ops chaos`: faults on purpose, and whether the platform bears them."""

from __future__ import annotations

import signal
from contextlib import suppress
from types import FrameType
from typing import Annotated

import typer

from maxbooster_ops.cli import chaos_views as views
from maxbooster_ops.cli.options import HomeOption, JsonOption, settings_for
from maxbooster_ops.cli.output import errors, print_warning
from maxbooster_ops.readiness.chaos.drilling import Asked, ChaosDrill
from maxbooster_ops.readiness.chaos.interrupting import REQUESTS
from maxbooster_ops.readiness.chaos.ledger import FaultState
from maxbooster_ops.readiness.chaos.leftovers import forget, roll_back_leftovers
from maxbooster_ops.readiness.chaos.scenarios import Catalog, load_catalog
from maxbooster_ops.readiness.chaos.targets import Choice
from maxbooster_ops.settings import Settings
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.opening import open_store
from maxbooster_ops.store.state import open_state
from maxbooster_ops.watching import home_of

_STILL_THERE = 2


def run(  # noqa: PLR0913, PLR0917 -- one per option
    scenario: Annotated[
        list[str] | None,
        typer.Option("--scenario", "-s", metavar="NAME", help="Only this one; repeatable [all].", show_default=False),
    ] = None,
    show_list: Annotated[bool, typer.Option("--list", help="Show the scenarios there are.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show each step, and touch nothing.")] = False,
    target: Annotated[
        Choice,
        typer.Option("--target", help="A stand of its own, or what REDIS_URL and PLATFORM_URL name where allowed."),
    ] = Choice.SANDBOX,
    production: Annotated[bool, typer.Option("--production", help="Production is really meant.")] = False,
    roll_back: Annotated[bool, typer.Option("--roll-back", help="Only take back what a dead drill left.")] = False,
    forget_id: Annotated[
        str | None,
        typer.Option("--forget", metavar="FAULT", help="You took this fault back by hand.", show_default=False),
    ] = None,
    json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Put faults in on purpose, look whether the platform bears them, and take them back.

    Without options on a stand of its own: a small platform that is started for the drill and ends with it. Exit code
    0 ready, 1 review, 2 not ready or refused. Ctrl-C takes everything back.
    """
    settings = settings_for(home)
    place = home_of(settings).prepare()
    if forget_id or roll_back:
        raise typer.Exit(_take_back(settings, place, forget_id, json=json))
    catalog = load_catalog(place)
    for problem in catalog.problems:
        print_warning(problem)
    asked = Asked(scenarios=tuple(scenario or ()), target=target, production=production)
    if show_list or dry_run:
        views.show_scenarios(catalog.chosen(asked.scenarios), steps=dry_run, json=json)
        return
    raise typer.Exit(_drill(settings, place, catalog, asked, json=json))


def _drill(settings: Settings, place: Home, catalog: Catalog, asked: Asked, *, json: bool) -> int:
    for number in REQUESTS:
        # A shell that starts us in the background ignores INT for us; who ignores HUP for us (nohup) means it.
        if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)
    with open_store(place) as store:
        live = views.Live(silent=json, starts_stand=asked.target is Choice.SANDBOX)
        finished = ChaosDrill(settings, store, catalog).run(asked, live)
    views.show_result(finished, json=json)
    if finished.interruption:
        raise finished.interruption
    return views.exit_code(finished.summary)


def _take_back(settings: Settings, place: Home, forget_id: str | None, *, json: bool) -> int:
    """Take back, or believe that somebody did; tell what each fault is now."""
    with open_state(place) as state:
        done = [forget(settings, state, forget_id)] if forget_id else roll_back_leftovers(settings, state)
    views.show_faults(done, json=json)
    return _STILL_THERE if any(one.state is FaultState.STUCK for one in done) else 0


def _interrupt(_: int, __: FrameType | None) -> None:
    with suppress(OSError, RuntimeError):  # the terminal may be gone, or be written to this moment
        errors.print("\nStopping; what was put in is taken back …")
    raise KeyboardInterrupt
