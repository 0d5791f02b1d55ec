from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from maxbooster_ops.cli import output
from maxbooster_ops.cli.output import print_answer, print_json, print_table, shown


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(None, "–", id="not known"),
        pytest.param(0, "0", id="zero is a number"),
        pytest.param(True, "yes", id="a truth"),
        pytest.param(1234567, "1,234,567", id="a large number"),
        pytest.param(0.25, "0.2", id="a fraction"),
        pytest.param(timedelta(milliseconds=999), "999 ms", id="just below a second"),
        pytest.param(timedelta(seconds=1), "1.0 s", id="a second"),
        pytest.param(timedelta(seconds=119), "119 s", id="just below two minutes"),
        pytest.param(timedelta(minutes=2), "2 min", id="two minutes"),
        pytest.param(timedelta(hours=2, minutes=5), "2 h 5 min", id="hours"),
        pytest.param(datetime(2026, 11, 21, 12, 0, tzinfo=UTC), "2026-11-21 12:00:00", id="a moment"),
    ],
)
def test_a_value_reads_as_a_person_writes_it(value, expected):
    assert shown(value) == expected


def test_json_has_no_nan_and_times_are_iso(capsys):
    print_json({"a": float("nan"), "b": float("inf"), "at": datetime(2026, 11, 21, 12, 0, tzinfo=UTC), "none": None})
    assert json.loads(capsys.readouterr().out) == {
        "a": None,
        "b": None,
        "at": "2026-11-21T12:00:00+00:00",
        "none": None,
    }


def test_text_of_the_platform_is_text_and_never_markup(capsys):
    print_table("T", ("queue",), [("[red]alarm[/red]",)])
    assert "[red]alarm[/red]" in capsys.readouterr().out


def test_no_digit_is_cut_off_at_80_columns(capsys, monkeypatch):
    monkeypatch.setattr(output.console, "width", 80)
    columns = ("queue", *(f"n{number}" for number in range(8)))
    print_table("T", columns, [("project-scheduled-publish", *(1_234_567 for _ in range(8)))])
    assert capsys.readouterr().out.count("1,234,567") == 8


def test_half_of_a_character_pair_is_printed_as_json_writes_it(capsys):
    print_json({"text": "\ud83d and \U0001f600"})
    printed = capsys.readouterr().out
    assert json.loads(printed) == {"text": "\ud83d and \U0001f600"}
    assert "\\ud83d" in printed


def test_an_answer_that_fits_is_a_table(capsys, monkeypatch):
    monkeypatch.setattr(output.console, "width", 40)
    print_answer([f"n{number}" for number in range(8)], [["1"] * 8, ["2"] * 8])
    assert [line.split() for line in capsys.readouterr().out.splitlines()][1:] == [["1"] * 8, ["2"] * 8]


def test_an_answer_that_is_too_broad_is_a_block_a_row_so_that_no_word_is_broken(capsys, monkeypatch):
    monkeypatch.setattr(output.console, "width", 40)
    print_answer([f"column_{number}" for number in range(8)], [["first"] * 7 + [None], ["second"] * 8])
    printed = capsys.readouterr().out
    assert (printed.count("row 1"), printed.count("row 2")) == (1, 1)
    assert [line.split() for line in printed.splitlines()][7:9] == [["column_6", "first"], ["column_7", "–"]]


def test_few_columns_are_a_table_however_long_their_text(capsys, monkeypatch):
    monkeypatch.setattr(output.console, "width", 40)
    print_answer(["reason"], [["word " * 20]])
    assert "row 1" not in capsys.readouterr().out
