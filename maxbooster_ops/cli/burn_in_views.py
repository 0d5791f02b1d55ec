"""What `burn-in` prints besides its checks: the list, and how one ended.

Belongs here: the form. Not here: the display of a running one (`burn_in_display.py`), or its report (`readiness/`).
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from maxbooster_ops.cli.output import console, print_json, print_table, print_text
from maxbooster_ops.readiness.burn_in.judgement import Figure, Verdict, Weight
from maxbooster_ops.readiness.burn_in.reporting import Reported
from maxbooster_ops.readiness.burn_in.session import Session
from maxbooster_ops.readiness.report.files import placed, report_file
from maxbooster_ops.store.home import Home

STYLES = {
    Verdict.PASS: "bold green",
    Verdict.CONDITIONAL_PASS: "bold yellow",
    Verdict.FAIL: "bold red",
    Verdict.PARTIAL: "bold cyan",
}

_REASON_STYLES = {Weight.FAILS: "red", Weight.CONDITIONAL: "yellow", Weight.NOTE: "dim"}


def show_sessions(sessions: Sequence[Session], home: Home, *, json: bool) -> None:
    """Show burn-ins, the newest first."""
    if json:
        print_json([_as_json(session, home) for session in sessions])
        return
    if not sessions:
        console.print("No burn-in was ever begun: `maxbooster-ops burn-in`, or the job `burn_in` in Dagster.")
        return
    columns = ("burn-in", "status", "from", "began", "ends or ended", "checks", "taken over", "verdict", "report")
    print_table("Burn-ins, times in UTC", columns, [_row(session, home) for session in sessions])


def show_asked(session: Session, *, json: bool) -> None:
    """Say that a burn-in was asked to stop."""
    if json:
        print_json({"session": session.id, "asked_to_stop": True}, indent=None)
        return
    where = f"run {session.run_id}" if session.run_id else f"process {session.owner_pid} on {session.owner_host}"
    console.print(f"Burn-in {session.id} was asked to stop; {where} ends it within seconds with a partial report.")


def show_result(reported: Reported, *, json: bool) -> None:
    """Show verdict, reasons and figures; as JSON exactly what a pipeline wants to know, on one line."""
    judgement = reported.judgement
    report = report_file(reported.report, ".md")
    if json:
        result = {
            "verdict": judgement.verdict.value,
            "reasons": [reason.text for reason in judgement.reasons],
            "success_rate": judgement.success_rate,
            "checks": judgement.checks,
            "memory_growth_mb": judgement.memory_growth_mb,
            "redis_latency_avg_ms": judgement.redis_latency_avg_ms,
            "report": str(report),
        }
        print_json(result, indent=None)
        return
    console.print(Text(f"\n{judgement.verdict}", style=STYLES[judgement.verdict]))
    for reason in judgement.reasons:
        console.print(Text(f"  {reason.text}", style=_REASON_STYLES[reason.weight]), soft_wrap=True)
    print_table(None, ("measured", "value", "limit", "unit", ""), map(_figure, judgement.figures))
    print_text(f"\nReport: {report} (and .html, .json)")
    if judgement.verdict is Verdict.PARTIAL:
        console.print(
            f"It is not valid for a release. `maxbooster-ops burn-in --resume {reported.session.id}` goes on with it.",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )


def _figure(figure: Figure) -> tuple[object, ...]:
    verdicts = {True: Text("ok", style="green"), False: Text("beyond", style="red"), None: Text("–", style="dim")}
    return (figure.name, figure.value, figure.limit, figure.unit, verdicts[figure.ok])


def _row(session: Session, home: Home) -> tuple[object, ...]:
    style = STYLES[Verdict(session.verdict)] if session.verdict else ""
    return (
        session.id,
        session.status.value,
        session.launched_by,
        session.started_at,
        session.ended_at or session.target_end_at,
        f"{session.checks_done} of {session.plan.expected_checks}",
        session.takeovers,
        Text(session.verdict or "–", style=style),
        _report_of(session, home),
    )


def _as_json(session: Session, home: Home) -> dict[str, object]:
    plan = session.plan
    return {
        "id": session.id,
        "status": session.status.value,
        "launched_by": session.launched_by,
        "run_id": session.run_id,
        "started_at": session.started_at,
        "target_end_at": session.target_end_at,
        "ended_at": session.ended_at,
        "duration_seconds": plan.duration.total_seconds(),
        "interval_seconds": plan.interval.total_seconds(),
        "checks": session.checks_done,
        "expected_checks": plan.expected_checks,
        "takeovers": session.takeovers,
        "verdict": session.verdict,
        "report": _report_of(session, home),
    }


def _report_of(session: Session, home: Home) -> str | None:
    """Give the file for people, where there is a report."""
    return str(report_file(placed(home, session.report), ".md")) if session.report else None
