from __future__ import annotations

from datetime import timedelta

import pytest
from support.facts import NOON

from maxbooster_ops.alerting.channels.posting import Target, retry_after


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(None, None, id="no header"),
        pytest.param("0", timedelta(), id="at once"),
        pytest.param("0.34", timedelta(seconds=0.34), id="a fraction of a second, as Discord asks"),
        pytest.param("120", timedelta(minutes=2), id="seconds"),
        pytest.param("-5", timedelta(), id="a time that is past"),
        pytest.param("3600", timedelta(hours=1), id="an hour"),
        pytest.param("3601", timedelta(hours=1), id="more than an hour"),
        pytest.param("1e400", timedelta(hours=1), id="for ever"),
        pytest.param("nan", None, id="not a number"),
        pytest.param("Sat, 21 Nov 2026 12:01:30 GMT", timedelta(seconds=90), id="an HTTP date"),
        pytest.param("Sat, 21 Nov 2026 11:00:00 GMT", timedelta(), id="a date that is past"),
        pytest.param("Sun, 22 Nov 2026 12:00:00 GMT", timedelta(hours=1), id="a date far away"),
        pytest.param("soon", None, id="a word"),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(value, expected):
    assert retry_after(value, NOON) == expected


def test_a_target_that_is_printed_tells_no_address():
    target = Target(url="https://hooks.example.com/s3cr3t", secrets=("s3cr3t-key",))
    assert "s3cr3t" not in repr(target)
    assert "example" not in str(target)
