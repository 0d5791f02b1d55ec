from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maxbooster_ops.jobs.policies import load_policies
from maxbooster_ops.jobs.policy import Priority
from maxbooster_ops.store.home import Home


@pytest.fixture(scope="module")
def policy(tmp_path_factory):
    policies, problems = load_policies(Home(root=tmp_path_factory.mktemp("home")))
    assert problems == ()
    return policies.policy_of("content-generation")


def test_high_goes_before_medium_before_low_and_all_after_jobs_without_one():
    assert 0 < Priority.HIGH.number < Priority.MEDIUM.number < Priority.LOW.number


def test_waits_double_from_the_first_to_the_longest(policy):
    seconds = [policy.backoff(failures, lambda: 0.0).total_seconds() for failures in range(1, 12)]
    assert seconds == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]


@given(failures=st.integers(1, 10_000), chance=st.floats(0, 1, exclude_max=True))
def test_chance_takes_up_to_a_quarter_of_a_wait(policy, failures, chance):
    whole, jittered = policy.backoff(failures, lambda: 0.0), policy.backoff(failures, lambda: chance)
    assert 0.75 * whole <= jittered <= whole


@pytest.mark.parametrize(
    ("own", "seconds"),
    [
        pytest.param({"type": "fixed", "delay": 5000}, 5, id="fixed"),
        pytest.param({"type": "exponential", "delay": 500}, 2, id="exponential"),
        pytest.param({"type": "exponential", "delay": 500, "jitter": 0.5}, 1, id="exponential with its own jitter"),
        pytest.param({"type": "our own"}, 3, id="a function of the platform's: the policy's"),
        pytest.param(None, 3, id="none: the policy's"),
    ],
)
def test_a_job_keeps_the_backoff_that_it_came_with(policy, own, seconds):
    assert policy.backoff(3, lambda: 0.999999, own).total_seconds() == pytest.approx(seconds, rel=1e-5)


def test_what_npm_workers_read_is_the_same_backoff(policy):
    assert policy.backoff(2, lambda: 0.5, policy.job_backoff) == policy.backoff(2, lambda: 0.5)
