"""How `maxbooster-ops alerts` prints what it found.

Belongs here: tables and JSON. Not here: finding (`alerts.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.markdown import Markdown

from maxbooster_ops.alerting.alert import Alert
from maxbooster_ops.alerting.delivering.channel_test import Tested
from maxbooster_ops.alerting.dispatching.silence import Silence
from maxbooster_ops.alerting.records.effectiveness import Effectiveness
from maxbooster_ops.alerting.records.explanation import Step
from maxbooster_ops.alerting.rulebook.runbooks import runbook_text
from maxbooster_ops.cli.output import console, print_json, print_table, print_warning, shown


def as_json(alert: Alert) -> dict[str, Any]:
    """Give an alert as machines read it."""
    return {
        "id": alert.id,
        "rule": alert.rule,
        "labels": dict(alert.labels),
        "state": alert.state.value,
        "severity": alert.severity.word,
        "value": alert.value,
        "since": alert.since,
        "level": alert.level.word,
        "component": alert.component,
        "title": alert.title,
        "summary": alert.summary,
        "description": alert.description,
        "threshold": alert.threshold,
        "value_name": alert.value_name,
        "runbook": alert.runbook,
        "no_data": alert.no_data,
        "acknowledged_at": alert.acknowledged_at,
        "acknowledged_by": alert.acknowledged_by,
        "resolved_at": alert.resolved_at,
        "resolved_by": alert.resolved_by,
        "told": sorted(alert.told),
    }


def show_alerts(alerts: Sequence[Alert], *, json: bool, problems: Sequence[str]) -> None:
    """Print alerts; what is wrong with rules or channels goes to standard error."""
    if json:
        print_json([as_json(alert) for alert in alerts])
    elif alerts:
        columns = ("alert", "severity", "state", "since (UTC)", "what")
        print_table(None, columns, ((a.id, a.level.word, _state(a), a.since, a.summary) for a in alerts))
    else:
        console.print("Nothing fires.")
    for problem in problems:
        print_warning(problem)


def show_alert(alert: Alert, *, json: bool) -> None:
    """Print one alert with its runbook."""
    if json:
        print_json({**as_json(alert), "runbook_text": runbook_text(alert.runbook)})
        return
    labels = ", ".join(f"{name}={value}" for name, value in alert.labels.items())
    rows = [
        ("rule", alert.rule),
        ("severity", f"{alert.severity.word}, told as {alert.level.word}"),
        ("state", _state(alert)),
        ("labels", labels or None),
        ("since (UTC)", shown(alert.since)),
        (alert.value_name.replace("_", " "), shown(alert.value)),
        ("threshold", shown(alert.threshold)),
        ("told", ", ".join(sorted(alert.told)) or "nobody yet"),
    ]
    print_table(f"{alert.title}\n{alert.summary}", ("", ""), rows)
    console.print(f"\n{alert.description}\n", markup=False, highlight=False)
    console.print(Markdown(runbook_text(alert.runbook)))


def show_steps(alert: Alert, steps: Sequence[Step], *, json: bool) -> None:
    """Print what led to who was told."""
    if json:
        print_json({"alert": as_json(alert), "steps": list(steps)})
        return
    rows = ((f"{step.at:%m-%d %H:%M:%S}" if step.at else None, step.topic, step.channel, step.text) for step in steps)
    print_table(f"{alert.title} ({alert.id})", ("when (UTC)", "what", "channel", "why"), rows)


def show_silence(silence: Silence, held: Sequence[Alert], *, json: bool) -> None:
    """Print a silence that was just made, and what it silences already."""
    if json:
        print_json(_silence_json(silence) | {"alerts": [alert.id for alert in held]})
        return
    until = f"{silence.ends_at:%Y-%m-%d %H:%M} UTC"
    console.print(f"Silence {silence.id} holds until {until}; it matches {len(held)} open alerts.", highlight=False)


def show_silences(silences: Sequence[Silence], *, json: bool) -> None:
    """Print silences."""
    if json:
        print_json([_silence_json(silence) for silence in silences])
    elif silences:
        columns = ("silence", "matches", "from (UTC)", "until (UTC)", "kind", "by", "reason")
        print_table(None, columns, map(_silence_row, silences))
    else:
        console.print("Nothing is silenced.")


def show_test(answers: Sequence[Tested], problems: Sequence[str], *, json: bool) -> None:
    """Print what each channel answered to the test."""
    if json:
        print_json([{"channel": a.channel, "delivered": a.delivered, "detail": a.detail} for a in answers])
    else:
        print_table(None, ("channel", "delivered", "detail"), ((a.channel, a.delivered, a.detail) for a in answers))
    for problem in problems:
        print_warning(problem)


def show_effectiveness(rows: Sequence[Effectiveness], *, days: int, json: bool) -> None:
    """Print how well each rule served."""
    if json:
        print_json([_effectiveness_json(row) for row in rows])
    elif rows:
        columns = ("rule", "fired", "open", "total", "median", "acknowledged %", "after", "silenced %", "untold %")
        print_table(f"Rules over {days} days", columns, map(_effectiveness_row, rows))
    else:
        console.print(f"Nothing fired within {days} days.")


def _state(alert: Alert) -> str:
    by = alert.acknowledged_by if alert.resolved_at is None else alert.resolved_by
    return f"{alert.state.value} by {by}" if by else alert.state.value.replace("_", " ")


def _silence_json(silence: Silence) -> dict[str, Any]:
    return {
        "id": silence.id,
        "matchers": [str(matcher) for matcher in silence.matchers],
        "starts_at": silence.starts_at,
        "ends_at": silence.ends_at,
        "reason": silence.reason,
        "author": silence.author,
        "maintenance": silence.maintenance,
    }


def _silence_row(silence: Silence) -> tuple[object, ...]:
    matchers = ", ".join(str(matcher) for matcher in silence.matchers)
    kind = "maintenance" if silence.maintenance else "silence"
    return silence.id, matchers, silence.starts_at, silence.ends_at, kind, silence.author, silence.reason


def _effectiveness_json(row: Effectiveness) -> dict[str, Any]:
    return {
        "rule": row.rule,
        "fired": row.fired,
        "open": row.open,
        "firing_seconds": row.firing.total_seconds(),
        "firing_median_seconds": row.firing_median.total_seconds(),
        "acknowledged_share": row.acknowledged_share,
        "to_acknowledge_seconds": row.to_acknowledge.total_seconds() if row.to_acknowledge else None,
        "silenced_share": row.silenced_share,
        "untold_share": row.untold_share,
    }


def _effectiveness_row(row: Effectiveness) -> tuple[object, ...]:
    return (
        row.rule,
        row.fired,
        row.open,
        row.firing,
        row.firing_median,
        100 * row.acknowledged_share,
        row.to_acknowledge,
        100 * row.silenced_share,
        100 * row.untold_share,
    )
