"""Burn-ins as Dagster shows them: an observation a check, a materialization a report, the verdict as an asset check.

Belongs here: the translation into Dagster's events. Not here: when they are recorded (`burn_in.py`), the verdict, the
report's text.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

import dagster as dg

from maxbooster_ops.markdown import bullets
from maxbooster_ops.readiness.burn_in.judgement import Judgement
from maxbooster_ops.readiness.burn_in.part_names import PARTS
from maxbooster_ops.readiness.burn_in.reporting import Reported
from maxbooster_ops.readiness.report.files import report_file
from maxbooster_ops.store.findings import BurnInCheck

CHECKS, REPORT, FIT = "burn_in_checks", "burn_in_report", "fit_for_release"

_FIRST = ("redis_latency_ms", "health_latency_ms", "memory_mb", "waiting", "failed_delta")
_SHOWN = 20


def observation(check: BurnInCheck, expected: int) -> dg.AssetObservation:
    """Show one check: in a few words, then its numbers, which plot, then each part; what nobody knows is left out.

    The page of a run shows the first lines of an observation.
    """
    found = "; ".join(check.problems[:_SHOWN]) or "all parts are fine"
    said = f"{check.number} of {expected}: {found}"
    numbers = _numbers(check)
    first = {name: numbers[name] for name in _FIRST if name in numbers}
    metadata: dict[str, dg.MetadataValue | str | float] = {
        "check": said,
        **first,
        "ok": int(check.ok),
        "number": check.number,
        **numbers,
        **{part: getattr(check, part) for part in PARTS},
        "taken_at": dg.MetadataValue.timestamp(check.ts),
    }
    if len(check.problems) > 1:
        metadata["problems"] = dg.MetadataValue.md(bullets(check.problems[:_SHOWN]))
    return dg.AssetObservation(CHECKS, description=f"Check {said}", metadata=metadata)


def report_events(reported: Reported) -> Iterator[dg.AssetMaterialization | dg.AssetCheckEvaluation]:
    """Show a report, and whether a release may rest on it where it says anything about that."""
    yield _materialization(reported)
    if reported.judgement.speaks_of_release:
        yield _fit_for_release(reported.judgement)


def _materialization(reported: Reported) -> dg.AssetMaterialization:
    """Show the whole report as Markdown, the verdict, and figures that plot from burn-in to burn-in."""
    judgement = reported.judgement
    numbers = {
        "success_rate": judgement.success_rate,
        "coverage": judgement.coverage,
        "memory_growth_mb": judgement.memory_growth_mb,
        "memory_growth_mb_per_day": judgement.memory_growth_mb_per_day,
        "redis_latency_avg_ms": judgement.redis_latency_avg_ms,
        "failed_jobs": judgement.failed_jobs,
    }
    return dg.AssetMaterialization(
        REPORT,
        description=f"{judgement.verdict}: {_why(judgement)}",
        metadata={
            "verdict": judgement.verdict.value,
            "reasons": dg.MetadataValue.md(bullets(reason.text for reason in judgement.reasons)),
            "valid_for_release": judgement.valid_for_release,
            "checks": judgement.checks,
            "expected_checks": judgement.expected_checks,
            "gaps": len(judgement.gaps),
            **{name: round(value, 3) for name, value in numbers.items() if value is not None},
            "session": reported.session.id,
            "report": dg.MetadataValue.md(report_file(reported.report, ".md").read_text(encoding="utf-8")),
            "html": dg.MetadataValue.path(report_file(reported.report, ".html")),
            "json": dg.MetadataValue.path(report_file(reported.report, ".json")),
        },
    )


def _fit_for_release(judgement: Judgement) -> dg.AssetCheckEvaluation:
    """Say whether a release may rest on it. A CONDITIONAL PASS does, as a PASS, and says on what condition."""
    return dg.AssetCheckEvaluation(
        asset_key=dg.AssetKey(REPORT),
        check_name=FIT,
        passed=judgement.valid_for_release,
        description=f"{judgement.verdict}: {_why(judgement)}",
        metadata={"verdict": judgement.verdict.value},
    )


def _numbers(check: BurnInCheck) -> dict[str, float]:
    values = {field.name: getattr(check, field.name) for field in fields(check)}
    return {
        name: value if isinstance(value, int) else round(value, 3)
        for name, value in values.items()
        if isinstance(value, int | float) and not isinstance(value, bool) and name != "number"
    }


def _why(judgement: Judgement) -> str:
    return "; ".join(reason.text for reason in judgement.reasons[:_SHOWN]) or "nothing speaks against it"
