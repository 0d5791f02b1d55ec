"""`maxbooster-ops alerts`: what fires, why somebody was told or not, and what people do about it."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from maxbooster_ops.alerting.alert import Alert
from maxbooster_ops.alerting.delivering.channel_test import send_test
from maxbooster_ops.alerting.delivering.delivery import deliver_due
from maxbooster_ops.alerting.dispatching.silence import Silence, parse_matcher
from maxbooster_ops.alerting.evaluating.evaluation import decide
from maxbooster_ops.alerting.installation import Alerting, load_alerting
from maxbooster_ops.alerting.records import alert_store, deeds, silence_store
from maxbooster_ops.alerting.records.effectiveness import effectiveness
from maxbooster_ops.alerting.records.explanation import explain
from maxbooster_ops.cli import alert_views
from maxbooster_ops.cli.options import HomeOption, JsonOption, settings_for
from maxbooster_ops.cli.output import console, print_json
from maxbooster_ops.clock import utc_now
from maxbooster_ops.durations import duration_of
from maxbooster_ops.errors import UsageError
from maxbooster_ops.store.state import State, open_state
from maxbooster_ops.watching import home_of

app = typer.Typer(
    help="Alerts: list them, ask why somebody was told or not, acknowledge, silence, resolve, test the channels.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
)

_MOST_LISTED = 1000
_DELIVERED_WITHIN = timedelta(seconds=20)

AlertArgument = Annotated[str, typer.Argument(help="The alert's id, or the beginning of it.", metavar="ALERT")]
ByOption = Annotated[str | None, typer.Option("--by", help="Who does it [the user's name].", show_default=False)]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Desk:
    """What every command works with."""

    state: State
    alerting: Alerting
    now: datetime

    def carry_out(self) -> None:
        """Decide anew who is told, and tell them, without waiting for the next tick of the sensors."""
        decide(self.state, self.alerting.rulebook, self.alerting.policy, now=utc_now())
        deliver_due(self.state, self.alerting.channels, now=utc_now, budget=_DELIVERED_WITHIN)


@contextmanager
def _desk(home: HomeOption) -> Iterator[_Desk]:
    settings = settings_for(home)
    place = home_of(settings)
    with open_state(place) as state:
        yield _Desk(state=state, alerting=load_alerting(settings, place), now=utc_now())


@app.command("list")
def list_alerts(
    every: Annotated[bool, typer.Option("--all", help="Also those that ended within the last 30 days.")] = False,
    json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Show what fires, the worst first."""
    with _desk(home) as desk, desk.state.reading() as connection:
        since = desk.now - timedelta(days=30) if every else desk.now
        found = alert_store.recent_alerts(connection, since, limit=_MOST_LISTED)
    alert_views.show_alerts(sorted(found, key=_urgency), json=json, problems=desk.alerting.problems)


@app.command()
def show(alert: AlertArgument, json: JsonOption = False, home: HomeOption = None) -> None:
    """Show one alert: what it is, since when, what to do (its runbook), who was told."""
    with _desk(home) as desk, desk.state.reading() as connection:
        alert_views.show_alert(deeds.the_alert(connection, alert), json=json)


@app.command("explain")
def explain_alert(alert: AlertArgument, json: JsonOption = False, home: HomeOption = None) -> None:
    """Say why somebody was or was not told: rule, value, states, silences, decisions, what the channels answered."""
    with _desk(home) as desk, desk.state.reading() as connection:
        found = deeds.the_alert(connection, alert)
        rules = {rule.name: rule for rule in desk.alerting.rulebook.rules}
        steps = explain(connection, found, rules.get(found.rule), now=desk.now)
    alert_views.show_steps(found, steps, json=json)


@app.command()
def ack(alert: AlertArgument, by: ByOption = None, json: JsonOption = False, home: HomeOption = None) -> None:
    """Take an alert: no more reminders, no escalation."""
    with _desk(home) as desk:
        with desk.state.writing() as connection:
            found = deeds.the_alert(connection, alert)
            taken = deeds.acknowledge(connection, found, who=_who(by), now=desk.now)
        desk.carry_out()
    _done(taken, f"{taken.id} acknowledged by {taken.acknowledged_by}: {taken.title}", json=json)


@app.command()
def resolve(alert: AlertArgument, by: ByOption = None, json: JsonOption = False, home: HomeOption = None) -> None:
    """End an alert by hand. It fires again once its condition was false in between."""
    with _desk(home) as desk:
        with desk.state.writing() as connection:
            ended = deeds.resolve(connection, deeds.the_alert(connection, alert), who=_who(by), now=desk.now)
        desk.carry_out()
    _done(ended, f"{ended.id} resolved by {ended.resolved_by}: {ended.title}", json=json)


@app.command()
def silence(  # noqa: PLR0913, PLR0917 -- one per option
    matchers: Annotated[list[str], typer.Argument(help='What to silence: rule=queue_backlog, queue=~"fore.*" …')],
    reason: Annotated[str, typer.Option("--reason", help="Why.")],
    lasting: Annotated[str, typer.Option("--for", help="For how long.")] = "2h",
    start: Annotated[
        datetime | None, typer.Option("--from", help="From when (UTC) [now]; a planned window.", show_default=False)
    ] = None,
    maintenance: Annotated[bool, typer.Option("--maintenance", help="A planned window: SLOs leave it out.")] = False,
    by: ByOption = None,
    json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Keep alerts that match all of MATCHERS from being told for a while; they go on being recorded."""
    with _desk(home) as desk:
        starts_at = start.replace(tzinfo=UTC) if start else desk.now
        asked = Silence(
            id="",
            matchers=tuple(parse_matcher(text) for text in matchers),
            starts_at=starts_at,
            ends_at=starts_at + duration_of("--for", lasting),
            reason=reason,
            author=_who(by),
            maintenance=maintenance,
        )
        with desk.state.writing() as connection:
            made = deeds.silence(connection, asked, now=desk.now)
            held = [alert for alert in alert_store.unsettled_alerts(connection) if made.holds(alert, desk.now)]
        desk.carry_out()
    alert_views.show_silence(made, held, json=json)


@app.command()
def silences(json: JsonOption = False, home: HomeOption = None) -> None:
    """Show the silences and maintenance windows that hold or will."""
    with _desk(home) as desk, desk.state.reading() as connection:
        alert_views.show_silences(silence_store.current_silences(connection, desk.now), json=json)


@app.command()
def unsilence(
    silence_id: Annotated[str, typer.Argument(metavar="SILENCE", help="The silence's id.")], home: HomeOption = None
) -> None:
    """End a silence now."""
    with _desk(home) as desk:
        with desk.state.writing() as connection:
            if not silence_store.end_silence(connection, silence_id, at=desk.now):
                raise UsageError(f"No silence `{silence_id}` holds. `maxbooster-ops alerts silences` lists them.")
        desk.carry_out()
    console.print(f"Silence {silence_id} ended.", highlight=False)


@app.command("test")
def try_channels(json: JsonOption = False, home: HomeOption = None) -> None:
    """Send a test alert through every channel; exit code 1 when one did not deliver it."""
    with _desk(home) as desk:
        answers = send_test(desk.state, desk.alerting.channels, desk.now)
    alert_views.show_test(answers, desk.alerting.problems, json=json)
    if desk.alerting.problems or not all(answer.delivered for answer in answers):
        raise typer.Exit(1)


@app.command()
def stats(
    days: Annotated[int, typer.Option("--days", min=1, max=365, help="Over how many days.")] = 30,
    json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Show per rule how often it fired, for how long, and how fast it was acknowledged."""
    with _desk(home) as desk, desk.state.reading() as connection:
        start = desk.now - timedelta(days=days)
        found = alert_store.recent_alerts(connection, start, limit=1_000_000)
    alert_views.show_effectiveness(effectiveness(found, start, desk.now), days=days, json=json)


def _urgency(alert: Alert) -> tuple[bool, int, datetime]:
    return alert.resolved_at is not None, -alert.level.value, alert.since


def _who(by: str | None) -> str:
    return by or getpass.getuser()


def _done(alert: Alert, sentence: str, *, json: bool) -> None:
    if json:
        print_json(alert_views.as_json(alert))
    else:
        console.print(sentence, markup=False, highlight=False)
