"""The default rules on dead letters, stuck jobs and circuit breakers: what they see, when they end."""

from __future__ import annotations

from datetime import timedelta

import pytest
from support.facts import LIMITS, NOON, fact
from support.rule_lake import Case, lake_with, starts

from maxbooster_ops.alerting.evaluating.builtin_series import Watching
from maxbooster_ops.alerting.evaluating.series_reading import read_series
from maxbooster_ops.alerting.rulebook.rulebook import load_rulebook
from maxbooster_ops.clock import utc_now
from maxbooster_ops.dead_letters.counting import count
from maxbooster_ops.jobs.breaker import Asked, Failed, Limits, Succeeded
from maxbooster_ops.jobs.breaker_store import BreakerStore
from maxbooster_ops.jobs.policies import load_policies
from maxbooster_ops.store.findings import DeadLetterSample
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.opening import open_store

BOOK = load_rulebook(None, LIMITS, staging=False)
AT_ONCE = Limits(open_for=timedelta())


def letters(**known):
    return fact(DeadLetterSample, prefix="bull", queue="mail", **known)


CASES = [
    Case(rule="dead_letters_parked", beats=[[letters(parked=0)], [letters(parked=2)]], value=2),
    Case(rule="dead_letters_old", beats=[[letters()], [letters(oldest_open_seconds=86_401.0)]], value=86_401),
    Case(rule="jobs_stuck", beats=[[letters(stuck=0)], [letters(stuck=1)]], value=1),
]


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    with lake_with(tmp_path_factory.mktemp("rules"), CASES) as opened:
        yield opened


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.rule)
def test_a_rule_sees_what_breaches_it_and_that_it_did_not_before(lake, case):
    rule, start = BOOK.rule(case.rule), starts(CASES)[case.rule]
    (found,) = read_series(lake, rule, start, start + timedelta(hours=1))
    assert found.labels["queue"] == "mail"
    assert list(found.values) == [0, case.value]
    assert list(rule.condition.holds(found.values)) == [False, True]


def breakers(store, now):
    with store.state.reading() as connection:
        watching = Watching.read(connection, newest_beat=NOON, now=now)
    return {one.labels["job"]: one.values[0] for one in watching.samples("circuit_breaker_open", {})}


def test_a_breaker_that_opened_since_the_last_look_alerts_even_where_it_closed_again(tmp_path, redis_process):
    home = Home(root=tmp_path / "home")
    policies, _ = load_policies(home)
    with open_store(home) as store, redis_process.client() as client:
        breaker, now = BreakerStore(client), utc_now()

        def looked():
            count(store, client, policies, now)
            return breakers(store, now)

        assert looked() == {}
        for number in range(5):
            breaker.take("mail", Failed(run=str(number)), AT_ONCE)
        assert looked() == looked() == {"mail": 1}
        breaker.take("mail", Asked(run="trial"), AT_ONCE)
        assert looked() == {"mail": 1}, "half-open is not closed"
        breaker.take("mail", Succeeded(run="trial"), AT_ONCE)
        assert looked() == {"mail": 0}
        for number in range(5):
            breaker.take("mail", Failed(run=str(number)), AT_ONCE)
        breaker.take("mail", Asked(run="again"), AT_ONCE)
        breaker.take("mail", Succeeded(run="again"), AT_ONCE)
        assert looked() == {"mail": 1}, "people are told of what was open between two looks"
        assert looked() == {"mail": 0}
        assert breakers(store, now + timedelta(minutes=6)) == {}, "nobody has looked for so long"
