from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maxbooster_ops.readiness.report.plots.axis import scale_of, time_ticks
from maxbooster_ops.readiness.report.plots.points import parted, thinned, unbroken
from maxbooster_ops.readiness.report.plots.strip import Cell, cells_of, strip
from maxbooster_ops.readiness.report.plots.time_plot import Line, TimePlot, draw

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
FINITE = st.floats(min_value=-1e12, max_value=1e12, allow_nan=False)
ANYTHING = st.one_of(st.none(), st.floats())


def at(number):
    return NOON + number * MINUTE


def plot(values, **changes):
    line = Line(label="value", points=[(at(number), value) for number, value in enumerate(values)])
    fields = {"title": "A series", "unit": "ms", "start": NOON, "end": at(max(len(values) - 1, 0)), "lines": [line]}
    return TimePlot(**{**fields, **changes})


def line_paths(svg):
    return re.findall(r'class="line-a[ a-z]*" d="([^"]*)"', svg)


@given(values=st.lists(FINITE, min_size=1, max_size=400), columns=st.integers(1, 60))
def test_thinning_keeps_every_spike_and_the_order(values, columns):
    run = [(at(number), value) for number, value in enumerate(values)]
    kept = thinned(run, (run[0][0], run[-1][0]), columns)
    assert {min(values), max(values)} <= {value for _, value in kept}
    assert kept == [point for point in run if point in set(kept)]
    assert len(kept) <= 2 * (columns + 1)


@given(values=st.lists(ANYTHING, max_size=60), limit=st.one_of(st.none(), st.floats(1e-3, 1e6)))
def test_whatever_was_measured_the_drawing_holds_finite_numbers_only(values, limit):
    svg = draw(plot(values, limit=limit))
    known = [value for value in values if value is not None and abs(value) <= 1e15]
    assert (svg is None) == (not known)
    assert svg is None or not re.search(r"nan|inf|None", svg.replace("A series", ""), re.IGNORECASE)


def test_a_line_is_broken_where_nothing_is_known():
    (path,) = line_paths(draw(plot([1.0, 2.0, None, 3.0, 4.0])))
    assert path.count("M") == 2


def test_a_line_does_not_lead_over_a_gap():
    (path,) = line_paths(draw(plot([1.0, 2.0, 3.0, 4.0], gaps=[(at(1), at(2))])))
    assert path.count("M") == 2
    assert unbroken([(at(1), 2.0), (at(2), 3.0)], [(at(1), at(2))]) == [[(at(1), 2.0)], [(at(2), 3.0)]]


@pytest.mark.parametrize(
    ("start", "end", "is_parted"),
    [
        pytest.param(at(0.02), at(0.98), True, id="from due time to due time"),
        pytest.param(at(-5), at(0.02), False, id="over before the first was taken, a little late"),
        pytest.param(at(0.98), at(5), False, id="begins when the second was due, taken a little late"),
    ],
)
def test_a_gap_parts_two_values_where_it_takes_most_of_the_time_between_them(start, end, is_parted):
    assert parted(at(0), at(1), [(start, end)]) is is_parted


def test_a_value_alone_is_a_dot():
    assert 'class="line-a dots"' in draw(plot([7.0]))


@pytest.mark.parametrize(
    ("limit", "is_drawn"),
    [pytest.param(25.0, True, id="two and a half times as high"), pytest.param(25.1, False, id="far above the values")],
)
def test_a_limit_is_drawn_where_it_does_not_flatten_the_values(limit, is_drawn):
    assert ('class="limit"' in draw(plot([9.0, 10.0], limit=limit))) is is_drawn


@given(values=st.lists(FINITE, min_size=1))
def test_every_value_has_a_place_on_its_axis(values):
    scale = scale_of(values)
    assert all(0 <= scale.share(value) <= 1 for value in values)
    assert len(scale.ticks) <= 7


def test_noise_does_not_look_like_mountains():
    scale = scale_of([100.0, 100.1])
    assert scale.high - scale.low >= 10


@pytest.mark.parametrize(
    ("length", "labels"),
    [
        pytest.param(timedelta(seconds=50), ["11-21", "00:00:10"], id="less than a minute has seconds"),
        pytest.param(timedelta(minutes=20), ["11-21", "00:05"], id="twenty minutes"),
        pytest.param(timedelta(days=1), ["11-21", "06:00", "12:00", "18:00", "11-22"], id="a day"),
        pytest.param(timedelta(days=9), ["11-21", "11-23"], id="days have dates"),
    ],
)
def test_times_are_labelled_at_round_moments(length, labels):
    midnight = NOON.replace(hour=0)
    found = [label for _, label in time_ticks(midnight, midnight + length)]
    assert found[: len(labels)] == labels
    assert len(found) <= 6


def test_one_failed_check_of_a_day_of_ten_seconds_is_seen():
    step = timedelta(seconds=10)
    found = [(NOON + number * step, "failed" if number == 5000 else "ok") for number in range(8641)]
    svg = strip("checks", cells_of(found, step), (NOON, NOON + timedelta(days=1)))
    assert 'class="found-failed" d="M347 0h1v12' in svg


def test_where_no_check_was_nothing_is_shown_but_the_gap():
    svg = strip(
        "checks",
        [Cell(start=NOON, end=at(1), found="ok"), Cell(start=at(5), end=at(6), found="ok")],
        (NOON, at(6)),
        gaps=[(at(1), at(3))],
    )
    assert 'class="found-gap" d="M100 0h200' in svg
    assert 'class="found-ok" d="M0 7h100v5h-100zM500 7h100v5h-100z"' in svg


def test_a_check_that_is_not_followed_holds_for_an_interval_only():
    cells = cells_of([(NOON, "ok"), (at(60), "failed")], MINUTE)
    assert [cell.end - cell.start for cell in cells] == [1.5 * MINUTE, MINUTE]
