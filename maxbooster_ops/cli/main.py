"""The command `maxbooster-ops`: which commands there are, and how an error reaches the person.

Belongs here: the registry of commands. Not here: what any of them does.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from maxbooster_ops import __version__
from maxbooster_ops.cli import ai, collect, health, queues, sql, status, up
from maxbooster_ops.cli.output import console, errors
from maxbooster_ops.errors import MaxboosterError

app = typer.Typer(
    name="maxbooster-ops",
    help="Watch a production platform: queues, Redis, HTTP services, caches, hosts.\n\nStart with `maxbooster-ops up`.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    rich_markup_mode="markdown",
)

for _module in (up, collect, status, queues, ai, health, sql):
    app.command(_module.NAME)(_module.run)


def _print_version(wanted: bool) -> None:  # noqa: FBT001 -- Typer's callback
    if wanted:
        console.print(f"maxbooster-ops {__version__}", highlight=False)
        raise typer.Exit


@app.callback()
def _options(
    _: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command; an error of ours is a message and exit code 2, Ctrl-C is 130."""
    try:
        app()
    except MaxboosterError as error:
        errors.print(f"[bold red]{type(error).__name__}[/]: ", end="")
        errors.print(str(error), markup=False, highlight=False)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
