"""The report of a month, from its stored windows: what it calls kept, and what it says where nobody saw anything."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from maxbooster_ops.errors import UsageError
from maxbooster_ops.slo.objective_file import load_objectives
from maxbooster_ops.slo.report import Month, as_markdown, report_month
from maxbooster_ops.store.lake import open_lake

API = next(one for one in load_objectives().active if one.key == ("API", "availability"))
LATER = datetime(2027, 6, 1, tzinfo=UTC)

_WINDOWS = """
    INSERT INTO ops.slo_windows BY NAME
    SELECT 'made up' AS batch_id, ts, ts AS known_at, 'API' AS service, 'availability' AS objective, 0.9995 AS target,
        'requests' AS indicator, 1000000.0 AS total, 1000000.0 AS weight, 1000000 * $bad_share AS bad, 0.0 AS evidence,
        false AS in_maintenance, 21.6 AS budget_minutes
    FROM generate_series($start + INTERVAL 4 MINUTE, $until - INTERVAL 1 MINUTE, INTERVAL 5 MINUTE) AS windows (ts)"""


@pytest.fixture
def lake(tmp_path, made_home):
    with open_lake(made_home(tmp_path)) as opened:
        yield opened


def reported(lake, text, *, bad_share=None):
    month = Month.parse(text)
    if bad_share is not None:
        bounds = {"start": month.start, "until": month.end, "bad_share": bad_share}
        lake.write(lambda transaction: transaction.connection.execute(_WINDOWS, bounds))
    return report_month(lake, month, [API], (), now=LATER)


@pytest.mark.parametrize("month", ["2026-11", "2026-12", "2027-02"], ids=["30 days", "31 days", "28 days"])
@pytest.mark.parametrize(("bad_share", "is_kept"), [(0.00049, True), (0.00051, False)], ids=["99.951 %", "99.949 %"])
def test_a_whole_month_is_kept_where_as_many_events_were_good_as_promised_however_long_it_is(
    lake, month, bad_share, is_kept
):
    report = reported(lake, month, bad_share=bad_share)
    (one,) = report.objectives
    assert (one.is_kept, report.is_partial) == (is_kept, False)
    assert one.spent_minutes == pytest.approx(43200 * bad_share)


def test_the_worst_days_spend_what_the_month_does(lake):
    report = reported(lake, "2026-12", bad_share=0.01)
    assert len(report.worst_days) == 10
    assert {round(day.spent_minutes, 6) for day in report.worst_days} == {round(432 / 31, 6)}


def test_a_month_that_nobody_saw_was_not_kept(lake):
    report = reported(lake, "2026-11")
    assert [one.is_kept for one in report.objectives] == [None]
    text = as_markdown(report)
    assert "Nothing was seen of any objective" in text
    assert "No objective spent" not in text


def test_a_month_that_has_not_begun_is_refused(lake):
    with pytest.raises(UsageError, match=r"2027-07 has not begun.*2027-06"):
        reported(lake, "2027-07")
