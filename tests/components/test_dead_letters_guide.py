"""The guide on dead letters: its commands exist with their options, its numbers are the code's."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import typer

from maxbooster_ops.cli.dead_letters import app
from maxbooster_ops.dead_letters.deciding import KEPT_AFTER_END, MOST_TRIES, VANISHED_AFTER
from maxbooster_ops.dead_letters.letter import LetterState

GUIDE = (Path(__file__).resolve().parents[2] / "docs" / "dead-letters.md").read_text(encoding="utf-8")
COMMANDS = typer.main.get_command(app).commands
LINES = re.findall(r"^maxbooster-ops dead-letters ([^#\n]+)", GUIDE, re.MULTILINE)


@pytest.mark.parametrize("line", LINES)
def test_a_command_of_the_guide_is_understood(line):
    name, *arguments = shlex.split(line)
    known = {option for parameter in COMMANDS[name].params for option in parameter.opts}
    assert {word for word in arguments if word.startswith("--")} <= known


def test_every_command_and_state_is_in_the_guide():
    assert LINES
    assert [name for name in COMMANDS if not re.search(rf"`(?:[a-z]+`, `)?{name}(?: ID)?`", GUIDE)] == []
    assert [state for state in LetterState if f"| `{state}` |" not in GUIDE] == []


def test_the_numbers_of_the_guide_hold():
    assert (MOST_TRIES, KEPT_AFTER_END.days, VANISHED_AFTER.total_seconds()) == (5, 30, 600)
    for said in ("Five tries", "30 days", "ten minutes"):
        assert said in GUIDE
