"""Jobs of a scenario: adding them, waiting for them, and whether each was done as it had to be.

Belongs here: what must hold of jobs through a crash. Not here: retries (`retries.py`), or how a job stands in Redis
(`bullmq_jobs.py`).
"""

from __future__ import annotations

from collections import Counter

import redis

from maxbooster_ops.readiness.chaos.action import action
from maxbooster_ops.readiness.chaos.actions import bullmq_jobs, workers
from maxbooster_ops.readiness.chaos.actions.bullmq_jobs import LOST, Planned
from maxbooster_ops.readiness.chaos.actions.reaching import ids_of, queue_of, redis_of, url_of
from maxbooster_ops.readiness.chaos.drill import Drill, ExpectationError


@action("jobs.add")
def add(  # noqa: PLR0913 -- a scenario says what it needs by name, and the defaults are a plain job
    drill: Drill,
    count: int,
    *,
    jobs: str = "jobs",
    work_ms: int = 0,
    delay_ms: int = 0,
    spread_ms: int = 0,
    priority: int = 0,
    attempts: int = 1,
    backoff: str = "fixed",
    backoff_ms: int = 1000,
    fail_attempts: int = 0,
) -> int:
    """Add jobs, kept in mind as `jobs`: each takes `work_ms` and fails its first `fail_attempts` attempts.

    They are scheduled from `delay_ms` on, evenly over `spread_ms`.
    """
    options = {
        "attempts": attempts,
        "backoff": {"type": backoff, "delay": backoff_ms},
        **({"priority": priority} if priority else {}),
    }
    data = {"workMs": work_ms, "failAttempts": fail_attempts}
    delays = [delay_ms + spread_ms * number // count for number in range(count)]
    planned = [Planned(data=data, options={**options, **({"delay": delay} if delay else {})}) for delay in delays]
    ids = bullmq_jobs.add(url_of(drill), queue_of(drill), planned)
    drill.scratch.setdefault(jobs, []).extend(ids)
    return len(ids)


@action("jobs.refused")
def refused(drill: Drill) -> str:
    """Try to add one more job, and give the reason why Redis refused it; nothing where it was taken."""
    try:
        bullmq_jobs.add(url_of(drill), queue_of(drill), [Planned(data={}, options={"attempts": 1})])
    except redis.RedisError as error:
        return str(error)
    return ""


@action("jobs.wait")
def wait_until(drill: Drill, state: str, at_least: int, *, jobs: str = "jobs", seconds: float = 60) -> int:
    """Wait until that many jobs are in a state, such as wait, active, delayed, completed or failed."""

    def enough() -> int | None:
        workers.must_run(drill)
        return found if (found := in_state(drill, state, jobs=jobs)) >= at_least else None

    return drill.wait_for(enough, seconds=seconds, what=f"{at_least} jobs that are {state}")


@action("jobs.in_state")
def in_state(drill: Drill, state: str, *, jobs: str = "jobs") -> int:
    """Count the jobs in a state."""
    with redis_of(drill) as client:
        return sum(
            found == state for found in bullmq_jobs.states(client, queue_of(drill), ids_of(drill, jobs)).values()
        )


@action("jobs.none_lost")
def none_lost(drill: Drill, *, jobs: str = "jobs") -> bool:
    """Find every job in some state."""
    with redis_of(drill) as client:
        found = bullmq_jobs.states(client, queue_of(drill), ids_of(drill, jobs))
    if lost := [job for job, state in found.items() if state == LOST]:
        raise ExpectationError(
            f"{len(lost)} of {len(found)} jobs are lost: {', '.join(lost)} are in no state of the queue any more."
        )
    return True


@action("jobs.all_completed")
def all_completed(drill: Drill, *, jobs: str = "jobs", seconds: float = 60) -> bool:
    """Wait until every job is completed, and none is left active."""
    ids = ids_of(drill, jobs)

    def done() -> bool:
        workers.must_run(drill)
        return in_state(drill, "completed", jobs=jobs) == len(ids)

    try:
        drill.wait_for(done, seconds=seconds, what="all jobs to complete")
    except ExpectationError:
        with redis_of(drill) as client:
            found = Counter(bullmq_jobs.states(client, queue_of(drill), ids).values())
        said = ", ".join(f"{number} {state}" for state, number in sorted(found.items()))
        raise ExpectationError(f"Expected {len(ids)} completed jobs within {seconds:g} s, found {said}.") from None
    with redis_of(drill) as client:
        if left := [str(job) for job in client.lrange(f"bull:{queue_of(drill)}:active", 0, -1)]:
            raise ExpectationError(f"All jobs are completed, but {', '.join(left)} are still in the active list.")
    return True


@action("jobs.done_once")
def done_once(drill: Drill, *, jobs: str = "jobs") -> bool:
    """Hold what the workers wrote down against one run a job; who was killed or stalled in a run may run once more."""
    ids, repeated = ids_of(drill, jobs), set(drill.scratch.get("killed", ()))
    with redis_of(drill) as client:
        written = bullmq_jobs.runs(client, queue_of(drill))
    began = Counter(run.job for run in written if run.what == "began")
    done = Counter(run.job for run in written if run.what == "done")
    if undone := [job for job in ids if not done[job]]:
        raise ExpectationError(f"Jobs {', '.join(undone)} are completed, and no worker ever did their work.")
    allowed = {job: 1 + (job in repeated) for job in ids}
    if twice := [job for job in ids if began[job] > allowed[job]]:
        raise ExpectationError(
            f"Jobs {', '.join(twice)} ran {', '.join(str(began[job]) for job in twice)} times; only a job whose worker "
            "was killed in the middle of it may run once more."
        )
    return True


@action("jobs.killed_stalled_once")
def killed_stalled_once(drill: Drill, *, jobs: str = "jobs") -> bool:
    """Hold BullMQ's own counters against what happened: each job that was killed stalled once, no other ever did."""
    killed = set(drill.scratch.get("killed", ()))
    with redis_of(drill) as client:
        queue = queue_of(drill)
        found = {job: bullmq_jobs.counters(client, queue, job) for job in ids_of(drill, jobs)}
        told = Counter(bullmq_jobs.events(client, queue, "stalled"))
    for job, (started, made, stalled) in found.items():
        wanted = int(job in killed)
        if stalled != wanted or told[job] != wanted:
            raise ExpectationError(
                f"Job {job} {'was' if wanted else 'was not'} killed: expected {wanted} stall, found {stalled} counted "
                f"(stc) and {told[job]} in the event stream."
            )
        if started != made + stalled:
            raise ExpectationError(
                f"Job {job} started {started} times (ats), but ended {made} (atm) and stalled {stalled} times (stc): "
                "a run is missing."
            )
    return True
