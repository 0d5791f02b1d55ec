"""Options that several commands share, and what they stand for.

Belongs here: their declaration, reading what was given, and loading the settings with it. Not here: a command.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from maxbooster_ops.logs import configure_logs
from maxbooster_ops.settings import Settings, load_settings

HomeOption = Annotated[
    Path | None,
    typer.Option(
        "--home",
        help="Folder that holds everything written [MAXBOOSTER_HOME, else data/ of the checkout].",
        show_default=False,
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for machines instead of a table for people.")]


def settings_for(home: Path | None, *, quiet: bool = True, **overrides: Any) -> Settings:
    """Load the settings with the command line's `--home` and other overrides; `quiet` logs warnings only."""
    settings = load_settings(maxbooster_home=home, **overrides)
    configure_logs(
        "WARNING" if quiet and settings.maxbooster_log_level == "INFO" else settings.maxbooster_log_level, service="cli"
    )
    return settings
