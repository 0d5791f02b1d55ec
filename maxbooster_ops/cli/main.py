"""The command `maxbooster-ops`: which commands there are, and how an error reaches the person.

Belongs here: the registry of commands. Not here: what any of them does.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from maxbooster_ops import __version__
from maxbooster_ops.cli.output import console, errors
from maxbooster_ops.errors import MaxboosterError

COMMANDS = (
    "up",
    "status",
    "collect",
    "queues",
    "ai",
    "health",
    "alerts",
    "rules",
    "jobs",
    "dead-letters",
    "baseline",
    "regressions",
    "trends",
    "slo",
    "chaos",
    "burn-in",
    "sql",
)


class _CommandsByName(TyperGroup):
    """The commands, each imported when it is called: `up` runs for days and must not carry what the others need."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 -- as Typer calls it
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"maxbooster_ops.cli.{cmd_name.replace('-', '_')}")
        if hasattr(module, "app"):  # a command with commands of its own; the help lists it by the name it has itself
            group = typer.main.get_command(module.app)
            group.name = cmd_name
            return _hide_types_of_switches(group, ctx)
        single = typer.Typer(add_completion=False, rich_markup_mode="markdown")
        single.command(cmd_name)(module.run)
        return _hide_types_of_switches(typer.main.get_command(single), ctx)

    def get_params(self, ctx: Any) -> list[Any]:
        parameters = super().get_params(ctx)
        _hide_types(parameters)
        return parameters


def _hide_types_of_switches(command: Any, ctx: Any) -> Any:
    """Let the help of a command, and of its own commands, show `--json`: Typer's `--json <bool>` asks for a value."""
    _hide_types(command.get_params(ctx))
    for inner in getattr(command, "commands", {}).values():
        _hide_types_of_switches(inner, ctx)
    return command


def _hide_types(parameters: Iterable[Any]) -> None:
    for parameter in parameters:
        if getattr(parameter, "is_flag", False):
            parameter.metavar = ""


app = typer.Typer(
    name="maxbooster-ops",
    cls=_CommandsByName,
    help="Watch a production platform: queues, Redis, HTTP services, caches, hosts.\n\nStart with `maxbooster-ops up`.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    rich_markup_mode="markdown",
)


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
        errors.print(str(error), markup=False, highlight=False, soft_wrap=True)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
