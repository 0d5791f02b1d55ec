"""One reading of all queues of a server: discover, count, read the events, prove them unbroken, ask the jobs.

Belongs here: the order of these steps and what each hands to the next. Not here: any one of them, and what it means that the
server cannot be reached (see `source`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from maxbooster_ops.sources.bullmq.census import Census, take_census
from maxbooster_ops.sources.bullmq.discovery import Discovery, discover
from maxbooster_ops.sources.bullmq.events import Happened, happened
from maxbooster_ops.sources.bullmq.interview import Answers, interview
from maxbooster_ops.sources.bullmq.queue import Queue
from maxbooster_ops.sources.bullmq.remembered import Kept, QueueMemory, bounded
from maxbooster_ops.sources.bullmq.sample import NOTHING_HAPPENED, Deltas, Metrics, queue_sample
from maxbooster_ops.sources.bullmq.stream import Continuity, News, Run, continuity, read_news
from maxbooster_ops.sources.bullmq.wire import Wire
from maxbooster_ops.sources.source import Memory, Moment
from maxbooster_ops.store.facts import QueueJob, QueueSample


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Which queues are read: those under `prefixes`, and of these only those named in `only` where it names any."""

    prefixes: tuple[str, ...]
    only: frozenset[str]

    def __contains__(self, queue: Queue) -> bool:
        return not self.only or queue.name in self.only


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The outcome of a reading. `unfinished` queues have more events than one reading takes."""

    samples: Sequence[QueueSample]
    jobs: Sequence[QueueJob]
    memory: Memory
    unreadable: Mapping[Queue, Exception]
    unfinished: Sequence[Queue]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Story:
    """What the news of one queue mean."""

    before: QueueMemory
    cursor: str
    events: Happened
    is_gap: bool

    def deltas(self, metrics: Metrics | None) -> Deltas:
        return Deltas.told_by_metrics(self.before.metrics, metrics) if self.is_gap else Deltas.told_by(self.events)

    def kept(self, metrics: Metrics | None) -> Kept:
        return replace(self.before, cursor=self.cursor, open_jobs=self.events.open_jobs, metrics=metrics).kept()


def read_queues(wire: Wire, moment: Moment, scope: Scope, counting: Callable[[Queue], bytes]) -> Seen:
    """Read every queue in `scope` once; `counting` encodes the commands that count a queue."""
    known = Discovery.of(moment.memory.get("discovery"), scope.prefixes)
    found = discover(wire, known, at=moment.at.timestamp())
    census = take_census(wire, [queue for queue in found.queues if queue in scope], counting)
    memories = _recalled(moment, census, all_known_at_ms=known.complete_at_ms)
    news = read_news(wire, {queue: memories[queue]["cursor"] for queue in census.counts})
    stories = _stories(wire, news, census, memories)
    answers = interview(wire, {queue: story.events.finished for queue, story in stories.items()}, census, memories)
    return _seen(moment, found, census, memories, news, stories, answers)


def _recalled(moment: Moment, census: Census, *, all_known_at_ms: int | None) -> dict[Queue, Kept]:
    """Give what is remembered of every queue, and a beginning to those seen for the first time.

    The first reading ever looks back one interval. A queue that shows up later was made after the last complete discovery, when
    all queues were known: from then on everything counts.
    """
    looks_back_to_ms = all_known_at_ms or census.now_ms - round(moment.interval_seconds * 1000)
    first_seen = QueueMemory(counted_from_ms=looks_back_to_ms).kept()
    kept = moment.memory.get("queues", {})
    return {queue: kept.get(str(queue), first_seen) for queue in (*census.counts, *census.unreadable)}


def _stories(wire: Wire, news: News, census: Census, memories: Mapping[Queue, Kept]) -> Mapping[Queue, _Story]:
    runs = {
        queue: Run(
            entries=entries,
            before=QueueMemory.of(memories[queue]),
            events_kept=census.counts[queue].events_kept,
        )
        for queue, entries in news.entries.items()
    }
    links = continuity(wire, runs)
    return {queue: _story(run, links[queue]) for queue, run in runs.items()}


def _story(run: Run, link: Continuity) -> _Story:
    """Follow the jobs through a run; those that were open before a break may have ended in it, so they are dropped."""
    open_jobs = run.before.open_jobs if link is Continuity.UNBROKEN else {}
    return _Story(
        before=run.before,
        cursor=run.entries[-1][0].decode(),
        events=happened(run.entries, open_jobs, counted_from_ms=run.before.counted_from_ms),
        is_gap=link is Continuity.TRIMMED,
    )


def _seen(  # noqa: PLR0913 - every step's outcome meets here
    moment: Moment,
    found: Discovery,
    census: Census,
    memories: Mapping[Queue, Kept],
    news: News,
    stories: Mapping[Queue, _Story],
    answers: Answers,
) -> Seen:
    kept = {str(queue): memory for queue, memory in memories.items()}
    samples = []
    for queue, held in census.counts.items():
        if queue in news.unreadable:
            continue
        deltas = NOTHING_HAPPENED
        if story := stories.get(queue):
            # Where events are left for the next beat, counters that already hold them would count them twice.
            metrics = None if queue in news.unfinished else answers.metrics.get(queue)
            deltas = story.deltas(metrics)
            kept[str(queue)] = story.kept(metrics)
        samples.append(
            queue_sample(
                moment.at,
                queue,
                held,
                deltas,
                answers.jobs.get(queue, ()),
                oldest_waiting_ms=answers.oldest_waiting_ms.get(queue),
                workers=census.workers(queue),
            )
        )
    return Seen(
        samples=samples,
        jobs=[job for jobs in answers.jobs.values() for job in jobs],
        memory={"discovery": found.kept(), "queues": bounded(kept)},
        unreadable={**census.unreadable, **news.unreadable},
        unfinished=news.unfinished,
    )
