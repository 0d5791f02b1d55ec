"""Counting dead letters and stuck jobs into the lake, and noting which breakers are open, for plots and alert rules.

Belongs here: what is counted at a look. Not here: what is too much (`alerting/rules/dead_letters.yaml`).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from redis import Redis

from maxbooster_ops.dead_letters.letter import LetterState
from maxbooster_ops.dead_letters.letter_store import counts, oldest_open
from maxbooster_ops.dead_letters.stuck import StuckJob, stuck_jobs
from maxbooster_ops.jobs.breaker import BreakerState
from maxbooster_ops.jobs.breaker_store import BreakerStore
from maxbooster_ops.jobs.policies import Policies
from maxbooster_ops.store.beats import beat_id
from maxbooster_ops.store.findings import DeadLetterSample
from maxbooster_ops.store.lake import Lake
from maxbooster_ops.store.opening import Store
from maxbooster_ops.store.progress import BREAKERS, Progress, note_progress, progress_of
from maxbooster_ops.store.state import State

_WORK = "dead_letter_counts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What was counted: a sample per queue, the stuck jobs, and the job types whose breaker is or was open."""

    queues: Sequence[DeadLetterSample]
    stuck: Sequence[StuckJob]
    held: Sequence[str]


def count(store: Store, client: Redis, policies: Policies, now: datetime) -> Counted:
    """Count everything at `now`; where there is nothing to count, nothing is written."""
    before = progress_of(store.state, _WORK)
    known = before.detail if before else {}
    stuck = stuck_jobs(store.lake, client, policies, now)
    was_stuck = [(prefix, queue) for prefix, queue in known.get("stuck", [])]
    queues = list(_queue_samples(store.state, stuck, was_stuck, now))
    if queues:
        _write(store.lake, queues, now)
    are_stuck = [list(queue) for queue in sorted({(one.job.prefix, one.job.queue) for one in stuck})]
    if are_stuck != known.get("stuck", []):
        note_progress(store.state, _WORK, Progress(ts=now, detail={"stuck": are_stuck}))
    return Counted(queues=queues, stuck=stuck, held=_note_breakers(store.state, BreakerStore(client), now))


def _queue_samples(
    state: State, stuck: Sequence[StuckJob], was_stuck: Sequence[tuple[str, str]], now: datetime
) -> Iterator[DeadLetterSample]:
    with state.reading() as connection:
        letters, oldest = counts(connection), oldest_open(connection)
    by_state: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for prefix, queue, name, letters_of_it in letters:
        by_state[prefix, queue][name] += letters_of_it
    jobs = Counter((one.job.prefix, one.job.queue) for one in stuck)
    for prefix, queue in sorted({*by_state, *jobs, *was_stuck}):  # one that is stuck no more says so once: 0
        number = by_state[prefix, queue]
        first = oldest.get((prefix, queue))
        yield DeadLetterSample(
            ts=now,
            prefix=prefix,
            queue=queue,
            pending=number[LetterState.PENDING],
            retrying=number[LetterState.RETRYING],
            parked=number[LetterState.PARKED],
            recovered=number[LetterState.RECOVERED],
            discarded=number[LetterState.DISCARDED],
            oldest_open_seconds=(now - first).total_seconds() if first else None,
            stuck=jobs[prefix, queue],
        )


def _write(lake: Lake, samples: Sequence[DeadLetterSample], now: datetime) -> None:
    lake.write(lambda transaction: transaction.insert(samples, batch_id=beat_id(now, kind="dead-letters")))


def _note_breakers(state: State, breakers: BreakerStore, now: datetime) -> list[str]:
    """Note every breaker that ever opened, and give those that are open; one that opened since the last look is, too.

    It may be closed again: people are told of that as well. The record of transitions tells which breakers there are,
    since to search Redis for them would take as long as it has keys.
    """
    before = progress_of(state, BREAKERS)
    was_open: dict[str, bool] = before.detail["open"] if before else {}
    after = str(before.detail["transition"]) if before else "0"
    transitions = breakers.transitions(after)
    opened = {one.job for one in transitions if one.transition.after is BreakerState.OPEN}
    known = {**was_open, **{one.job: True for one in transitions}}
    is_open = {
        job: job in opened or (maybe and breakers.look(job)[0].state is not BreakerState.CLOSED)
        for job, maybe in known.items()
    }
    if known:
        newest = transitions[-1].id if transitions else after
        note_progress(state, BREAKERS, Progress(ts=now, detail={"transition": newest, "open": is_open}))
    return sorted(job for job, held in is_open.items() if held)
