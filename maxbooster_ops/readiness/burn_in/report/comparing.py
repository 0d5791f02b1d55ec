"""The last burn-in beside this one: read from its JSON, compared figure by figure.

Belongs here: finding and reading an earlier report, which may be old or broken. Not here: any verdict.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from maxbooster_ops.readiness.burn_in.judgement import Figure, Judgement, Verdict
from maxbooster_ops.readiness.burn_in.session import Session
from maxbooster_ops.store.home import Home

FORMAT = "maxbooster-ops burn-in report"
VERSION = 1
"""Of the JSON; rises when a field that the comparison reads changes its meaning."""

_CHECKS_BEGIN = b' "checks": ['
"""How the line looks that they begin on (`report/json_text.py`)."""

_LOOKED_AT = 30
"""Reports that are opened at most, the newest first: a comparison is not worth more."""


class _EarlierFigure(BaseModel):
    name: str
    value: float | None
    unit: str


class _EarlierSession(BaseModel):
    id: str
    started_at: AwareDatetime
    duration_seconds: float = Field(gt=0)
    interval_seconds: float = Field(gt=0)


class Earlier(BaseModel):
    """What the comparison needs of an earlier report's JSON; what else is in it does not matter."""

    model_config = ConfigDict(extra="ignore")

    format: Literal["maxbooster-ops burn-in report"]
    version: Literal[1]
    session: _EarlierSession
    verdict: Verdict
    checks_taken: int
    figures: Sequence[_EarlierFigure]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One figure before and now; `percent` is None where before was nothing or zero."""

    name: str
    unit: str
    before: float | None
    now: float | None
    difference: float | None
    percent: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One burn-in beside the last before it, or why there is no comparison (then `earlier` is None)."""

    remark: str
    earlier: Earlier | None = None
    changes: Sequence[Change] = ()


def compared(home: Home, session: Session, judgement: Judgement) -> Comparison:
    """Compare with the newest other burn-in in the home's reports that began before this one and ran to its end.

    Where the newest report cannot be read there is no comparison, rather than one with a burn-in that nobody expects.
    """
    for file in _newest_first(home, session):
        try:
            earlier = Earlier.model_validate_json(_without_checks(file))
        except OSError as error:
            return Comparison(remark=f"No comparison: {file.name} cannot be read ({error.strerror}).")
        except ValidationError as error:
            return Comparison(remark=f"No comparison: {file.name} {_flaw(error)}.")
        if earlier.verdict is not Verdict.PARTIAL and earlier.session.started_at < session.started_at:
            return Comparison(
                remark=_remark(earlier, session), earlier=earlier, changes=_changes(earlier, judgement.figures)
            )
    return Comparison(remark="No comparison: no other burn-in before this one ran to its end.")


def _newest_first(home: Home, session: Session) -> list[Path]:
    own = f"burn-in-{session.id}.json"
    others = (file for file in home.reports.glob("burn-in-*.json") if file.name != own)
    return sorted(others, key=_written_at, reverse=True)[:_LOOKED_AT]


def _written_at(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except OSError:  # somebody removed it just now
        return 0


def _without_checks(file: Path) -> bytes:
    """Read a report up to its last field, the checks: eight megabytes of ten, and nothing to compare.

    One that somebody formatted anew is read as a whole.
    """
    lines: list[bytes] = []
    with file.open("rb") as text:
        for line in text:
            if line.startswith(_CHECKS_BEGIN):
                return b"".join([*lines, b' "checks": []}'])
            lines.append(line)
    return b"".join(lines)


def _flaw(error: ValidationError) -> str:
    first = error.errors()[0]
    if first["type"] == "json_invalid":
        return "is broken"
    field = ".".join(map(str, first["loc"]))
    return f"was written in another form, its `{field}` is not as expected"


def _remark(earlier: Earlier, session: Session) -> str:
    plan, before = session.plan, earlier.session
    if (before.duration_seconds, before.interval_seconds) == (
        plan.duration.total_seconds(),
        plan.interval.total_seconds(),
    ):
        return ""
    return "The two were not equally long or not equally often checked: totals do not compare, only averages do."


def _changes(earlier: Earlier, figures: Sequence[Figure]) -> list[Change]:
    before = {figure.name: figure for figure in earlier.figures}
    return [_change(figure, before.get(figure.name)) for figure in figures]


def _change(figure: Figure, earlier: _EarlierFigure | None) -> Change:
    before = earlier.value if earlier and earlier.unit == figure.unit else None
    difference = None if before is None or figure.value is None else figure.value - before
    return Change(
        name=figure.name,
        unit=figure.unit,
        before=before,
        now=figure.value,
        difference=difference,
        percent=100 * difference / abs(before) if difference is not None and before else None,
    )
