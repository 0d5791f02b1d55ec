"""Heartbeat, test alerts and the health of channels, over a real state and a real receiver."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from support.alert_receiver import alert_receiver
from support.facts import NOON
from support.messages import message
from support.scripted_channel import DELIVERED, PERMANENT, TEMPORARY, Clock, ScriptedChannel

from maxbooster_ops.alerting.delivering import outbox
from maxbooster_ops.alerting.delivering.channel_health import ChannelHealth, channel_health, failing_channels
from maxbooster_ops.alerting.delivering.channel_test import is_test_due, send_test
from maxbooster_ops.alerting.delivering.delivery import deliver_due
from maxbooster_ops.alerting.delivering.heartbeat import HEARTBEAT, beat
from maxbooster_ops.alerting.message import Kind
from maxbooster_ops.alerting.records.marks import mark
from maxbooster_ops.settings import Settings
from maxbooster_ops.store.alert_tables import deliveries
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.state import open_state

SECOND, MINUTE, WEEK = timedelta(seconds=1), timedelta(minutes=1), timedelta(weeks=1)
MONDAY_NINE = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@pytest.fixture
def state(tmp_path):
    with open_state(Home(root=tmp_path / "home")) as opened:
        yield opened


@pytest.fixture
def receiver():
    with alert_receiver() as running:
        yield running


@pytest.fixture
def settings(receiver):
    return Settings(_env_file=None, heartbeat_url=receiver.settings()["heartbeat_url"])


def noted(state, name):
    with state.reading() as connection:
        return mark(connection, name)


def health(state, now):
    with state.reading() as connection:
        return channel_health(connection, now)


def tried(state, channel, *, at, answer):
    """Put a message and try it once."""
    with state.writing() as connection:
        outbox.put(connection, [message(key=f"{channel.name} {at}", channel=channel.name, at=at)], at)
    channel.answers = [answer]
    deliver_due(state, [channel], now=Clock(at), budget=MINUTE)


def test_a_heartbeat_goes_out_once_a_minute_while_collection_works(state, settings, receiver):
    moments = (0, 10, 59, 60, 70, 119, 120)
    sent = [beat(state, settings, NOON + s * SECOND, NOON + s * SECOND) is not None for s in moments]
    assert sent == [True, False, False, True, False, False, True]
    assert receiver.tries["heartbeat"] == 3
    assert (noted(state, HEARTBEAT).at, noted(state, HEARTBEAT).ok) == (NOON + 120 * SECOND, True)


@pytest.mark.parametrize(
    ("newest", "said"),
    [
        pytest.param(NOON - timedelta(seconds=179), "answered 200", id="a second younger than three minutes"),
        pytest.param(NOON - timedelta(seconds=180), "withheld: the newest beat is 180 s old", id="three minutes old"),
        pytest.param(None, "withheld: nothing was collected yet", id="no beat at all"),
    ],
)
def test_the_heartbeat_stops_with_collection_and_says_so(state, settings, receiver, newest, said):
    assert beat(state, settings, newest, NOON).detail == said
    assert noted(state, HEARTBEAT).detail == said
    assert receiver.tries["heartbeat"] == (1 if said.startswith("answered") else 0)


def test_a_heartbeat_that_fails_is_noted_without_its_address(state, settings, receiver):
    receiver.faults.append("500")
    beat(state, settings, NOON, NOON)
    noted_mark = noted(state, HEARTBEAT)
    assert (noted_mark.ok, noted_mark.detail) == (False, "answered 500: no luck at ***")


def test_without_an_address_there_is_no_heartbeat(state):
    assert beat(state, Settings(_env_file=None), NOON, NOON) is None
    assert noted(state, HEARTBEAT) is None


def test_a_test_alert_goes_to_every_channel_and_its_delivery_is_kept(state):
    works, broken = ScriptedChannel("slack"), ScriptedChannel("email", answers=[PERMANENT])
    answers = [(each.channel, each.delivered, each.detail) for each in send_test(state, [works, broken], NOON)]
    assert answers == [("slack", True, "answered 200"), ("email", False, "answered 404")]
    assert [told.kind for told in (*works.sent, *broken.sent)] == [Kind.TEST, Kind.TEST]
    assert (noted(state, "test:slack").ok, noted(state, "test:email").ok) == (True, False)
    with state.reading() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(deliveries)) == 2


def test_two_tests_are_two_messages(state):
    channel = ScriptedChannel("slack")
    send_test(state, [channel], NOON)
    send_test(state, [channel], NOON)
    assert len(set(channel.keys)) == 2


@pytest.mark.parametrize(
    ("now", "due"),
    [
        pytest.param(MONDAY_NINE - SECOND, False, id="just before Monday nine"),
        pytest.param(MONDAY_NINE, True, id="Monday nine"),
        pytest.param(MONDAY_NINE + timedelta(minutes=59), True, id="within that hour"),
        pytest.param(MONDAY_NINE + timedelta(hours=1), False, id="an hour later: an installation of today waits"),
        pytest.param(MONDAY_NINE + timedelta(days=1), False, id="Tuesday nine"),
    ],
)
def test_the_first_weekly_test_is_on_a_monday_at_nine(state, now, due):
    assert is_test_due(state, now) is due


@pytest.mark.parametrize(
    ("last", "now", "due"),
    [
        pytest.param(MONDAY_NINE, MONDAY_NINE + WEEK - SECOND, False, id="a second less than a week"),
        pytest.param(MONDAY_NINE, MONDAY_NINE + WEEK, True, id="a week"),
        pytest.param(MONDAY_NINE, MONDAY_NINE + WEEK + timedelta(days=1), True, id="later, after an outage"),
        pytest.param(MONDAY_NINE, MONDAY_NINE + WEEK + timedelta(hours=8), False, id="after hours"),
        pytest.param(MONDAY_NINE - timedelta(hours=6), MONDAY_NINE + WEEK - SECOND, False, id="still before hours"),
    ],
)
def test_a_week_after_the_last_test_the_next_is_due_in_working_hours(state, last, now, due):
    send_test(state, [ScriptedChannel("slack")], last)
    assert is_test_due(state, now) is due


def test_a_channel_fails_since_the_first_failure_after_its_last_success(state):
    slack = ScriptedChannel("slack")
    for minute, answer in ((0, TEMPORARY), (1, DELIVERED), (2, PERMANENT), (3, TEMPORARY)):
        tried(state, slack, at=NOON + minute * MINUTE, answer=answer)
    found = {each.channel: each for each in health(state, NOON + 5 * MINUTE)}
    assert found["slack"] == ChannelHealth(
        channel="slack",
        last_success=NOON + MINUTE,
        failing_since=NOON + 2 * MINUTE,
        last_detail="answered 503",
        waiting=1,
    )
    with state.reading() as connection:
        assert dict(failing_channels(connection, NOON + 5 * MINUTE)) == {"slack": 180.0, "log": 0.0}


def test_a_channel_that_works_again_fails_no_more(state):
    slack = ScriptedChannel("slack")
    tried(state, slack, at=NOON, answer=PERMANENT)
    tried(state, slack, at=NOON + MINUTE, answer=DELIVERED)
    with state.reading() as connection:
        assert dict(failing_channels(connection, NOON + 5 * MINUTE))["slack"] == 0.0


def test_a_channel_that_is_gone_is_not_called_failing(state):
    with state.writing() as connection:
        outbox.put(connection, [message(channel="discord")], NOON)
    deliver_due(state, [], now=Clock(), budget=MINUTE)
    assert [each.channel for each in health(state, NOON)] == ["log"]


def test_a_channel_that_nobody_tried_for_longer_than_the_weekly_test_is_forgotten(state):
    tried(state, ScriptedChannel("slack"), at=NOON, answer=DELIVERED)
    assert [each.channel for each in health(state, NOON + timedelta(days=8) - SECOND)] == ["slack"]
    assert health(state, NOON + timedelta(days=8)) == []
