"""What a burn-in under fire left, held against what was done to it.

Belongs here: the audit. Not here: the kills (`burn_in_kills.py`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from maxbooster_ops.readiness.burn_in.session import Session, SessionStatus
from maxbooster_ops.readiness.report.files import ENDINGS, report_file
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.lake import open_lake
from support.burn_in_kills import BurnInDrill

_MARGIN = timedelta(seconds=10)
"""A new process opens the lake for the first time after its first check; the next one may be late by that."""


@dataclass
class Audit:
    """What was found; `faults` is empty where all is as promised."""

    drill: BurnInDrill
    session: Session
    faults: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        yield from self.said
        yield from (f"   FAULT  {fault}" for fault in self.faults)


def audit_burn_in(drill: BurnInDrill, session: Session) -> Audit:
    """Look at lake, state, reports and Dagster's runs."""
    audit = Audit(drill=drill, session=session)
    with open_lake(Home(root=drill.root), read_only=True) as lake:
        rows = lake.query(
            f"SELECT number, due, ts FROM burn_in_checks WHERE session_id = '{session.id}' ORDER BY number"
        )
        results = lake.query(f"SELECT verdict FROM drill_results WHERE drill_id = '{session.id}'")
    _checks(audit, [row["number"] for row in rows], [row["ts"] for row in rows])
    _gaps(audit, [row["due"] for row in rows])
    _owners(audit)
    _ending(audit, [row["verdict"] for row in results])
    _runs(audit)
    return audit


def _checks(audit: Audit, numbers: list[int], taken: list[datetime]) -> None:
    audit.said.append(f"{len(numbers):>8}  checks in the lake; {audit.session.checks_done} in the session")
    if numbers != list(range(1, audit.session.checks_done + 1)):
        audit.faults.append(f"numbers are not 1 to {audit.session.checks_done}: {numbers}")
    if taken != sorted(taken):
        audit.faults.append("a later number was taken earlier")
    if audit.session.unstored:
        audit.faults.append(f"{len(audit.session.unstored)} checks never came to the lake")


def _gaps(audit: Audit, dues: list[datetime]) -> None:
    """Every check that is missing was due while a kill was being got over."""
    interval = audit.session.plan.interval
    taken = set(dues)
    grid = _grid(audit.session.started_at, audit.session.target_end_at + interval / 2, interval)
    missed = [due for due in grid if due not in taken]
    expected = audit.session.plan.expected_checks
    audit.said.append(f"{len(missed):>8}  checks missed of {expected}")
    kills = audit.drill.kills
    for due in missed:
        if not any(
            kill.at - interval <= due <= (kill.working_again_at or due) + _MARGIN
            for kill in kills  # a check in the making dies too
        ):
            audit.faults.append(f"the check due at {due:%H:%M:%S} is missing, and nothing was killed then")
    if len(dues) + len(missed) != expected:
        audit.faults.append(f"{len(dues)} taken and {len(missed)} missed are not {expected}")


def _grid(start: datetime, end: datetime, step: timedelta) -> Iterator[datetime]:
    while start < end:
        yield start
        start += step


def _owners(audit: Audit) -> None:
    drill = audit.drill
    audit.said.append(f"{len(drill.owners):>8}  owners, one after the other; {audit.session.takeovers} takeovers")
    audit.faults += [
        f"at {owner.seen_at:%H:%M:%S} process {owner.pid} took it up while the one before lived"
        for owner in drill.owners
        if owner.predecessor_lived
    ]
    for kill in drill.kills:
        seconds = (kill.working_again_at - kill.at).total_seconds() if kill.working_again_at else None
        if seconds is None:
            audit.faults.append(f"never worked again after {kill.what} was killed at {kill.at:%H:%M:%S}")
        else:
            down = f", of which {kill.start_again_after_s:.0f} s nothing ran" if kill.start_again_after_s else ""
            audit.said.append(f"{seconds:>8.1f}  s until the next check after {kill.what} was killed{down}")
    for number, what in enumerate(("resident", "its share of what processes share, and its own")):
        seen = sorted(sample[number] for sample in drill.memory_mb)
        audit.said.append(f"{seen[len(seen) // 2]:>8.0f}  MB {what}, median; {seen[-1]:.0f} MB at most")


def _ending(audit: Audit, verdicts: list[str]) -> None:
    session = audit.session
    audit.said.append(f"          session {session.status}, verdict {session.verdict}, report {session.report}")
    if session.status is not SessionStatus.FINISHED:
        audit.faults.append("it did not come to its end")
    if len(verdicts) != 1:
        audit.faults.append(f"results in the lake: {verdicts}")
    if not session.report:
        audit.faults.append("there is no report")
        return
    files = [report_file(audit.drill.root / session.report, ending) for ending in ENDINGS]
    audit.faults += [f"{file} is missing" for file in files if not file.is_file()]


def _runs(audit: Audit) -> None:
    statuses = Counter(run["status"] for run in audit.drill.up.runs("burn_in"))
    audit.said.append(f"          runs {dict(statuses)}")
    if set(statuses) - {"SUCCESS", "FAILURE"} or statuses["SUCCESS"] != 1:
        audit.faults.append(f"runs that are not one success after failures: {dict(statuses)}")
