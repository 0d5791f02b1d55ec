"""What the file of who is on call may say, and how it is refused."""

from __future__ import annotations

from datetime import UTC, date, time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from maxbooster_ops.alerting.dispatching.on_call import OnCallFileError, parse_on_call
from maxbooster_ops.alerting.dispatching.rotation import Person

FILE = Path("on_call.yaml")

WHOLE = """\
starts: 2026-01-05
hands_over_at: 10:30
time_zone: Europe/Berlin
people:
  - name: Ada
    email: ada@example.com
  - name: Bob
    email: bob@example.com
"""


def test_everything_that_can_be_said():
    rotation = parse_on_call(WHOLE, FILE)
    assert rotation.people == (
        Person(name="Ada", email="ada@example.com"),
        Person(name="Bob", email="bob@example.com"),
    )
    assert (rotation.starts_on, rotation.hands_over_at) == (date(2026, 1, 5), time(10, 30))
    assert rotation.time_zone == ZoneInfo("Europe/Berlin")


def test_the_handover_is_at_nine_in_utc_where_nothing_else_is_said():
    text = WHOLE.replace("hands_over_at: 10:30\ntime_zone: Europe/Berlin\n", "")
    rotation = parse_on_call(text, FILE)
    assert (rotation.hands_over_at, rotation.time_zone) == (time(9), UTC)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        pytest.param("09:00", time(9), id="text to YAML"),
        pytest.param("10:30", time(10, 30), id="a number to the base of sixty to YAML"),
        pytest.param('"23:59"', time(23, 59), id="quoted"),
        pytest.param("00:00", time(0), id="midnight"),
    ],
)
def test_a_time_of_day_needs_no_quotes(written, expected):
    assert parse_on_call(WHOLE.replace("10:30", written), FILE).hands_over_at == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(WHOLE.replace("Berlin", "Berln"), "line 3: `time_zone: Europe/Berln` is no time zone", id="zone"),
        pytest.param(
            WHOLE.replace("Europe/Berlin", "../etc"), "line 3: `time_zone: ../etc` is no time zone", id="a path"
        ),
        pytest.param(WHOLE.replace("10:30", "noon"), "line 2: `hands_over_at: noon` is no time of day", id="noon"),
        pytest.param(
            WHOLE.replace("10:30", "26:00"), "line 2: `hands_over_at: 1560` is no time of day", id="26 o'clock"
        ),
        pytest.param(WHOLE.replace("2026-01-05", "soon"), "line 1: `starts: soon` cannot be used: input", id="soon"),
        pytest.param(
            WHOLE.replace("2026-01-05", "2026-01-35"), "line 1: this is no YAML that can be read", id="day 35"
        ),
        pytest.param(WHOLE.replace("starts: 2026-01-05\n", ""), "line 1: `starts` is missing", id="no start"),
        pytest.param(
            WHOLE.replace("bob@example.com", "bob"), "line 8: `email: bob` cannot be used: string should", id="e-mail"
        ),
        pytest.param(WHOLE.replace("    email: bob@example.com\n", ""), "line 7: `email` is missing", id="no e-mail"),
        pytest.param(WHOLE.replace("bob@", "ada@"), "line 4: `people: [{'name': 'Ada'", id="the same person twice"),
        pytest.param(
            WHOLE.replace("name: Bob", "nmae: Bob"),
            "line 7: `nmae` is no field of this file; did you mean `name`?",
            id="mistyped",
        ),
        pytest.param(WHOLE + "phone: 12\n", "line 9: `phone` is no field of this file; remove it", id="unknown"),
        pytest.param("starts: 2026-01-05\npeople: []\n", "line 2: `people: []` cannot be used: list", id="nobody"),
        pytest.param("starts: 2026-01-05\npeople: Ada\n", "line 2: `people: Ada` cannot be used: input", id="text"),
        pytest.param(
            "starts: 2026-01-05\npeople:\n- Ada\n", "line 3: `people: Ada` is no person. Expected", id="a name alone"
        ),
        pytest.param("", "line 1: expected `starts:` with a date", id="empty"),
        pytest.param("- Ada\n", "line 1: expected `starts:` with a date", id="a list"),
        pytest.param("starts: 'x\n", "line 2: this is no YAML: found unexpected end", id="no YAML"),
        pytest.param("a: !!python/name:os.system x\n", "line 1: this is no YAML: could not", id="a tag"),
        pytest.param("people: " + "[" * 5000, "line 1: this is no YAML", id="endlessly nested"),
    ],
)
def test_a_mistake_is_named_with_its_line_and_what_follows(text, expected):
    with pytest.raises(OnCallFileError) as refused:
        parse_on_call(text, FILE)
    assert str(refused.value).startswith(f"on_call.yaml {expected}")
    assert "Nobody is on call until it is corrected" in str(refused.value)
