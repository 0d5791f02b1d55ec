"""Whether a job's retries follow its policy: how many, and how long apart.

Belongs here: holding the runs that a worker wrote down against attempts and backoff. Not here: crashes (`jobs.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from maxbooster_ops.readiness.chaos.action import action
from maxbooster_ops.readiness.chaos.actions import bullmq_jobs, workers
from maxbooster_ops.readiness.chaos.actions.reaching import ids_of, queue_of, redis_of
from maxbooster_ops.readiness.chaos.drill import Drill, ExpectationError

_EARLY_MS = 50.0
"""Clocks of Redis's time-outs and of a worker differ by some ms."""


@action("retries.settle")
def settle(drill: Drill, *, jobs: str = "jobs", seconds: float = 60) -> str:
    """Wait until every job has ended: failed for good, or completed."""

    def ended() -> dict[str, str] | None:
        workers.must_run(drill)
        with redis_of(drill) as client:
            found = bullmq_jobs.states(client, queue_of(drill), ids_of(drill, jobs))
        return found if set(found.values()) <= {"completed", "failed"} else None

    found = drill.wait_for(ended, seconds=seconds, what=f"the end of all {jobs} jobs")
    return ", ".join(sorted(found.values()))


@action("retries.attempts")
def attempts(drill: Drill, expected: int, *, jobs: str = "jobs") -> bool:
    """Hold the attempts of every job against its policy: begun by a worker, and counted by BullMQ (atm)."""
    for job, began in _attempts(drill, jobs).items():
        with redis_of(drill) as client:
            _, made, _ = bullmq_jobs.counters(client, queue_of(drill), job)
        if len(began) != expected or made != expected:
            raise ExpectationError(
                f"Job {job} was to be tried exactly {expected} times, and was tried {len(began)} times "
                f"(BullMQ counts {made})."
            )
    return True


@action("retries.backoff")
def backoff(
    drill: Drill, delay_ms: float, *, jobs: str = "jobs", kind: str = "exponential", slack_ms: float = 1500
) -> bool:
    """Hold the time between attempts against the backoff: never sooner, and put off by at most `slack_ms` more.

    Exponential: `delay_ms`, then twice as long each time. When a worker gets to a job that is due tells of how busy it
    and its machine are, so what is held from above is when BullMQ let the job be due.
    """
    for job, began in _attempts(drill, jobs).items():
        gaps = [later - sooner for sooner, later in pairwise(began)]
        if not gaps:
            raise ExpectationError(f"Job {job} was never tried again, so its backoff was not applied.")
        wanted = [delay_ms * (2**number if kind == "exponential" else 1) for number in range(len(gaps))]
        said = f"waited {_listed(gaps)}; its {kind} backoff of {delay_ms:g} ms says {_listed(wanted)}"
        drill.note(f"Job {job} {said}")
        for gap, want in zip(gaps, wanted, strict=True):
            if gap < want - _EARLY_MS:
                raise ExpectationError(f"Job {job} {said}.")
        _hold_due(drill, job, wanted, slack_ms)
    return True


def _hold_due(drill: Drill, job: str, wanted: Sequence[float], slack_ms: float) -> None:
    with redis_of(drill) as client:
        found = bullmq_jobs.put_off_ms(client, queue_of(drill), job)
    if len(found) != len(wanted) or any(off > want + slack_ms for off, want in zip(found, wanted, strict=True)):
        raise ExpectationError(
            f"Job {job} was put off for {_listed(found)}; its backoff says {_listed(wanted)}, and up to "
            f"{slack_ms:g} ms more."
        )


def _attempts(drill: Drill, jobs: str) -> dict[str, list[float]]:
    """Give when each job's attempts began, in ms; the work itself takes no time."""
    with redis_of(drill) as client:
        written = bullmq_jobs.runs(client, queue_of(drill))
    return {
        job: [run.at_ms for run in written if run.job == job and run.what == "began"] for job in ids_of(drill, jobs)
    }


def _listed(times_ms: Sequence[float]) -> str:
    return ", ".join(f"{time_ms:.0f}" for time_ms in times_ms) + " ms"
