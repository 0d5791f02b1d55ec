"""A tick waits for a beat that another connection stores in a real lake."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
from support.facts import fact

from maxbooster_ops.clock import utc_now
from maxbooster_ops.pipelines.beat_awaiting import await_beat
from maxbooster_ops.sources.cadence import beat_to_await
from maxbooster_ops.store.beats import Batch, beat_id
from maxbooster_ops.store.facts import BeatTaken
from maxbooster_ops.store.lake import Lake, open_lake
from maxbooster_ops.store.latest import last_beat_ever
from maxbooster_ops.store.opening import open_store

S = timedelta(seconds=1)
INTERVAL_SECONDS = 5
LONG = timedelta(minutes=5)


@pytest.fixture
def lake(tmp_path, made_home) -> Iterator[Lake]:
    with open_lake(made_home(tmp_path / "home"), read_only=True) as opened:
        yield opened


class Looks:
    """What a waiting tick sees, and when it looked; `looked` is set as soon as it waits, and not before."""

    def __init__(self, see: Callable[[], datetime]) -> None:
        self._see = see
        self.at: list[datetime] = []
        self.seen: list[datetime] = []
        self.looked = threading.Event()

    def __call__(self) -> datetime:
        self.at.append(utc_now())
        self.seen.append(self._see())
        self.looked.set()
        return self.seen[-1]


def next_due(now: datetime, *, patience: timedelta = 0 * S) -> datetime:
    due = beat_to_await(None, INTERVAL_SECONDS, now=now, within=INTERVAL_SECONDS * S, patience=patience)
    assert due
    return due


def store_beat(lake: Lake, due: datetime, *, after: threading.Event | None = None) -> None:
    """Store a beat, if need be `after` something and then a little later than it is due."""
    taken = fact(BeatTaken, ts=due, due=due, kind="beat")
    with open_store(lake.home) as store:
        if after:
            after.wait()
            time.sleep(max((due + 0.3 * S - utc_now()).total_seconds(), 0))
        store.beats.store(Batch(id=beat_id(due), due=due, facts=[taken]), {})


def test_it_ends_as_soon_as_the_beat_is_stored(lake):
    due = next_due(utc_now())
    store_beat(lake, due - INTERVAL_SECONDS * S)  # else that one might still come and would be waited for
    looks = Looks(lambda: last_beat_ever(lake))
    collector = threading.Thread(target=store_beat, args=(lake, due), kwargs={"after": looks.looked})
    collector.start()
    found = await_beat(looks, INTERVAL_SECONDS, within=INTERVAL_SECONDS * S, patience=LONG)
    collector.join()
    assert found == due
    assert looks.seen.index(due) == len(looks.seen) - 1, "it looked on"


def test_it_looks_once_and_then_not_before_the_beat_is_due():
    due = next_due(utc_now())
    looks = Looks(lambda: due if looks.seen and utc_now() >= due else due - INTERVAL_SECONDS * S)
    assert await_beat(looks, INTERVAL_SECONDS, within=INTERVAL_SECONDS * S, patience=LONG) == due
    assert [at for at in looks.at[1:] if at < due - 0.1 * S] == []


def test_it_gives_up_on_a_beat_that_does_not_come():
    newest, began = utc_now() - LONG, utc_now()

    def see():
        assert len(looks.at) <= 12, "ten looks a second, for a second"
        return newest

    looks = Looks(see)
    assert await_beat(looks, INTERVAL_SECONDS, within=INTERVAL_SECONDS * S, patience=S) == newest
    assert utc_now() >= next_due(began, patience=S) + 0.9 * S


@pytest.mark.parametrize(
    "newest",
    [
        pytest.param(LONG, id="the next one is far"),
        pytest.param(INTERVAL_SECONDS * S, id="the next one is stored"),
    ],
)
def test_it_does_not_wait_where_no_beat_is_about_to_come(newest):
    stored = utc_now() + newest
    looks = Looks(lambda: stored)
    assert await_beat(looks, INTERVAL_SECONDS, within=0 * S, patience=LONG) == stored
    assert len(looks.at) == 1
