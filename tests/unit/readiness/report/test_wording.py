from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maxbooster_ops.readiness.report.wording import change, number, outside, quantity, span

PLAIN = st.floats(min_value=-1e9, max_value=1e9, allow_nan=False)


@pytest.mark.parametrize(
    ("value", "beside", "expected"),
    [
        pytest.param(0.4187, None, "0.419", id="three digits below ten"),
        pytest.param(12.3456, None, "12.35", id="four digits from ten on"),
        pytest.param(1234.5, None, "1,234", id="no decimals from a thousand on"),
        pytest.param(1234567.0, None, "1,234,567", id="all whole digits of a large one"),
        pytest.param(0.0, None, "0", id="zero"),
        pytest.param(-8.8e-12, None, "0", id="what arithmetic leaves of zero"),
        pytest.param(99.88, 99.9, "99.88", id="just below the limit"),
        pytest.param(99.8999, 99.9, "99.8999", id="as many digits as that needs"),
        pytest.param(499.96, 500.0, "499.96", id="just below it again"),
        pytest.param(None, None, "–", id="nothing is not zero"),
        pytest.param(float("nan"), None, "–", id="not a number is nothing"),
    ],
)
def test_a_figure_has_the_digits_that_count(value, beside, expected):
    assert number(value, beside=beside) == expected


@given(value=PLAIN, limit=PLAIN)
def test_no_figure_reads_as_if_it_were_on_the_other_side_of_its_limit(value, limit):
    read = float(number(value, beside=limit).replace(",", ""))
    assert read == pytest.approx(value, rel=6e-3)
    assert not (value < limit <= read)
    assert not (read <= limit < value)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        pytest.param(0.25, "250 ms", id="less than a second"),
        pytest.param(10, "10 s", id="seconds"),
        pytest.param(125, "2 min 5 s", id="minutes"),
        pytest.param(3600, "1 h", id="an hour"),
        pytest.param(86400, "24 h", id="a day is 24 h"),
        pytest.param(4230, "1 h 10 min", id="seconds do not count beside hours"),
    ],
)
def test_a_length_of_time_is_said_in_two_units(seconds, expected):
    assert span(timedelta(seconds=seconds)) == expected


def test_a_difference_has_its_sign_and_unit():
    assert [change(12.5, "MB"), change(-3.0, "ms"), change(0.0, "ms"), change(None, "ms")] == [
        "+12.5 MB",
        "-3 ms",
        "0 ms",
        "–",
    ]
    assert quantity(3.0, "") == "3"


def test_text_from_outside_becomes_one_harmless_line():
    said = outside("a\njob\t\x1b[31m\u202eevil\x00 at redis://me:word@host/0 " + "x" * 2000)
    assert said.startswith("a job \ufffd[31m\ufffdevil\ufffd at redis://***@host/0 x")
    assert len(said) == 500
