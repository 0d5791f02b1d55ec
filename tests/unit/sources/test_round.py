from __future__ import annotations

import threading
from datetime import UTC, datetime
from queue import SimpleQueue

import pytest

from maxbooster_ops.sources.round import Rounds
from maxbooster_ops.sources.source import Moment, Reading
from maxbooster_ops.store.facts import SourceFailure

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


class Scripted:
    """A source that does what its script says."""

    def __init__(self, name, script):
        self.name, self._script = name, script

    def read(self, moment):
        return self._script(moment)

    def close(self):
        pass


def moment_of(_source):
    return Moment(at=NOON, interval_seconds=30)


@pytest.fixture
def released():
    """Ends whatever a test left hanging."""
    event = threading.Event()
    yield event
    event.set()


def hanging_on(event):
    def read(_moment):
        event.wait()
        return Reading()

    return read


def test_a_hanging_source_is_a_failure_and_the_others_answer(released):
    threads = SimpleQueue()
    hanging = Scripted("hanging", hanging_on(released))
    quick = Scripted("quick", lambda _: threads.put(threading.current_thread()) or Reading())
    last = Scripted("last", lambda _: Reading())

    def moment_once_the_quick_one_has_answered(source):
        if source is last:  # else a busy machine may give that thread no turn within so short a deadline
            threads.get().join()
        return moment_of(source)

    rounds = Rounds([hanging, quick, last], deadline_seconds=0.05)
    answers = rounds.read(moment_once_the_quick_one_has_answered)
    assert answers["quick"].reading == Reading()
    assert isinstance(answers["hanging"].reading, SourceFailure)
    assert "no answer within 0.05 s" in answers["hanging"].reading.reason


def test_a_source_that_still_hangs_is_not_read_twice_at_once(released):
    calls, begun = [], threading.Semaphore(0)

    def hang(moment):
        calls.append(moment)
        begun.release()
        return hanging_on(released)(moment)

    rounds = Rounds([Scripted("hanging", hang)], deadline_seconds=0.05)
    rounds.read(moment_of)
    begun.acquire()
    assert isinstance(rounds.read(moment_of)["hanging"].reading, SourceFailure)
    assert len(calls) == 1


def test_a_source_that_raises_is_a_failure_of_ours():
    def broken(_moment):
        raise ZeroDivisionError("by zero")

    reading = Rounds([Scripted("broken", broken)], deadline_seconds=60).read(moment_of)["broken"].reading
    assert (reading.error, reading.reason) == ("ZeroDivisionError", "by zero")
    assert "fault of maxbooster-ops" in reading.hint
