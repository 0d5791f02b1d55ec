from __future__ import annotations

import itertools
from dataclasses import replace
from statistics import mean, quantiles

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maxbooster_ops.readiness.burn_in.plan import Thresholds
from maxbooster_ops.sandbox.profiles import Keep, PlannedJob, Profile, job_options, plan, plans
from maxbooster_ops.sandbox.queues import NAMES, PROFILES

EACH_PROFILE = pytest.mark.parametrize("profile", [pytest.param(profile, id=profile.queue) for profile in PROFILES])
profiles = st.sampled_from(PROFILES)
seeds = st.integers(min_value=0, max_value=2**32)
numbers = st.integers(min_value=0, max_value=10**6)


def first_jobs(profile: Profile, count: int = 4000) -> list[PlannedJob]:
    return list(itertools.islice(plans(profile, seed=7), count))


def test_the_sandbox_has_the_seven_queues_seen_in_the_wild():
    assert set(NAMES) == {
        "scheduled-posts",
        "content-generation",
        "project-scheduled-publish",
        "item-scheduled-publish",
        "generate-report",
        "export-data",
        "forecast",
    }


def test_every_way_of_keeping_completed_jobs_occurs():
    assert {profile.keep for profile in PROFILES} == set(Keep)


@given(profile=profiles, seed=seeds, number=numbers)
def test_the_same_seed_plans_the_same_job(profile, seed, number):
    assert plan(profile, seed=seed, number=number) == plan(profile, seed=seed, number=number)


@given(profile=profiles, seed=seeds, number=numbers)
def test_a_planned_job_stays_within_its_profile(profile, seed, number):
    job = plan(profile, seed=seed, number=number)
    assert job.after_seconds >= 0
    assert job.name in profile.job_names
    assert 1 <= job.processing_ms <= profile.longest_ms
    assert 0 <= job.failing_attempts <= job.attempts == profile.attempts
    assert 0 <= job.delay_ms <= profile.longest_delay_ms
    assert 0 <= job.priority <= 10


def test_another_seed_plans_other_jobs():
    profile = PROFILES[0]
    assert list(itertools.islice(plans(profile, seed=1), 20)) != list(itertools.islice(plans(profile, seed=2), 20))


@EACH_PROFILE
def test_jobs_come_at_the_rate_of_the_profile(profile):
    gaps = [job.after_seconds for job in first_jobs(profile)]
    assert 60 / mean(gaps) == pytest.approx(profile.jobs_per_minute, rel=0.1)


@EACH_PROFILE
def test_jobs_take_the_time_of_the_profile(profile):
    percentiles = quantiles([job.processing_ms for job in first_jobs(profile)], n=100)
    assert percentiles[49] == pytest.approx(profile.median_ms, rel=0.1)
    assert percentiles[94] == pytest.approx(profile.p95_ms, rel=0.15)


@EACH_PROFILE
def test_as_many_jobs_fail_for_good_as_the_profile_says(profile):
    """Of its own rare ones a test would have to draw a million."""
    failed = sum(job.failing_attempts >= job.attempts for job in first_jobs(replace(profile, failing_share=0.1))) / 4000
    assert failed == pytest.approx(0.1, rel=0.2)


def test_a_calm_day_has_about_half_the_failed_jobs_that_a_burn_in_bears_and_some_in_every_queue():
    a_day = {profile.queue: profile.failing_share * profile.jobs_per_minute * 60 * 24 for profile in PROFILES}
    assert sum(a_day.values()) == pytest.approx(Thresholds().failed_jobs / 2, rel=0.1)
    assert min(a_day.values()) > 1


@EACH_PROFILE
def test_the_workers_of_a_queue_keep_up_with_its_jobs(profile):
    busy_seconds_per_minute = mean(job.processing_ms for job in first_jobs(profile)) / 1000 * profile.jobs_per_minute
    assert busy_seconds_per_minute < 0.8 * 60 * profile.concurrency


@EACH_PROFILE
def test_a_queue_keeps_fewer_failed_jobs_than_raise_an_alert(profile):
    assert 0 < profile.keep_failed < 50


@pytest.mark.parametrize(
    ("keep", "expected"),
    [
        pytest.param(Keep.NOTHING, True, id="nothing is kept"),
        pytest.param(Keep.EVERYTHING, False, id="everything is kept"),
        pytest.param(Keep.NEWEST, int, id="a number is kept"),
        pytest.param(Keep.YOUNG, dict, id="what is young is kept"),
    ],
)
def test_completed_jobs_are_removed_as_bullmq_understands_it(keep, expected):
    profile = next(profile for profile in PROFILES if profile.keep is keep)
    removal = job_options(profile, plan(profile, seed=1, number=1))["removeOnComplete"]
    assert removal is expected or (isinstance(expected, type) and type(removal) is expected)


def test_only_a_delayed_job_has_a_delay():
    """BullMQ takes a delay of 0 for none, but another producer's `delay: 0` is not what the platform sends."""
    profile = next(profile for profile in PROFILES if profile.queue == "scheduled-posts")
    jobs = first_jobs(profile, 200)
    assert {"delay" in job_options(profile, job) for job in jobs} == {True, False}
    assert all(("delay" in job_options(profile, job)) == (job.delay_ms > 0) for job in jobs)
