"""A thousand label sets fire at once: few messages, the P0 first, and what its cause explains is held."""

from __future__ import annotations

import json

import pytest
from support.alert_receiver import alert_receiver
from support.storm import INHIBITED, LABEL_SETS, P0_SUMMARY, Storm, StormAtOnce

from maxbooster_ops.settings import Settings
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.opening import open_store

MOST_MESSAGES = 6


@pytest.fixture(scope="module")
def receiver():
    with alert_receiver() as running:
        yield running


@pytest.fixture(scope="module")
def storm(receiver, tmp_path_factory):
    """One storm, from its first to its last word."""
    with open_store(Home(root=tmp_path_factory.mktemp("storm"))) as store:
        yield StormAtOnce.run(Storm(store, Settings(_env_file=None, **receiver.settings())), receiver)


def test_every_label_set_fires_and_the_consequences_of_the_cause_are_held(storm):
    assert (storm.begun, storm.inhibited) == (LABEL_SETS, INHIBITED)


def test_no_channel_gets_more_than_a_few_messages(storm):
    assert {channel for channel, count in storm.messages.items() if not 2 <= count <= MOST_MESSAGES} == set()


def test_the_p0_is_the_first_that_each_channel_tries(storm):
    """It may arrive a moment after the next, which has a lane of its own; how soon: tests/benchmarks/alert_storm.py."""
    assert storm.p0_next == dict.fromkeys(storm.messages, True)


def test_every_vendor_hears_of_the_p0(storm):
    assert set(storm.p0_s) == {"webhook", "slack", "teams", "discord", "pagerduty", "email"}


@pytest.mark.usefixtures("storm")
def test_the_phone_hears_of_the_cause_alone(receiver):
    assert [P0_SUMMARY in json.dumps(each.document) for each in receiver.of("pagerduty")] == [True]
