from __future__ import annotations

import pytest

from maxbooster_ops.alerting.scenarios.series_notation import MOST_VALUES, expand


@pytest.mark.parametrize(
    ("notation", "expected"),
    [
        pytest.param("", (), id="nothing"),
        pytest.param("5 -1.5 1e3", (5, -1.5, 1000), id="numbers"),
        pytest.param("5x3", (5, 5, 5, 5), id="the first and three more"),
        pytest.param("0+10x3", (0, 10, 20, 30), id="steps up"),
        pytest.param("4-2x2", (4, 2, 0), id="steps down"),
        pytest.param("-1-2x2", (-1, -3, -5), id="steps down from below zero"),
        pytest.param("1e-1x1", (0.1, 0.1), id="an exponent is no step"),
        pytest.param("1 _ 2 _x3 3", (1, None, 2, None, None, None, 3), id="gaps"),
    ],
)
def test_a_notation_is_one_value_per_interval(notation, expected):
    assert expand(notation) == expected


@pytest.mark.parametrize("wrong", ["five", "5x", "5+", "5+10", "__", "_x", "5x-1", "5 x 3", "stale", "nan"])
def test_what_is_no_value_is_quoted_with_what_was_expected(wrong):
    with pytest.raises(ValueError, match=r"holds `.+`, which is no value\. Expected a number"):
        expand(f"1 {wrong}")


@pytest.mark.parametrize("notation", ["1x999999999999", "_x999999999999", "1x60000 1x60000"])
def test_far_too_many_values_are_refused_before_they_fill_the_memory(notation):
    with pytest.raises(ValueError, match=f"more than {MOST_VALUES:,} values"):
        expand(notation)
