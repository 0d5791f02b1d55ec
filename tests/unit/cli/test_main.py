from __future__ import annotations

import re

from typer.testing import CliRunner

from maxbooster_ops.cli.main import COMMANDS, app


def test_the_help_lists_every_command_by_its_name():
    listed = re.findall(r"^│ ([a-z][a-z-]*) ", CliRunner().invoke(app, ["--help"]).output, re.MULTILINE)
    assert listed == list(COMMANDS)
