"""Runs that were refused: somebody asked for what cannot be, or not now. They fail, and nobody is called for it.

Belongs here: how such a run is marked. Not here: what is refused (`readiness/`), or the alert on runs that failed
(`run_outcomes.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from maxbooster_ops.errors import RefusedError, UsageError

_REFUSED_TAG = "maxbooster_ops/refused"
"""On a run that was refused: who launched it reads why, and there is nothing to mend."""

_SCHEDULE_TAG = "dagster/schedule_name"
"""Dagster's own, on runs that a schedule has started."""


def is_scheduled(run: dg.DagsterRun) -> bool:
    """Tell whether a schedule asked for the run, and no person."""
    return _SCHEDULE_TAG in run.tags


@contextmanager
def marking_refusals(context: dg.OpExecutionContext | dg.AssetExecutionContext) -> Iterator[None]:
    """Mark the run where the block refuses what a person asked for, and let the refusal go on.

    What a schedule asked for is not marked: nobody waits for the answer, so somebody has to be called.
    """
    try:
        yield
    except (RefusedError, UsageError):
        if not is_scheduled(context.run):
            context.instance.add_run_tags(context.run.run_id, {_REFUSED_TAG: "true"})
        raise


def was_refused(run: dg.DagsterRun) -> bool:
    """Tell whether a run failed only since it was refused."""
    return _REFUSED_TAG in run.tags
