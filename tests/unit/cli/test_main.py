from __future__ import annotations

import re

import pytest
from typer.testing import CliRunner

from maxbooster_ops.cli.main import COMMANDS, app


def test_the_help_lists_every_command_by_its_name():
    listed = re.findall(r"^│ ([a-z][a-z-]*) ", CliRunner().invoke(app, ["--help"]).output, re.MULTILINE)
    assert listed == list(COMMANDS)


@pytest.mark.parametrize("command", [(), ("sql",), ("alerts", "list"), ("dead-letters", "redrive")], ids=" ".join)
def test_the_help_shows_a_switch_without_a_value(command):
    printed = CliRunner().invoke(app, [*command, "--help"]).output
    assert "--help" in printed
    assert "bool" not in printed
