"""Delivery over a real state: in order, at least once, with backups, whoever dies or fails."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import sqlalchemy as sa
from support.facts import NOON
from support.messages import message, notice, notices
from support.scripted_channel import DELIVERED, PERMANENT, TEMPORARY, Clock, ScriptedChannel

from maxbooster_ops.alerting.channels.channel import Sent
from maxbooster_ops.alerting.delivering import outbox
from maxbooster_ops.alerting.delivering.delivery import deliver_due
from maxbooster_ops.alerting.message import Kind
from maxbooster_ops.alerting.rule import Severity
from maxbooster_ops.processes.waiting import wait_for
from maxbooster_ops.store.alert_tables import deliveries
from maxbooster_ops.store.alert_tables import outbox as outbox_table
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.state import open_state

MINUTE = timedelta(minutes=1)


class Post:
    """A state, a clock, and the channels of one test."""

    def __init__(self, state):
        self.state = state
        self.clock = Clock()

    def put(self, *messages):
        with self.state.writing() as connection:
            outbox.put(connection, messages, self.clock())

    def deliver(self, *channels, budget=MINUTE):
        """Give the tries in the order in which they were recorded: which lane ends first nobody promises."""
        done = deliver_due(self.state, channels, now=self.clock, budget=budget)
        with self.state.reading() as connection:
            rows = connection.execute(sa.select(deliveries).order_by(deliveries.c.id)).mappings()
            recorded = [(row["key"], row["attempt"]) for row in rows]
        return sorted(done, key=lambda one: recorded.index((one.key, one.attempt)))

    def claim(self, channel="webhook"):
        with self.state.writing() as connection:
            return outbox.claim(connection, channel, self.clock())

    def rows(self, table=outbox_table):
        with self.state.reading() as connection:
            return [dict(row) for row in connection.execute(sa.select(table)).mappings()]

    def row(self, key):
        (row,) = (row for row in self.rows() if row["key"] == key)
        return row


@pytest.fixture
def post(tmp_path):
    with open_state(Home(root=tmp_path / "home")) as state:
        yield Post(state)


def test_a_message_arrives_as_it_was_put_and_is_not_sent_again(post):
    told = message(notices=notices(3), on_call=("a@example.com",), remaining=2)
    post.put(told)
    webhook = ScriptedChannel("webhook")
    (delivery,) = post.deliver(webhook)
    assert (delivery.channel, delivery.delivered, delivery.detail) == ("webhook", True, "answered 200")
    assert post.deliver(webhook) == []
    assert webhook.sent == [told]
    assert post.row("k1")["delivered_at"] == NOON


def test_a_key_that_is_known_is_not_put_again(post):
    post.put(message(), message(group="other"))
    post.put(message(severity=Severity.CRITICAL))
    assert [(row["key"], row["group_name"]) for row in post.rows()] == [("k1", "other")]


def test_messages_of_a_group_arrive_in_order_and_other_groups_do_not_wait(post):
    post.put(
        message(key="first", at=NOON),
        message(key="second", at=NOON + timedelta(seconds=1), kind=Kind.RESOLVED, severity=Severity.CRITICAL),
        message(key="other", at=NOON + timedelta(seconds=2), group="redis"),
    )
    webhook = ScriptedChannel("webhook", answers_to={"first": [TEMPORARY, DELIVERED]})
    while_first_fails = {(delivery.key, delivery.delivered) for delivery in post.deliver(webhook)}
    assert while_first_fails == {("first", False), ("other", True)}
    post.clock.move(seconds=60)
    assert [delivery.key for delivery in post.deliver(webhook)] == ["first", "second"]


def test_what_is_most_urgent_goes_first(post):
    post.put(*(message(key=severity.word, group=severity.word, severity=severity) for severity in Severity))
    assert [post.claim().message.key for _ in Severity] == ["critical", "error", "warning", "info"]


def test_a_message_that_is_given_up_frees_those_behind_it(post):
    post.put(message(key="first"), message(key="second", at=NOON + timedelta(seconds=1)))
    webhook = ScriptedChannel("webhook", answers=[PERMANENT, DELIVERED])
    assert [delivery.key for delivery in post.deliver(webhook) if delivery.channel == "webhook"] == ["first", "second"]
    assert post.row("first")["failed_at"] == NOON


@pytest.mark.parametrize(
    ("seconds", "attempt"),
    [pytest.param(59, None, id="a second before the lease ends"), pytest.param(60, 2, id="when it ends")],
)
def test_what_a_dead_process_had_claimed_is_tried_again_when_its_lease_ends(post, seconds, attempt):
    post.put(message())
    assert post.claim().attempt == 1
    post.clock.move(seconds=seconds)
    again = post.claim()
    assert (again and again.attempt) == attempt
    assert again is None or again.message.key == "k1"


def test_an_answer_that_comes_after_the_lease_counts_only_if_it_is_a_success(post):
    """The slow one's failure must not free a message that another is just trying."""
    post.put(message())
    slow = post.claim()
    post.clock.move(seconds=60)
    post.claim()
    for sent, delivered in ((TEMPORARY, False), (DELIVERED, True)):
        with post.state.writing() as connection:
            tried = outbox.Try(claim=slow, sent=sent, at=NOON, duration_ms=1.0)
            outbox.record(connection, tried, outbox.Next(due_at=NOON), post.clock())
        row = post.row("k1")
        assert (row["delivered_at"] is not None, row["leased_until"] is None) == (delivered, delivered)
    assert len(post.rows(deliveries)) == 2


def test_several_deliverers_at_once_send_every_message_once(post):
    post.put(*(message(key=f"k{n}", group=f"g{n % 10}", at=NOON + timedelta(seconds=n)) for n in range(60)))
    webhook = ScriptedChannel("webhook")
    with ThreadPoolExecutor(max_workers=3) as pool:
        done = [pool.submit(post.deliver, webhook) for _ in range(3)]
    assert sum(len(each.result()) for each in done) == 60
    assert sorted(webhook.keys) == sorted(f"k{n}" for n in range(60))


def test_a_channel_that_hangs_does_not_hold_up_another(post):
    """The first one only ends once the second was told: one after the other they would wait for ever."""
    told = threading.Event()
    post.put(message(key="a", channel="slack"), message(key="b", channel="webhook"))
    hanging = ScriptedChannel("slack", before=lambda _: told.wait(60) or pytest.fail("the other one waited"))
    quick = ScriptedChannel("webhook", before=lambda _: told.set())
    assert {delivery.key for delivery in post.deliver(hanging, quick) if delivery.delivered} == {"a", "b"}


class OneHangs:
    """A channel on which one message hangs, as the clock goes on, until the other was told at its second try."""

    name = "webhook"

    def __init__(self, post):
        self.post = post
        self.answers = [TEMPORARY, DELIVERED]
        self.told = threading.Event()

    def send(self, message):
        if message.key == "stumbles":
            answer = self.answers.pop(0)
            self.told.set() if answer.delivered else None
            return answer
        wait_for(self.has_stumbled, seconds=60, what="the other one's first try")
        self.post.clock.at = self.post.row("stumbles")["due_at"]
        self.told.wait(60) or pytest.fail("the other one waited")
        return DELIVERED

    def has_stumbled(self):
        row = self.post.row("stumbles")
        return row["attempts"] == 1 and row["leased_until"] is None


def test_what_is_due_again_while_another_message_hangs_does_not_wait_for_it(post):
    post.put(message(key="hangs", group="a"), message(key="stumbles", group="b"))
    done = post.deliver(OneHangs(post))
    assert sorted((each.key, each.attempt, each.delivered) for each in done) == [
        ("hangs", 1, True),
        ("stumbles", 1, False),
        ("stumbles", 2, True),
    ]


def test_a_try_that_began_within_the_budget_is_finished_and_none_begins_after_it(post):
    post.put(*(message(key=f"k{n}", at=NOON + timedelta(milliseconds=n)) for n in range(9)))
    slow = ScriptedChannel("webhook", before=lambda _: post.clock.move(seconds=5))
    assert [delivery.key for delivery in post.deliver(slow, budget=timedelta(seconds=12))] == ["k0", "k1", "k2"]
    assert post.row("k2")["delivered_at"] is not None


def test_a_bug_in_one_channel_is_a_failed_try_and_the_others_are_told(post):
    def broken(_):
        raise KeyError("https://hooks.example.com/s3cr3t")

    post.put(message(key="a", channel="slack"), message(key="b"))
    done = {d.key: d for d in post.deliver(ScriptedChannel("slack", before=broken), ScriptedChannel("webhook"))}
    assert done["b"].delivered
    assert (done["a"].delivered, done["a"].permanent) == (False, False)
    assert done["a"].detail == "the channel itself failed: KeyError"


def test_what_the_receiver_asks_for_is_waited(post):
    post.put(message())
    webhook = ScriptedChannel("webhook", answers=[Sent(delivered=False, detail="429", retry_after=MINUTE), DELIVERED])
    post.deliver(webhook)
    post.clock.move(seconds=59)
    assert post.deliver(webhook) == []
    post.clock.move(seconds=1)
    assert [delivery.delivered for delivery in post.deliver(webhook)] == [True]


def test_every_try_is_kept_with_its_answer(post):
    post.put(message())
    webhook = ScriptedChannel("webhook", answers=[TEMPORARY, DELIVERED])
    post.deliver(webhook)
    post.clock.move(minutes=1)
    post.deliver(webhook)
    kept = [(row["attempt"], row["delivered"], row["detail"], row["ts"]) for row in post.rows(deliveries)]
    assert kept == [(1, False, "answered 503", NOON), (2, True, "answered 200", NOON + MINUTE)]


def test_a_permanent_error_is_not_tried_again_and_the_next_channel_gets_a_copy(post):
    post.put(message(channel="slack"))
    slack, webhook = ScriptedChannel("slack", answers=[PERMANENT]), ScriptedChannel("webhook")
    failed, copied = post.deliver(slack, webhook)
    assert (failed.permanent, failed.handed_to) == (True, "webhook")
    assert (copied.key, copied.channel, copied.delivered) == ("k1-webhook", "webhook", True)
    assert webhook.sent[0].instead_of == "slack"
    post.clock.move(days=2)
    assert post.deliver(slack, webhook) == []
    assert post.row("k1")["handed_to"] == "webhook"


def test_a_channel_that_was_told_anyway_gets_no_copy(post):
    post.put(message(key="a", channel="slack"), message(key="b", channel="webhook"))
    channels = ScriptedChannel("slack", answers=[PERMANENT]), ScriptedChannel("webhook"), ScriptedChannel("email")
    post.deliver(*channels)
    assert post.row("a")["handed_to"] == "email"


def test_a_copy_is_made_once_after_five_failures_and_the_channel_is_tried_on(post):
    post.put(message(channel="slack"))
    slack, webhook = ScriptedChannel("slack", answers=[TEMPORARY]), ScriptedChannel("webhook")
    handed_over = []
    for _ in range(8):
        handed_over += [d.handed_to for d in post.deliver(slack, webhook) if d.channel == "slack"]
        post.clock.move(minutes=6)
    assert handed_over == [None] * 4 + ["webhook"] + [None] * 3
    assert len(webhook.sent) == 1
    assert len(slack.sent) == 8


def test_what_waits_behind_a_failing_message_is_handed_over_with_it(post):
    """The end of an alert must not wait until a broken channel gives up its beginning."""
    post.put(message(key="fires", channel="slack"))
    slack, webhook = ScriptedChannel("slack", answers=[TEMPORARY]), ScriptedChannel("webhook")
    for _ in range(5):
        post.deliver(slack, webhook)
        post.clock.move(minutes=6)
    post.put(message(key="ends", channel="slack", kind=Kind.RESOLVED, at=post.clock()))
    post.deliver(slack, webhook)
    assert webhook.keys == ["fires-webhook", "ends-webhook"]


def test_when_all_fail_the_log_has_it(post):
    post.put(message(channel="slack"))
    broken = [ScriptedChannel(name, answers=[PERMANENT]) for name in ("slack", "webhook", "email")]
    assert [(d.channel, d.delivered) for d in post.deliver(*broken)] == [
        ("slack", False),
        ("webhook", False),
        ("email", False),
        ("log", True),
    ]


def test_a_message_for_a_channel_that_is_gone_goes_to_a_stand_in(post):
    post.put(message(channel="discord", notices=(notice(),)))
    gone, copied = post.deliver(ScriptedChannel("webhook"))
    assert (gone.detail, gone.handed_to) == ("this channel is not configured any more", "webhook")
    assert copied.delivered


def test_a_day_old_message_is_given_up_after_one_more_try(post):
    post.put(message())
    post.clock.move(hours=24)
    last, _ = post.deliver(ScriptedChannel("webhook", answers=[TEMPORARY]))
    assert (last.attempt, last.delivered, last.handed_to) == (1, False, "log")
    assert post.row("k1")["failed_at"] == post.clock()


def test_dispatch_sees_what_was_put_in_the_last_minute(post):
    post.put(message(key="old", at=NOON - MINUTE), message(key="new", at=NOON - timedelta(seconds=59)))
    with post.state.reading() as connection:
        assert [each.at for each in outbox.recent(connection, NOON)] == [NOON - timedelta(seconds=59)]
