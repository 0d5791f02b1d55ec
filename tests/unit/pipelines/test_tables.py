"""How values read in the tables that Dagster shows."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from maxbooster_ops.pipelines.tables import markdown_table


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        pytest.param(1_234_567, "1,234,567", id="a whole number is exact"),
        pytest.param(1234.5678, "1,234.57", id="another has six digits"),
        pytest.param(None, "–", id="nothing is not zero"),
        pytest.param(True, "yes", id="a truth is no number"),
        pytest.param(datetime(2026, 11, 21, 12, 0, 30, 999, UTC), "2026-11-21 12:00:30", id="a moment, to the second"),
        pytest.param("a|b", "a\\|b", id="text is no markup"),
    ],
)
def test_a_cell_reads_as_its_kind_of_value(value, shown):
    assert markdown_table(("column",), [(value,)]).splitlines()[2] == f"| {shown} |"


def test_a_column_with_a_number_in_it_stands_right():
    ruler = markdown_table(("name", "p95", "seen"), [("a", None, True), ("b", 1.5, False)]).splitlines()[1]
    assert ruler == "|---|---:|---|"
