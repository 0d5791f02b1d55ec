"""The queue of a scenario: its own, named after the drill, removed at its end.

Belongs here: opening and removing it. Not here: its jobs (`jobs.py`).
"""

from __future__ import annotations

from maxbooster_ops.readiness.chaos.action import action
from maxbooster_ops.readiness.chaos.actions.reaching import queue_of
from maxbooster_ops.readiness.chaos.drill import Drill


@action("queues.open")
def open_queue(drill: Drill) -> str:
    """Open a queue of the scenario's own; the ledger removes it, whatever happens."""
    name = f"drill-{drill.id}-{drill.scenario}"
    drill.scratch["queue_fault"] = drill.inject("drill-queue", target=drill.target.name, queue=name)
    drill.scratch["queue"] = name
    return name


@action("queues.remove")
def remove_queue(drill: Drill) -> None:
    """Remove the scenario's queue with all of its jobs; its workers must have ended."""
    if "queue_fault" in drill.scratch:
        queue_of(drill)
        drill.roll_back(drill.scratch["queue_fault"])
