"""Runs that were refused: somebody asked for what cannot begin now. They fail, and nobody is called for it.

Belongs here: how such a run is marked. Not here: what is refused (`readiness/`), or the alert on runs that failed
(`run_outcomes.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from maxbooster_ops.errors import DrillError

_REFUSED_TAG = "maxbooster_ops/refused"
"""On a run that was refused: who launched it reads why, and there is nothing to mend."""


@contextmanager
def marking_refusals(context: dg.OpExecutionContext, kind: type[DrillError] = DrillError) -> Iterator[None]:
    """Mark the run where the block raises an error of this kind, and let the error go on."""
    try:
        yield
    except kind:
        context.instance.add_run_tags(context.run_id, {_REFUSED_TAG: "true"})
        raise


def was_refused(run: dg.DagsterRun) -> bool:
    """Tell whether a run failed only since it was refused."""
    return _REFUSED_TAG in run.tags
