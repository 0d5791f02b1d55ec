"""The monthly report: what was promised, what was kept, and on which days the budget went.

Belongs here: one month's figures and their text. Not here: when a report is made (`pipelines/slo.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from maxbooster_ops.errors import UsageError
from maxbooster_ops.markdown import escaped, table
from maxbooster_ops.slo.budget import BUDGET_PERIOD, Budget, spent
from maxbooster_ops.slo.figures import number, percent
from maxbooster_ops.slo.ledger import Ledger, Tally
from maxbooster_ops.slo.maintenance import Maintenance
from maxbooster_ops.slo.objective import Objective
from maxbooster_ops.slo.windows import read_ledgers
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.lake import Lake

_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)

_WORST_DAYS = 10

_WHOLE = 0.999
"""The share of a month that counts as all of it: one missing hour of 720 is more than this leaves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """A calendar month, UTC."""

    start: datetime

    @classmethod
    def parse(cls, text: str) -> Month:
        """Read `2026-11`; raises `UsageError`."""
        try:
            return cls(start=datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC))
        except ValueError as error:
            raise UsageError(f"`{text}` is no month. Expected one such as `2026-11`.") from error

    @classmethod
    def before(cls, now: datetime) -> Month:
        """Give the last month that has ended."""
        return cls(
            start=(now.astimezone(UTC).replace(day=1) - _DAY).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        )

    @property
    def end(self) -> datetime:
        """Where the next one begins."""
        return (self.start + 32 * _DAY).replace(day=1)

    @property
    def length(self) -> timedelta:
        """How long it is, 28 to 31 days."""
        return self.end - self.start

    def __str__(self) -> str:
        return f"{self.start:%Y-%m}"


@dataclass(frozen=True, slots=True, kw_only=True)
class BadDay:
    """A day and what it spent of the budget."""

    day: datetime
    service: str
    objective: str
    spent_minutes: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthOf:
    """One objective over a month; `is_kept` is None where nothing was seen."""

    service: str
    objective: str
    promise: str
    target: float
    sli: float | None
    events: float
    seen_share: float
    budget_minutes: float
    spent_minutes: float | None
    is_kept: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A month of every objective."""

    month: str
    until: datetime
    is_partial: bool
    objectives: Sequence[MonthOf]
    worst_days: Sequence[BadDay]
    maintenance: Sequence[Maintenance]


def report_month(
    lake: Lake, month: Month, objectives: Sequence[Objective], planned: Sequence[Maintenance], *, now: datetime
) -> Report:
    """Compute a month, as far as it has come by `now`, from the stored windows and the maintenance known now.

    Raises `UsageError` for a month that has not begun.
    """
    if month.start > now:
        raise UsageError(f"{month} has not begun. `--report {now.astimezone(UTC):%Y-%m}` reports what is there so far.")
    until = min(month.end, now)
    ledgers = read_ledgers(lake, month.end, planned, span=month.length)
    pairs = [(objective, ledgers.get(objective.key, Ledger())) for objective in objectives]
    months = [_month_of(objective, ledger, month) for objective, ledger in pairs]
    bad = [day for objective, ledger in pairs for day in _bad_days(objective, ledger, month)]
    return Report(
        month=str(month),
        until=until,
        is_partial=until < month.end or any(one.seen_share < _WHOLE for one in months),
        objectives=months,
        worst_days=sorted(bad, key=lambda day: -day.spent_minutes)[:_WORST_DAYS],
        maintenance=[one for one in planned if one.start < month.end and one.end > month.start],
    )


def write_report(home: Home, month: Month, text: str) -> str:
    """Write a report to its file and give the path."""
    home.reports.mkdir(parents=True, exist_ok=True)
    file = home.reports / f"slo-{month}.md"
    file.write_text(text, encoding="utf-8")
    return str(file)


def as_markdown(report: Report) -> str:
    """Give the report as people read it."""
    return "\n\n".join(_paragraphs(report)) + "\n"


def _paragraphs(report: Report) -> Iterator[str]:
    yield f"# Service levels in {report.month}"
    if report.is_partial:
        yield (
            f"**Partial**: not all of the month was seen, up to {report.until:%Y-%m-%d %H:%M} UTC. What was not seen "
            "spends nothing; the column *seen* says how much there is."
        )
    yield _verdict(report.objectives)
    columns = ("service", "objective", "promised", "good", "budget min", "spent min", "events", "seen", "kept")
    yield table(columns, (_cells(one) for one in report.objectives))
    yield (
        "Budgets are minutes of 30 days, and so is what was spent, however long the month is. Minutes are weighted by "
        "their events."
    )
    if report.worst_days:
        yield "## Where the budget went"
        rows = (
            (f"{day.day:%Y-%m-%d}", day.service, day.objective, number(day.spent_minutes)) for day in report.worst_days
        )
        yield table(("day", "service", "objective", "spent min"), rows)
    if report.maintenance:
        yield "## Maintenance that was left out"
        yield table(("from", "to", "services", "why"), (_planned(one) for one in report.maintenance))


def _verdict(objectives: Sequence[MonthOf]) -> str:
    """Say what was missed; what nobody saw was neither kept nor missed."""
    unseen = [one for one in objectives if one.is_kept is None]
    if len(unseen) == len(objectives):
        return "Nothing was seen of any objective: none can be called kept."
    missed = [one for one in objectives if one.is_kept is False]
    verdict = (
        f"{len(missed)} of {len(objectives)} objectives spent more than their budget: {_named(missed)}."
        if missed
        else "No objective spent more than its budget."
    )
    return f"{verdict} Nothing was seen of {_named(unseen)}." if unseen else verdict


def _named(objectives: Sequence[MonthOf]) -> str:
    return ", ".join(f"{escaped(one.service)} {one.objective}" for one in objectives)


def _cells(one: MonthOf) -> tuple[str, ...]:
    return (
        one.service,
        one.objective,
        one.promise,
        percent(one.sli),
        number(one.budget_minutes),
        number(one.spent_minutes),
        number(one.events, 0),
        percent(one.seen_share, 0 if one.seen_share >= 1 else 1),
        {True: "yes", False: "no", None: "no data"}[one.is_kept],
    )


def _planned(one: Maintenance) -> tuple[str, ...]:
    services = ", ".join(sorted(one.services)) if one.services else "all"
    return f"{one.start:%Y-%m-%d %H:%M}", f"{one.end:%Y-%m-%d %H:%M}", services, one.why


def _month_of(objective: Objective, ledger: Ledger, month: Month) -> MonthOf:
    tally = ledger.over(month.length, month.end)
    share = tally.bad_share
    budget: Budget = spent(objective.target, bad_share=share, seen=_of_thirty_days(tally, month))
    return MonthOf(
        service=objective.service,
        objective=objective.promise.value,
        promise=objective.words,
        target=objective.target,
        sli=None if share is None else 1 - share,
        events=tally.weight,
        seen_share=tally.seen / month.length,
        budget_minutes=budget.minutes,
        spent_minutes=budget.spent_minutes,
        is_kept=None if budget.spent_minutes is None else budget.spent_minutes <= budget.minutes,
    )


def _of_thirty_days(tally: Tally, month: Month) -> timedelta:
    """Give what was seen, as a part of the 30 days of the budget: whoever kept 31 days at the target kept it."""
    return tally.seen * (BUDGET_PERIOD / month.length)


def _bad_days(objective: Objective, ledger: Ledger, month: Month) -> Iterator[BadDay]:
    """Give the days that spent anything; together they spend what the month does."""
    tally = ledger.over(month.length, month.end)
    day = month.start
    while tally.weight > 0 and day < month.end:
        bad = ledger.over(_DAY, day + _DAY).bad
        minutes = bad / tally.weight * (_of_thirty_days(tally, month) / _MINUTE)
        if minutes > 0.05:  # noqa: PLR2004 -- less is shown as 0.0
            yield BadDay(day=day, service=objective.service, objective=objective.promise.value, spent_minutes=minutes)
        day += _DAY
