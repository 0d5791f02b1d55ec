from __future__ import annotations

import numpy as np
import pytest

from maxbooster_ops.analysis.regressions.comparing import compare_all
from maxbooster_ops.analysis.series.series import SeriesKey
from maxbooster_ops.analysis.statistics.comparing import Result
from maxbooster_ops.analysis.statistics.sample import sample_of


@pytest.mark.parametrize(
    ("series", "before", "after", "result"),
    [
        pytest.param("queue_wait_ms", 1, 5, Result.UNCHANGED, id="a wait of 5 ms instead of 1"),
        pytest.param("queue_wait_ms", 10, 40, Result.REGRESSED, id="a wait of 40 ms instead of 10"),
        pytest.param("job_duration_ms", 1, 2, Result.UNCHANGED, id="the rounding of a very short job"),
        pytest.param("job_duration_ms", 10, 15, Result.REGRESSED, id="a job of 15 ms instead of 10"),
        pytest.param("redis_ping_ms_median", 0.2, 0.4, Result.REGRESSED, id="Redis answers after twice the time"),
    ],
)
def test_a_change_that_nobody_feels_is_none(series, before, after, result):
    random, key = np.random.default_rng(20261122), SeriesKey.of(series, {"of": "a"})
    samples = [{key: sample_of(level * random.uniform(0.9, 1.1, 300))} for level in (before, after)]
    (typical,) = (one for one in compare_all(*samples) if one.statistic == "typical")
    assert typical.result is result, typical.comparison.reason


def test_few_scattered_values_suffice_to_tell_that_nobody_feels_a_change():
    """Else an alert would go on for as long as the queue is quiet: inconclusive neither fires nor resolves."""
    random, key = np.random.default_rng(20261122), SeriesKey.of("queue_wait_ms", {"queue": "a"})
    before, after = ({key: sample_of(random.choice([1.0, 1.0, 2.0, 5.0], 40))} for _ in range(2))
    (typical,) = (one for one in compare_all(before, after) if one.statistic == "typical")
    assert typical.result is Result.UNCHANGED, typical.comparison.reason
