"""The ledger of faults: what was put in on purpose, written down before it is done, until it is verified to be gone.

Belongs here: the order of writing and doing, and taking back what is open. Not here: any one fault (`faults/`), and
who may take back when: that needs the drill's lock (`drilling.py`).
"""

from __future__ import annotations

import json
import secrets as tokens
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from maxbooster_ops.errors import DrillError, MaxboosterError, redact
from maxbooster_ops.processes.family import Identity
from maxbooster_ops.readiness.chaos.fault import Details, Fault, Secrets, TargetGoneError
from maxbooster_ops.store.drill_tables import faults
from maxbooster_ops.store.state import State


class FaultState(StrEnum):
    """Stuck: taking it back was tried and failed; every start tries again."""

    PLANNED = "planned"
    INJECTED = "injected"
    ROLLED_BACK = "rolled_back"
    STUCK = "stuck"


OPEN = (FaultState.PLANNED, FaultState.INJECTED, FaultState.STUCK)


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """One fault as the ledger has it."""

    id: str
    drill_id: str
    scenario: str
    kind: str
    target: str
    details: Details
    state: FaultState
    planned_at: datetime
    rollbacks: int
    problem: str | None

    def __str__(self) -> str:
        problem = f": {self.problem}" if self.problem else ""
        return f"{self.kind} in {self.target} (fault {self.id} of {self.scenario}, drill {self.drill_id}){problem}"


class Ledger:
    """The faults of one home. `told` hears of each change right after it is written."""

    def __init__(
        self,
        state: State,
        kinds: Mapping[str, Fault],
        secrets: Secrets,
        *,
        clock: Callable[[], datetime],
        told: Callable[[str, Written], None] = lambda _, __: None,
    ) -> None:
        self._state = state
        self._kinds = kinds
        self._secrets = secrets
        self._clock = clock
        self._told = told

    def inject(self, drill_id: str, scenario: str, kind: str, *, target: str, details: Details) -> str:
        """Write down, put in, confirm; what fails half-way stays open, to be taken back."""
        fault = self._kind(kind)
        fault_id = f"f-{tokens.token_hex(4)}"
        self._plan(fault_id, drill_id, scenario, kind, target, _written(details))
        fault.inject(details, self._secrets)
        self._change(fault_id, state=FaultState.INJECTED, injected_at=self._clock())
        return fault_id

    def roll_back(self, fault_id: str) -> Written:
        """Take one fault back and verify it; one that is gone already is left alone. Tells what it is now."""
        written = self.find(fault_id)
        if written.state not in OPEN:
            return written
        self._change(fault_id, rollbacks=written.rollbacks + 1, quietly=True)
        problem = self._problem_of_taking_back(written)
        if problem is None:
            return self._change(fault_id, state=FaultState.ROLLED_BACK, rolled_back_at=self._clock(), problem=None)
        return self._change(fault_id, state=FaultState.STUCK, problem=problem)

    def roll_back_open(self, *, drill_id: str | None = None, scenario: str | None = None) -> Sequence[Written]:
        """Take back every open fault, or those of a drill or scenario, the last one first; tell what each is now."""
        return [self.roll_back(written.id) for written in self.open(drill_id=drill_id, scenario=scenario)]

    def forget(self, fault_id: str) -> Written:
        """Call a fault gone because a person says so; the problem that it had stays written down."""
        written = self.find(fault_id)
        if written.state not in OPEN:
            return written
        said = f"taken back by hand; before that: {written.problem or 'nothing known'}"
        return self._change(fault_id, state=FaultState.ROLLED_BACK, rolled_back_at=self._clock(), problem=said)

    def open(self, *, drill_id: str | None = None, scenario: str | None = None) -> Sequence[Written]:
        """Give the faults that are not known to be gone, the newest first."""
        query = (
            sa.select(faults)
            .where(faults.c.state.in_(OPEN))
            .order_by(faults.c.planned_at.desc(), sa.text("rowid DESC"))
        )
        for column, value in ((faults.c.drill_id, drill_id), (faults.c.scenario, scenario)):
            query = query if value is None else query.where(column == value)
        with self._state.reading() as connection:
            return [_row(row) for row in connection.execute(query).mappings()]

    def find(self, fault_id: str) -> Written:
        """Give one fault."""
        with self._state.reading() as connection:
            row = connection.execute(sa.select(faults).where(faults.c.id == fault_id)).mappings().one_or_none()
        if row is None:
            raise DrillError(f"There is no fault {fault_id} in the ledger.")
        return _row(row)

    def _kind(self, kind: str) -> Fault:
        if kind not in self._kinds:
            raise DrillError(
                f"`{kind}` is no kind of fault that this release knows ({', '.join(sorted(self._kinds))})."
            )
        return self._kinds[kind]

    def _plan(self, fault_id: str, drill_id: str, scenario: str, kind: str, target: str, details: str) -> None:
        owner = Identity.own()
        row = {
            "id": fault_id,
            "drill_id": drill_id,
            "scenario": scenario,
            "kind": kind,
            "target": target,
            "details": details,
            "state": FaultState.PLANNED,
            "planned_at": self._clock(),
            "owner_pid": owner.pid,
            "owner_created": owner.created,
            "owner_host": socket.gethostname(),
            "rollbacks": 0,
        }
        with self._state.writing() as connection:
            connection.execute(sa.insert(faults).values(row))
        self._told("written down", self.find(fault_id))

    def _change(self, fault_id: str, *, quietly: bool = False, **values: Any) -> Written:
        with self._state.writing() as connection:
            connection.execute(sa.update(faults).where(faults.c.id == fault_id).values(values))
        written = self.find(fault_id)
        if not quietly:
            self._told(_SAID[written.state], written)
        return written

    def _problem_of_taking_back(self, written: Written) -> str | None:
        try:
            fault = self._kind(written.kind)
            fault.roll_back(written.details, self._secrets)
            if fault.is_gone(written.details, self._secrets):
                return None
        except TargetGoneError:
            return None
        except MaxboosterError as error:
            return str(error)
        except Exception as error:  # noqa: BLE001 -- one fault that cannot be taken back must not keep the others in
            return redact(f"{type(error).__name__}: {error}")
        return "it was taken back, and is still there"


_SAID = {
    FaultState.PLANNED: "written down",
    FaultState.INJECTED: "put in",
    FaultState.ROLLED_BACK: "taken back",
    FaultState.STUCK: "cannot be taken back",
}


def _written(details: Details) -> str:
    text = json.dumps(dict(details), allow_nan=False)
    if redact(text) != text:
        raise DrillError("The details of a fault hold a secret, and the ledger is read by people: name it instead.")
    return text


def _row(row: sa.RowMapping) -> Written:
    return Written(
        id=row["id"],
        drill_id=row["drill_id"],
        scenario=row["scenario"],
        kind=row["kind"],
        target=row["target"],
        details=json.loads(row["details"]),
        state=FaultState(row["state"]),
        planned_at=row["planned_at"],
        rollbacks=row["rollbacks"],
        problem=row["problem"],
    )
