"""One reading of all queues of a server: discover, count, read the events, prove them unbroken, ask the jobs.

Belongs here: the order of these steps and what each hands to the next. Not here: any one of them, and what it means
that the server cannot be reached (see `source`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain, pairwise
from typing import Final, TypeVar

from maxbooster_ops.sources.bullmq.census import Census, Server, ask_census, ask_server, take_census, take_server
from maxbooster_ops.sources.bullmq.discovery import Discovery, discover
from maxbooster_ops.sources.bullmq.events import Happened, happened
from maxbooster_ops.sources.bullmq.interview import Interview, ask_interview
from maxbooster_ops.sources.bullmq.queue import Queue
from maxbooster_ops.sources.bullmq.remembered import Kept, OpenJobs, QueueMemory, bounded
from maxbooster_ops.sources.bullmq.sample import NOT_READ_YET, NOTHING_HAPPENED, Deltas, Metrics, queue_sample
from maxbooster_ops.sources.bullmq.stream import Continuity, Inquiry, News, Run, continuity, inquire, take_news
from maxbooster_ops.sources.bullmq.wire import Answer, Wire
from maxbooster_ops.sources.source import Memory, Moment
from maxbooster_ops.store.facts import QueueJob, QueueSample

ENTRIES_PER_READING: Final = 250_000
"""About two seconds of work. What is left after an outage is read in the next beats; cursors make that exact."""

_QUEUES_AT_ONCE: Final = 25
"""Taken together through all steps: Redis works on some while we take in others, and little is held in memory."""


_OF_A_DRILL: Final = re.compile(r"drill-\d{8}-\d{6}-[0-9a-f]{4}-")

_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Which queues are read: those under `prefixes`, and of these only those named in `only` where it names any.

    Those of a chaos drill are read by who names them: their failures are meant, and nobody's backlog or dead letter.
    """

    prefixes: tuple[str, ...]
    only: frozenset[str]

    def __contains__(self, queue: Queue) -> bool:
        return queue.name in self.only if self.only else not _OF_A_DRILL.match(queue.name)


@dataclass(slots=True, kw_only=True)
class Seen:
    """What a reading has seen so far. `unfinished` queues have more events than one reading takes."""

    samples: list[QueueSample] = field(default_factory=list)
    jobs: list[QueueJob] = field(default_factory=list)
    unreadable: dict[Queue, Exception] = field(default_factory=dict)
    unfinished: list[Queue] = field(default_factory=list)
    kept: dict[str, Kept] = field(default_factory=dict)
    discovery: Discovery

    @property
    def memory(self) -> Memory:
        """What the next reading must know."""
        return {"discovery": self.discovery.kept(), "queues": bounded(self.kept)}


@dataclass(slots=True, kw_only=True)
class _Budget:
    """The entries that a reading may still take, shared evenly among the groups that are still to be asked for."""

    entries: int
    groups: int

    def reserved(self) -> int:
        """Set the next group's share aside."""
        share = self.entries // self.groups
        self.entries -= share
        self.groups -= 1
        return share

    def settle(self, *, reserved: int, used: int) -> None:
        """Give back what a group left of its share."""
        self.entries += reserved - used


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """Some queues, what was remembered of them, and what was asked of the server."""

    memories: Mapping[Queue, Kept]
    census: Answer
    inquiry: Inquiry


@dataclass(frozen=True, slots=True, kw_only=True)
class _Chapter:
    """The same queues: what they hold, their new events and what these mean; and what was asked about that."""

    memories: Mapping[Queue, Kept]
    census: Census
    news: News
    stories: Mapping[Queue, _Story]
    interview: Interview


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
    """Read every queue in `scope` once; `counting` encodes the commands that count a queue.

    Redis has always something to do while we take in what it answered: a group of queues is asked for before the
    answers to the previous one are looked at, and its jobs are interviewed while the next one is.
    """
    known = Discovery.of(moment.memory.get("discovery"), scope.prefixes)
    seen = Seen(discovery=discover(wire, known, at=moment.at.timestamp(), interval_seconds=moment.interval_seconds))
    queues = [queue for queue in seen.discovery.queues if queue in scope]
    about_server = ask_server(wire)
    beginning = _beginning(moment, about_server, all_known_at_ms=known.complete_at_ms)
    kept = moment.memory.get("queues", {})
    memories = [
        {queue: kept.get(str(queue), beginning) for queue in queues[at : at + _QUEUES_AT_ONCE]}
        for at in range(0, len(queues), _QUEUES_AT_ONCE)
    ]
    budget = _Budget(entries=ENTRIES_PER_READING, groups=len(memories))
    questions = (_asked(wire, group, counting, budget) for group in memories)
    chapters = (_understood(wire, question, budget) for question in _one_ahead(questions))
    server: Server | None = None
    for chapter in _one_ahead(chapters):
        server = server or take_server(about_server)
        _take_in(moment, server, chapter, seen)
    return seen


def _one_ahead(items: Iterable[_Item]) -> Iterator[_Item]:
    """Give items in order, each only after the next one was made."""
    return (item for item, _ in pairwise(chain(items, (None,))) if item is not None)


def _beginning(moment: Moment, about_server: Answer, *, all_known_at_ms: int | None) -> Kept:
    """Give the memory of a queue that is seen for the first time.

    The first reading ever looks back one interval. A queue that shows up later was made after the last complete
    discovery, when all queues were known: from then on everything counts.
    """
    if all_known_at_ms is None:
        all_known_at_ms = take_server(about_server).now_ms - round(moment.interval_seconds * 1000)
    return QueueMemory(counted_from_ms=all_known_at_ms).kept()


def _asked(
    wire: Wire, memories: Mapping[Queue, Kept], counting: Callable[[Queue], bytes], budget: _Budget
) -> _Question:
    """Ask what some queues hold and what is new."""
    cursors = {queue: kept["cursor"] for queue, kept in memories.items()}
    census = ask_census(wire, memories, counting)
    return _Question(memories=memories, census=census, inquiry=inquire(wire, cursors, limit=budget.reserved()))


def _understood(wire: Wire, question: _Question, budget: _Budget) -> _Chapter:
    """Find out what the news of some queues mean, and ask about it what only the keys of jobs and queues tell."""
    memories = question.memories
    census = take_census(memories, question.census)
    news = take_news(wire, question.inquiry)
    budget.settle(reserved=question.inquiry.limit, used=sum(map(len, news.entries.values())))
    news = news.among(census.counts)
    stories = _stories(wire, memories, census, news)
    finished = {queue: story.events.finished for queue, story in stories.items()}
    open_jobs: dict[Queue, OpenJobs] = {queue: kept["open_jobs"] for queue, kept in memories.items()}
    open_jobs |= {queue: story.events.open_jobs for queue, story in stories.items()}
    interview = ask_interview(wire, finished, census.counts, open_jobs)
    return _Chapter(memories=memories, census=census, news=news, stories=stories, interview=interview)


def _take_in(moment: Moment, server: Server, chapter: _Chapter, seen: Seen) -> None:
    """Add all that is known of some queues to `seen`."""
    census, news, stories = chapter.census, chapter.news, chapter.stories
    answers = chapter.interview.answers(now_ms=server.now_ms)
    unreadable = {**census.unreadable, **news.unreadable}
    seen.unreadable |= unreadable
    seen.unfinished += news.unfinished
    seen.kept |= {str(queue): chapter.memories[queue] for queue in (*census.counts, *census.unreadable)}
    for queue, held in census.counts.items():
        if queue in unreadable:
            continue
        deltas = NOT_READ_YET if queue in news.unfinished else NOTHING_HAPPENED
        if story := stories.get(queue):
            # Where events are left for the next beat, counters that already hold them would count them twice.
            metrics = None if queue in news.unfinished else answers.metrics.get(queue)
            deltas = story.deltas(metrics)
            seen.kept[str(queue)] = story.kept(metrics)
        jobs = answers.jobs.get(queue, ())
        seen.jobs += jobs
        seen.samples.append(
            queue_sample(
                moment.at,
                queue,
                held,
                deltas,
                jobs,
                oldest_waiting_ms=answers.oldest_waiting_ms.get(queue),
                workers=server.workers(queue),
            )
        )


def _stories(wire: Wire, memories: Mapping[Queue, Kept], census: Census, news: News) -> Mapping[Queue, _Story]:
    runs = {
        queue: Run(
            entries=entries,
            before=QueueMemory.of(memories[queue]),
            events_kept=census.counts[queue].events_kept,
        )
        for queue, entries in news.entries.items()
    }
    links = continuity(wire, runs, news.torn)
    return {queue: _story(run, links[queue]) for queue, run in runs.items()}


def _story(run: Run, link: Continuity) -> _Story:
    """Follow the jobs through a run; those that were open before a break may have ended in it, so they are dropped."""
    open_jobs = run.before.open_jobs if link is Continuity.UNBROKEN else {}
    return _Story(
        before=run.before,
        cursor=run.entries[-1][0],
        events=happened(run.entries, open_jobs, counted_from_ms=run.before.counted_from_ms),
        is_gap=link is Continuity.TRIMMED,
    )
