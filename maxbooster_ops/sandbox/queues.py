"""The seven queues that the platform was seen to have, as the sandbox plays them.

Belongs here: numbers. Not here: what they mean (`profiles`). Together they are about 100 jobs a minute: enough for
every chart to move, little enough for the whole sandbox to stay below a twentieth of one core. About 25 jobs a day fail
for good, some of each queue: half of what a burn-in bears. Who wants more of them throws the switch `fail-jobs`.
"""

from __future__ import annotations

from maxbooster_ops.sandbox.profiles import Keep, Profile

FORECAST = "forecast"
CONTENT_GENERATION = "content-generation"

PROFILES: tuple[Profile, ...] = (
    Profile(
        queue="scheduled-posts",
        job_names=("publish-post", "publish-story"),
        jobs_per_minute=40,
        median_ms=120,
        p95_ms=450,
        longest_ms=2000,
        concurrency=5,
        failing_share=0.00015,
        retried_share=0.03,
        error="Publishing failed: the social network answered 503",
        attempts=3,
        backoff_ms=1000,
        exponential=True,
        delayed_share=0.25,
        longest_delay_ms=30_000,
        keep=Keep.NOTHING,
        keep_failed=30,
    ),
    Profile(
        queue=CONTENT_GENERATION,
        job_names=("generate-caption", "generate-image-prompt"),
        jobs_per_minute=20,
        median_ms=1500,
        p95_ms=4000,
        longest_ms=9000,
        concurrency=4,
        failing_share=0.0002,
        retried_share=0.04,
        error="Generation failed: the model's answer was cut off",
        attempts=3,
        backoff_ms=2000,
        exponential=True,
        prioritized_share=0.2,
        keep=Keep.NEWEST,
        keep_count=200,
        keep_failed=30,
    ),
    Profile(
        queue="project-scheduled-publish",
        job_names=("publish-project",),
        jobs_per_minute=10,
        median_ms=300,
        p95_ms=900,
        longest_ms=3000,
        concurrency=2,
        failing_share=0.00012,
        retried_share=0.02,
        error="Publishing failed: a target account is not connected",
        attempts=5,
        backoff_ms=2000,
        delayed_share=0.6,
        longest_delay_ms=60_000,
        keep=Keep.YOUNG,
        keep_count=500,
        keep_failed=20,
    ),
    Profile(
        queue="item-scheduled-publish",
        job_names=("publish-item",),
        jobs_per_minute=15,
        median_ms=80,
        p95_ms=250,
        longest_ms=1000,
        concurrency=3,
        failing_share=0.00012,
        retried_share=0.02,
        error="Publishing failed: the item was deleted meanwhile",
        attempts=3,
        backoff_ms=1000,
        delayed_share=0.4,
        longest_delay_ms=45_000,
        keep=Keep.EVERYTHING,  # `load` cleans it, as a platform's own housekeeping would
        keep_failed=20,
    ),
    Profile(
        queue="generate-report",
        job_names=("weekly-report", "campaign-report"),
        jobs_per_minute=6,
        median_ms=2500,
        p95_ms=7000,
        longest_ms=15_000,
        concurrency=2,
        failing_share=0.00025,
        retried_share=0.03,
        error="Rendering failed: the browser did not answer",
        attempts=2,
        backoff_ms=5000,
        prioritized_share=0.5,
        keep=Keep.NEWEST,
        keep_count=100,
        keep_failed=20,
    ),
    Profile(
        queue="export-data",
        job_names=("export-csv", "export-archive"),
        jobs_per_minute=5,
        median_ms=1800,
        p95_ms=6000,
        longest_ms=12_000,
        concurrency=2,
        failing_share=0.0004,
        retried_share=0.02,
        error="Upload of the archive failed: quota exceeded",
        attempts=1,  # an export is never tried again: the user starts another
        backoff_ms=1000,
        keep=Keep.YOUNG,
        keep_count=100,
        keep_failed=30,
    ),
    Profile(
        queue=FORECAST,
        job_names=("revenue-forecast", "reach-forecast"),
        jobs_per_minute=1.5,  # 90 an hour; the spec expects 10-100
        median_ms=4000,
        p95_ms=8000,
        longest_ms=20_000,
        concurrency=3,  # with one, a single forecast would be "100 % busy", which is a breach
        failing_share=0.0006,
        retried_share=0.02,
        error="Forecast failed: too few data points",
        attempts=2,
        backoff_ms=3000,
        exponential=True,
        keep=Keep.NEWEST,
        keep_count=200,
        keep_failed=20,
    ),
)

NAMES: tuple[str, ...] = tuple(profile.queue for profile in PROFILES)


def profile_of(queue: str) -> Profile:
    """Give the profile of one of the seven queues."""
    return next(profile for profile in PROFILES if profile.queue == queue)
