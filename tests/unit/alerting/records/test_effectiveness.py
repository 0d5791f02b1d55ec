"""How often each rule fired, for how long, how soon somebody took it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from support.dispatching import an_alert
from support.facts import NOON

from maxbooster_ops.alerting.records.effectiveness import effectiveness

M = timedelta(minutes=1)
END = NOON + 60 * M


def episode(since, until, **what):
    """An episode, in minutes after noon; it lasts where `until` is None."""
    return an_alert(
        id=f"{since}", since=NOON + since * M, resolved_at=None if until is None else NOON + until * M, **what
    )


def test_a_rule_is_summed_up():
    episodes = [
        episode(0, 10, acknowledged_at=NOON + 2 * M, first_told_at=NOON),
        episode(20, 24, acknowledged_at=NOON + 30 * M, first_told_at=NOON),
        episode(30, 31, silenced=True),
        episode(50, None, first_told_at=NOON + 50 * M),
    ]
    (row,) = effectiveness(episodes, NOON, END)
    assert (row.rule, row.fired, row.open) == ("queue_failed_jobs", 4, 1)
    assert (row.firing, row.firing_median) == (25 * M, 7 * M)
    assert (row.acknowledged_share, row.to_acknowledge) == (0.5, 6 * M)
    assert (row.silenced_share, row.untold_share) == (0.25, 0.25)


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        pytest.param(-10, 0, None, id="over just when it starts"),
        pytest.param(-10, 1, 1 * M, id="only its part within counts"),
        pytest.param(59, 90, 1 * M, id="beyond the end"),
        pytest.param(60, 61, None, id="begun just when it ends"),
        pytest.param(-10, None, 60 * M, id="all the time"),
    ],
)
def test_only_what_fired_within_the_time_counts(since, until, expected):
    rows = effectiveness([episode(since, until)], NOON, END)
    assert [row.firing for row in rows] == ([] if expected is None else [expected])


def test_nobody_acknowledging_is_not_zero_minutes():
    (row,) = effectiveness([episode(0, 5)], NOON, END)
    assert (row.acknowledged_share, row.to_acknowledge) == (0.0, None)


def test_the_noisiest_rule_comes_first():
    episodes = [
        episode(0, 50, rule="long"),
        episode(1, 2, rule="noisy"),
        episode(3, 4, rule="noisy"),
        episode(5, 6, rule="short"),
    ]
    assert [row.rule for row in effectiveness(episodes, NOON, END)] == ["noisy", "long", "short"]


def test_nothing_gives_no_rows():
    assert effectiveness([], NOON, END) == []
