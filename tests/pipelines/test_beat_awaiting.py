"""A tick waits for a beat that another connection stores in a real lake."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
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

pytestmark = pytest.mark.alone

S = timedelta(seconds=1)
INTERVAL_SECONDS = 5


@pytest.fixture
def lake(tmp_path, made_home) -> Iterator[Lake]:
    with open_lake(made_home(tmp_path / "home"), read_only=True) as opened:
        yield opened


def next_due() -> datetime:
    due = beat_to_await(None, INTERVAL_SECONDS, now=utc_now(), within=INTERVAL_SECONDS * S, patience=0 * S)
    assert due
    return due


def store_beat(lake: Lake, due: datetime, later: timedelta = 0 * S) -> None:
    taken = fact(BeatTaken, ts=due, due=due, kind="beat")
    with open_store(lake.home) as store:
        time.sleep(max((due + later - utc_now()).total_seconds(), 0))
        store.beats.store(Batch(id=beat_id(due), due=due, facts=[taken]), {})


def next_due_after_a_stored_one(lake: Lake) -> datetime:
    """Give the next beat; the one before is stored, else that one might still come and would be waited for."""
    stored = None
    while stored != (due := next_due()) - INTERVAL_SECONDS * S:
        stored = due - INTERVAL_SECONDS * S
        store_beat(lake, stored)
    return due


def wait(lake: Lake, *, within: timedelta = INTERVAL_SECONDS * S, patience: timedelta = 3 * S) -> None:
    await_beat(lambda: last_beat_ever(lake), INTERVAL_SECONDS, within=within, patience=patience)


def test_it_ends_as_soon_as_the_beat_is_stored(lake):
    due = next_due_after_a_stored_one(lake)
    collector = threading.Thread(target=store_beat, args=(lake, due, 0.3 * S))
    collector.start()
    wait(lake)
    late = utc_now() - due
    collector.join()
    assert last_beat_ever(lake) == due
    assert 0.3 * S <= late < 2 * S


def test_it_gives_up_on_a_beat_that_does_not_come(lake):
    due = next_due_after_a_stored_one(lake)
    wait(lake, patience=S)
    assert due + S <= utc_now() < due + 2 * S
    assert last_beat_ever(lake) == due - INTERVAL_SECONDS * S


def test_it_does_not_wait_where_the_next_beat_is_stored_or_far(lake):
    due = next_due()
    store_beat(lake, due)
    wait(lake, within=S)
    assert utc_now() < due + 3 * S
