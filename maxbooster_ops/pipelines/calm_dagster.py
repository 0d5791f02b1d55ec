"""Dagster's own commands, which look around less often.

Belongs here: the intervals of Dagster's that no setting reaches. Not here: what is run (`cli/dagster_services.py`).

`python -m maxbooster_ops.pipelines.calm_dagster dagster-daemon run` is `dagster-daemon run`. Dagster's web server and
daemon each open a connection to the code server every second to ask for its id, and the daemon fetches every definition
anew each minute (decision 0013). Here only `up` replaces a code server, at the same address.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.metadata import entry_points

from maxbooster_ops.errors import ProcessError

_WATCH = ("dagster._grpc.server_watcher", "WATCH_INTERVAL", 5)
"""Until then nobody sees a new code server's definitions; its ticks and runs work at once."""

_RELOAD = ("dagster._daemon.controller", "RELOAD_WORKSPACE_INTERVAL", 150)
"""The watch sees the same sooner. The daemon ends after 300 s without success, and `up` starts a new one."""

_LOOK_UP = ("grpc._common", "MAXIMUM_WAIT_TIMEOUT", 1.0)
"""How often a server that waits for its end looks up; a signal ends the wait by itself."""

INTERVALS = {"dagster": (_LOOK_UP,), "dagster-daemon": (_WATCH, _RELOAD), "dagster-webserver": (_WATCH,)}
"""By the command: the module, its constant, and the seconds it gets."""


def calm(program: str) -> None:
    """Set the intervals of a command; raises `ProcessError` where this Dagster has one of them no more."""
    for name, constant, seconds in INTERVALS[program]:
        module = import_module(name)
        if not isinstance(getattr(module, constant, None), int | float):
            raise ProcessError(f"{name}.{constant} is gone from this Dagster: start {program} without {__name__}.")
        setattr(module, constant, seconds)


def main() -> None:
    """Run the command of Dagster's that the arguments name."""
    program, *arguments = sys.argv[1:]
    calm(program)
    (command,) = entry_points(group="console_scripts", name=program)
    sys.argv = [program, *arguments]
    command.load()()


if __name__ == "__main__":
    main()
