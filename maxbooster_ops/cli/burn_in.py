"""`maxbooster-ops burn-in`: a burn-in from a terminal, or a look at those there were."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from typing import Annotated

import typer

from maxbooster_ops.cli import burn_in_views as views
from maxbooster_ops.cli.burn_in_display import Display, display_for
from maxbooster_ops.cli.options import HomeOption, JsonOption, settings_for
from maxbooster_ops.cli.output import console
from maxbooster_ops.clock import utc_now
from maxbooster_ops.errors import DrillError, UsageError
from maxbooster_ops.processes import Supervisor
from maxbooster_ops.processes.deferring import Deferred, deferred_requests
from maxbooster_ops.readiness.burn_in.asking import length, must_watch_something, plan_of, thresholds_of
from maxbooster_ops.readiness.burn_in.judgement import Verdict
from maxbooster_ops.readiness.burn_in.owner import Owner, orphaned
from maxbooster_ops.readiness.burn_in.plan import Plan
from maxbooster_ops.readiness.burn_in.reporting import Reported, report_orphan
from maxbooster_ops.readiness.burn_in.running import BurnIn, Ending, open_burn_in
from maxbooster_ops.readiness.burn_in.session import Session
from maxbooster_ops.readiness.burn_in.sessions import ask_to_cancel, begin, find, newest, resume, running
from maxbooster_ops.settings import Settings
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.state import State, open_state
from maxbooster_ops.watching import home_of, targets_of

EXIT_CODES = {Verdict.PASS: 0, Verdict.CONDITIONAL_PASS: 1, Verdict.FAIL: 2, Verdict.PARTIAL: 3}

_LISTED = 20


def _length(text: str) -> timedelta:
    try:
        return length(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def run(  # noqa: PLR0913, PLR0917 -- one per option
    duration: Annotated[
        timedelta | None,
        typer.Option("--duration", parser=_length, metavar="DURATION", help="How long [24h].", show_default=False),
    ] = None,
    interval: Annotated[
        timedelta | None,
        typer.Option(
            "--interval", parser=_length, metavar="DURATION", help="Time from check to check [5m].", show_default=False
        ),
    ] = None,
    threshold: Annotated[
        list[str] | None,
        typer.Option("--threshold", metavar="NAME=NUMBER", help="Another threshold; repeatable.", show_default=False),
    ] = None,
    sandbox: Annotated[bool, typer.Option("--sandbox", help="Start a sandbox platform of its own to burn in.")] = False,
    resume_id: Annotated[
        str | None, typer.Option("--resume", metavar="ID", help="Go on with one that was stopped.", show_default=False)
    ] = None,
    stop_id: Annotated[
        str | None, typer.Option("--stop", metavar="ID", help="Stop one, wherever it runs.", show_default=False)
    ] = None,
    show_list: Annotated[bool, typer.Option("--list", help="Show the newest burn-ins.")] = False,
    json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Check the platform again and again for a day, and say whether a release may rest on it.

    Ctrl-C ends it with a partial report. Exit code 0 PASS, 1 CONDITIONAL PASS, 2 FAIL, 3 partial. With `--json` each
    check is one line, and the last line is the result.
    """
    settings = settings_for(home)
    with open_state(home_of(settings)) as state:
        if show_list:
            views.show_sessions(newest(state, _LISTED), state.home, json=json)
        elif stop_id:
            _stop(state, stop_id, json=json)
        else:
            plan = _plan(duration, interval, threshold or ())
            with _platform(settings, state.home, wanted=sandbox), deferred_requests() as requests:
                reported = _conduct(settings, state, plan, resume_id, requests, json=json)
            _conclude(reported, json=json)


def _plan(duration: timedelta | None, interval: timedelta | None, thresholds: Sequence[str]) -> Plan:
    usual = Plan()
    try:
        return plan_of(duration or usual.duration, interval or usual.interval, thresholds_of(thresholds))
    except ValueError as error:
        raise UsageError(f"{str(error)[:1].upper()}{str(error)[1:]}.") from error


def _conduct(
    settings: Settings, state: State, plan: Plan, resume_id: str | None, requests: Deferred, *, json: bool
) -> Reported:
    """Begin or resume, take the checks, report."""
    session = _session(settings, state, plan, resume_id)
    with open_burn_in(settings, state, session) as burn_in:
        with display_for(session, targets_of(settings), json=json) as display:
            ending = _until_its_end(burn_in, display, requests)
        if ending is Ending.LOST:
            raise DrillError(f"Another process works on burn-in {session.id} now, or it was ended; see --list.")
        if ending is Ending.CANCELLED and not json:
            console.print("Stopping; the partial report follows …")
        return burn_in.report(ending)


def _session(settings: Settings, state: State, plan: Plan, resume_id: str | None) -> Session:
    if resume_id:
        return resume(state, resume_id, run_id=None, owner=Owner.own(), now=utc_now())
    must_watch_something(targets_of(settings))
    left = running(state)
    if left and orphaned(left, utc_now()):
        raise DrillError(
            f"Burn-in {left.id} was left by a process that died: --resume {left.id} goes on with it, --stop {left.id} "
            "ends it with a partial report."
        )
    return begin(state, plan, launched_by="terminal", run_id=None, owner=Owner.own(), now=utc_now())


def _until_its_end(burn_in: BurnIn, display: Display, requests: Deferred) -> Ending:
    try:
        return burn_in.run(display.show, requests.wait)
    except KeyboardInterrupt:
        return Ending.CANCELLED


def _stop(state: State, session_id: str, *, json: bool) -> None:
    session = find(state, session_id)
    if not ask_to_cancel(state, session_id, utc_now()):
        raise DrillError(f"Burn-in {session_id} does not run: it is {session.status}.")
    if orphaned(session, utc_now()):
        _conclude(report_orphan(state, session_id), json=json)
    views.show_asked(session, json=json)


def _conclude(reported: Reported, *, json: bool) -> None:
    """Show the result and end with its exit code."""
    views.show_result(reported, json=json)
    raise typer.Exit(EXIT_CODES[reported.judgement.verdict])


@contextmanager
def _platform(settings: Settings, home: Home, *, wanted: bool) -> Iterator[None]:
    """Run a sandbox while the burn-in lasts, where it is `wanted` and none is there."""
    with ExitStack() as stack:
        if wanted:
            if settings.redis_url or settings.platform_url:
                raise UsageError("--sandbox starts a platform, but REDIS_URL or PLATFORM_URL names one: choose.")
            if targets_of(settings).origin != "sandbox":
                from maxbooster_ops.sandbox.platform import start_sandbox  # noqa: PLC0415 -- an extra

                start_sandbox(stack.enter_context(Supervisor(home.logs)), home.sandbox)
        yield
