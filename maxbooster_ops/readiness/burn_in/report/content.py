"""What the report of a burn-in says, in words and tables, for Markdown and HTML alike.

Belongs here: the words. Not here: markup (`templates/`), plots (`plotting.py`), how a table came about (`tables.py`).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from maxbooster_ops.readiness.burn_in.judgement import Judgement, Verdict, Weight
from maxbooster_ops.readiness.burn_in.plan import Plan
from maxbooster_ops.readiness.burn_in.report import tables
from maxbooster_ops.readiness.burn_in.report.comparing import Comparison
from maxbooster_ops.readiness.burn_in.report.material import Material
from maxbooster_ops.readiness.burn_in.report.plotting import never_measured, plots_of, strips_of
from maxbooster_ops.readiness.burn_in.session import Session
from maxbooster_ops.readiness.report.table import Headline, Row, Table, Tone
from maxbooster_ops.readiness.report.wording import counted, moment, outside, quantity, span

_NOT_VALID = "Not valid for a release."

HEADLINES = {
    Verdict.PASS: Headline(
        word="PASS",
        mark="✓",
        tone=Tone.GOOD,
        meaning="Fit for a release: every promise was kept from beginning to end.",
    ),
    Verdict.CONDITIONAL_PASS: Headline(
        word="CONDITIONAL PASS",
        mark="!",
        tone=Tone.WARNING,
        meaning="Fit for a release once somebody has read the warnings below and can live with them.",
    ),
    Verdict.FAIL: Headline(
        word="FAIL",
        mark="✗",
        tone=Tone.BAD,
        meaning="Do not deploy.",
        remark=_NOT_VALID,
    ),
    Verdict.PARTIAL: Headline(
        word="PARTIAL",
        mark="…",
        tone=Tone.NEUTRAL,
        meaning="It was ended early, so it says nothing about a release, whatever it saw.",
        remark=_NOT_VALID,
    ),
}

_REHEARSED = {
    Verdict.PASS: "Every promise was kept, for as long as this rehearsal lasted.",
    Verdict.CONDITIONAL_PASS: "A rehearsal that kept its promises, with the warnings below.",
}

_WEIGHTS = {
    Weight.FAILS: ("Fails:", Tone.BAD),
    Weight.CONDITIONAL: ("Warning:", Tone.WARNING),
    Weight.NOTE: ("Note:", Tone.NEUTRAL),
}


def content_of(material: Material) -> dict[str, Any]:
    """Give what the templates show, by the names that they use."""
    session, judgement, checks = material.session, material.judgement, material.checks
    comparison, gaps, ended_at = material.comparison, material.gaps, material.ended_at
    shown = (session.started_at, ended_at)
    plots = plots_of(checks, session.plan, shown, gaps)
    return {
        "title": f"Burn-in {outside(session.id)}",
        "headline": _headline(judgement),
        "summary": _summary(session, judgement, ended_at),
        "reasons": _reasons(judgement),
        "figures": tables.figures(judgement.figures),
        "trends": tables.trends(judgement.drifts),
        "leak": outside(judgement.leak.reason) if judgement.leak else "",
        "failures": tables.failures(material.failures),
        "no_failures": "No check failed." if checks else "There was no check that could fail.",
        "interruptions": _interruptions(session, judgement, ended_at),
        "gaps": tables.gaps(judgement.gaps),
        "strips": strips_of(checks, session.plan, shown, gaps) if checks else [],
        "plots": plots,
        "never_measured": ", ".join(never_measured(plots)),
        "comparison_with": _comparison_with(comparison, judgement),
        "comparison_remark": outside(comparison.remark),
        "comparison": tables.comparison(comparison.changes),
        "facts": _facts(session, material.target, ended_at),
        "start": moment(session.started_at),
        "end": moment(ended_at),
    }


def _headline(judgement: Judgement) -> Headline:
    said = HEADLINES[judgement.verdict]
    if judgement.is_rehearsal and judgement.verdict in _REHEARSED:
        return replace(said, meaning=_REHEARSED[judgement.verdict], remark=_NOT_VALID)
    return said


def _summary(session: Session, judgement: Judgement, ended_at: datetime) -> str:
    percent = session.plan.thresholds.pass_percent
    succeeded = f"{quantity(judgement.success_rate, '%', beside=percent)} of them successful"
    taken = counted(judgement.checks, "check") if judgement.checks else "no check"
    return (
        f"{taken[0].upper()}{taken[1:]} of {judgement.expected_checks:,} expected"
        f"{f', {succeeded}' if judgement.success_rate is not None else ''}, "
        f"in {span(ended_at - session.started_at)} until {moment(ended_at)}."
    )


def _reasons(judgement: Judgement) -> list[dict[str, str]]:
    order = list(_WEIGHTS)
    return [
        {"weight": _WEIGHTS[reason.weight][0], "tone": _WEIGHTS[reason.weight][1], "text": outside(reason.text)}
        for reason in sorted(judgement.reasons, key=lambda reason: order.index(reason.weight))
    ]


def _interruptions(session: Session, judgement: Judgement, ended_at: datetime) -> list[str]:
    said = []
    if session.takeovers:
        times = counted(session.takeovers, "time")
        said.append(f"The process that worked on it died and another took over, {times}.")
    else:
        said.append("One process worked on it, without a crash.")
    if session.paused_seconds:
        paused = span(timedelta(seconds=session.paused_seconds))
        said.append(f"It stood still for {paused} before it was resumed; its end moved by as much.")
    if judgement.gaps:
        missed = counted(sum(gap.missed for gap in judgement.gaps), "check")
        said.append(f"{missed} missed in {counted(len(judgement.gaps), 'gap')}; what happened then, nobody saw.")
    elif judgement.checks:
        said.append("No gap between checks.")
    if ended_at < session.target_end_at - session.plan.interval:
        said.append(f"It ended {span(session.target_end_at - ended_at)} before it should have.")
    return said


def _comparison_with(comparison: Comparison, judgement: Judgement) -> str:
    if comparison.earlier is None:
        return ""
    session = comparison.earlier.session
    plan = _plan_text(timedelta(seconds=session.duration_seconds), timedelta(seconds=session.interval_seconds))
    return (
        f"Before: {comparison.earlier.verdict}, burn-in {outside(session.id)} of {moment(session.started_at)}, {plan}, "
        f"{counted(comparison.earlier.checks_taken, 'check')}. Now: {judgement.verdict}."
    )


def _facts(session: Session, target: str, ended_at: datetime) -> Table:
    rows = [
        ("id", session.id),
        *([("target", target)] if target else []),
        ("plan", _plan_text(session.plan.duration, session.plan.interval)),
        ("thresholds", _thresholds_text(session.plan)),
        ("began", moment(session.started_at)),
        ("ended", moment(ended_at)),
        ("was to end", moment(session.target_end_at)),
        ("launched by", session.launched_by),
        *([("Dagster run", session.run_id)] if session.run_id else []),
    ]
    return Table(columns=("what", "value"), rows=[Row(cells=(name, outside(value))) for name, value in rows])


def _plan_text(duration: timedelta, interval: timedelta) -> str:
    return f"{span(duration)}, a check every {span(interval)}"


def _thresholds_text(plan: Plan) -> str:
    limits = plan.thresholds
    return (
        f"Redis latency {quantity(limits.redis_latency_ms, 'ms')}, AI caches "
        f"{quantity(limits.cache_utilization_percent, '%')}, memory "
        f"{quantity(limits.memory_growth_mb, 'MB')} per 24 h, {limits.failed_jobs:,} failed jobs, success "
        f"{quantity(limits.pass_percent, '%')} or {quantity(limits.conditional_percent, '%')} with conditions"
    )
