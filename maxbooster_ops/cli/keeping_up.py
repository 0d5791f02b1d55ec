"""Keeping what `up` started running: what ends by itself is started again, a few times.

Belongs here: the restarts. Not here: what is started first (`up.py`) or how (`dagster_services.py`, the sandbox).
"""

from __future__ import annotations

import time
from collections import Counter

from maxbooster_ops.cli.dagster_services import DagsterServices
from maxbooster_ops.cli.output import errors
from maxbooster_ops.processes import Service, Supervisor

_MOST_RESTARTS = 5

_FORGIVEN_AFTER_SECONDS = 600.0
"""Who ran for so long works; else a program that dies once a month would end `up` within half a year."""


class Keeper:
    """Starts again what ended: Dagster's programs and those of the sandbox, each at most five times in a row.

    A program that ran for `forgiven_after_seconds` before it ended begins a new row.
    """

    def __init__(
        self,
        supervisor: Supervisor,
        dagster: DagsterServices,
        *,
        forgiven_after_seconds: float = _FORGIVEN_AFTER_SECONDS,
    ) -> None:
        self._supervisor = supervisor
        self._dagster = dagster
        self._forgiven_after_seconds = forgiven_after_seconds
        self._restarts: Counter[str] = Counter()

    def restart_ended(self) -> None:
        """Look once. Raises `ProcessError` when one of Dagster's programs ends for the sixth time in a row.

        A program of the sandbox that keeps ending is left alone and said: the watching goes on, and will see it.
        """
        for service in self._supervisor.ended():
            self._supervisor.forget(service)
            if time.time() - service.identity.created >= self._forgiven_after_seconds:
                self._restarts[service.name] = 0
            self._restarts[service.name] += 1
            if self._restarts[service.name] <= _MOST_RESTARTS:
                errors.print(
                    f"{service.name} ended (exit code {service.exit_code}) and is started again.", style="yellow"
                )
                self._start_again(service)
            elif service.name in self._dagster:
                raise service.failure()
            else:
                errors.print(
                    f"{service.failure()}\nIt is not started again; everything else goes on.", style="red", markup=False
                )

    def _start_again(self, service: Service) -> None:
        if service.name in self._dagster:
            self._dagster.start_again(service.name)
        else:
            self._supervisor.start(service.name, service.argv)
