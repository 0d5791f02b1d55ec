"""`maxbooster-ops rules`: which rules are in force, whether their files are sound, and what they would have said."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from maxbooster_ops.alerting.evaluating.backtest import Episode, backtest
from maxbooster_ops.alerting.installation import load_rules
from maxbooster_ops.alerting.rule import Labels, Rule
from maxbooster_ops.alerting.rulebook.rulebook import Rulebook, parse_rules
from maxbooster_ops.alerting.scenarios.scenario_file import read_scenarios
from maxbooster_ops.alerting.scenarios.scenario_run import Outcome, run_scenario
from maxbooster_ops.analysis.thresholds import Limits
from maxbooster_ops.cli.options import HomeOption, JsonOption, settings_for
from maxbooster_ops.cli.output import console, print_json, print_table, print_text, print_warning, shown
from maxbooster_ops.clock import utc_now
from maxbooster_ops.durations import parse_duration
from maxbooster_ops.errors import UsageError
from maxbooster_ops.settings import Environment, Settings
from maxbooster_ops.store.lake import open_lake
from maxbooster_ops.watching import home_of

app = typer.Typer(
    help="Alert rules: list them, check their files, test them with scenarios, run them over the past.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)


@app.command("list")
def list_rules(json: JsonOption = False, home: HomeOption = None) -> None:
    """Show every rule in force, and those that wait for a table of a later release."""
    settings = settings_for(home)
    book = load_rules(settings, home_of(settings))
    waiting = {rule.name: reason for rule, reason in book.waiting}
    rules = (*book.rules, *(rule for rule, _ in book.waiting))
    if json:
        print_json([_as_json(rule, waiting.get(rule.name)) for rule in rules])
        return
    columns = ("rule", "severity", "condition", "for", "component", "runbook", "from")
    print_table(f"{len(book.rules)} rules in force", columns, (_row(rule) for rule in book.rules))
    if waiting:
        print_table("\nWaiting", ("rule", "for what"), waiting.items())
    _tell_problems(book)


@app.command()
def check(
    files: Annotated[
        list[Path] | None, typer.Argument(help="Rule files [those in force].", metavar="[FILE]...")
    ] = None,
    json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Check rule files: fields, conditions, queries, templates, runbooks. Exit code 1 where anything is wrong."""
    settings = settings_for(home)
    books = [_parsed(file, settings) for file in files] if files else [load_rules(settings, home_of(settings))]
    problems = [problem for book in books for problem in book.problems]
    sound = sum(len(book.rules) + len(book.waiting) for book in books)
    if json:
        found = [{"file": problem.file, "line": problem.line, "problem": str(problem)} for problem in problems]
        print_json({"rules": sound, "problems": found})
    else:
        for problem in problems:
            print_text(problem)
        console.print(f"{sound} rules are sound, {len(problems)} problems.", highlight=False)
    if problems:
        raise typer.Exit(1)


@app.command("test")
def play_scenarios(
    files: Annotated[list[Path], typer.Argument(help="Scenario files.", metavar="FILE...")],
    json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Play scenario files: series in; alerts, routes and what is held back out. Exit code 1 where one differs."""
    settings = settings_for(home)
    book = load_rules(settings, home_of(settings))
    outcomes = [(file, run_scenario(scenario, book, settings)) for file in files for scenario in read_scenarios(file)]
    if json:
        print_json([{"file": file, "passed": outcome.passed, **_differences(outcome)} for file, outcome in outcomes])
    else:
        for file, outcome in outcomes:
            _print_outcome(file, outcome)
    if not all(outcome.passed for _, outcome in outcomes):
        raise typer.Exit(1)


@app.command("backtest")
def run_backtest(
    start: Annotated[str, typer.Option("--from", help="A time, such as 2026-01-05T12:00, or a time ago: 7d.")],
    end: Annotated[str | None, typer.Option("--to", help="Likewise [now].", show_default=False)] = None,
    names: Annotated[list[str] | None, typer.Option("--rule", help="Only this rule; may be repeated.")] = None,
    json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Say which alerts would have fired in the past, when and how long, had these rules been in force."""
    settings = settings_for(home)
    now = utc_now()
    since, until = _moment(start, now), _moment(end, now) if end else now
    if since >= until:
        raise UsageError(f"--from {since:%Y-%m-%d %H:%M} is not before --to {until:%Y-%m-%d %H:%M}. Expected a range.")
    book = load_rules(settings, home_of(settings))
    rules = [book.rule(name) for name in names] if names else book.rules
    with open_lake(home_of(settings), read_only=True) as lake:
        episodes = backtest(lake, rules, since, until)
    if json:
        print_json(episodes)
        return
    _print_episodes(episodes, since, until)
    _tell_problems(book)


def _parsed(file: Path, settings: Settings) -> Rulebook:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        raise UsageError(f"{file} cannot be read: {error}. Expected a YAML file of rules.") from error
    return parse_rules(text, str(file), Limits.of(settings), settings.maxbooster_env is Environment.STAGING)


def _moment(text: str, now: datetime) -> datetime:
    """Read a time, in UTC unless it says otherwise, or a duration before `now`."""
    try:
        return now - parse_duration(text)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"`{text}` is no time. Expected one such as 2026-01-05T12:00, or a time ago: 7d.") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _as_json(rule: Rule, waits_for: str | None) -> dict[str, object]:
    repeat_s = rule.repeat_every.total_seconds() if rule.repeat_every else None
    return {
        "name": rule.name,
        "title": rule.title,
        "severity": rule.severity.word,
        "component": rule.component,
        "condition": str(rule.condition),
        "value_name": rule.value_name,
        "unit": rule.unit,
        "for_seconds": rule.for_.total_seconds(),
        "keep_firing_for_seconds": rule.keep_firing_for.total_seconds(),
        "stale_after_seconds": rule.stale_after.total_seconds(),
        "consecutive": rule.consecutive,
        "repeat_every_seconds": repeat_s,
        "immediate": rule.immediate,
        "labels": rule.labels,
        "runbook": rule.runbook,
        "origin": rule.origin,
        "waits_for": waits_for,
    }


def _row(rule: Rule) -> tuple[object, ...]:
    condition = f"{rule.value_name} {rule.condition} {rule.unit}".rstrip()
    if rule.consecutive > 1:
        condition += f", {rule.consecutive} times in a row"
    lasting = rule.for_ or None
    return (rule.name, rule.severity.word, condition, lasting, rule.component, rule.runbook, rule.origin)


def _tell_problems(book: Rulebook) -> None:
    for problem in book.problems:
        print_warning(problem)


def _differences(outcome: Outcome) -> dict[str, object]:
    found = [
        {"after_seconds": each.after.total_seconds(), "at": each.at, "difference": each.text}
        for each in outcome.differences
    ]
    return {"scenario": outcome.scenario, "differences": found}


def _print_outcome(file: Path, outcome: Outcome) -> None:
    verdict = "[green]as expected[/]" if outcome.passed else "[bold red]differs[/]"
    console.print(f"{file}: ", end="", markup=False, highlight=False, soft_wrap=True)
    console.print(outcome.scenario, end=": ", style="bold", markup=False, highlight=False, soft_wrap=True)
    console.print(verdict)
    for each in outcome.differences:
        line = f"  after {shown(each.after)} ({each.at:%H:%M:%S}) {each.text}"
        print_text(line)


def _print_episodes(episodes: Sequence[Episode], start: datetime, end: datetime) -> None:
    spanned = f"from {start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC"
    if not episodes:
        console.print(f"Nothing would have fired {spanned}.", highlight=False)
        return
    columns = ("rule", "labels", "started", "ended", "lasted", "peak")
    print_table(f"{len(episodes)} alerts would have fired {spanned}", columns, map(_episode_row, episodes))


def _episode_row(episode: Episode) -> tuple[object, ...]:
    ended, lasted = episode.ended or "still fires", timedelta(seconds=episode.duration_s)
    return (episode.rule, _labels(episode.labels), episode.started, ended, lasted, f"{episode.peak:g}")


def _labels(labels: Labels) -> str:
    return ", ".join(f"{name}={value}" for name, value in sorted(labels.items()))
