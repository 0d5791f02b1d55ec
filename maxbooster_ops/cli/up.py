"""`maxbooster-ops up`: everything, on one machine, until Ctrl-C."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from types import FrameType
from typing import Annotated

import typer

from maxbooster_ops.cli.dagster_services import DagsterServices
from maxbooster_ops.cli.options import HomeOption, settings_for
from maxbooster_ops.cli.output import console, errors, print_table
from maxbooster_ops.cli.running import running_up, save_running
from maxbooster_ops.errors import StoreError, UsageError, redact
from maxbooster_ops.processes import Supervisor, free_port
from maxbooster_ops.settings import Settings
from maxbooster_ops.sources.targets import Targets
from maxbooster_ops.store.home import Home
from maxbooster_ops.watching import home_of, targets_of


def run(
    dagster_port: Annotated[
        int | None,
        typer.Option("--dagster-port", min=1, max=65535, help="Port of the Dagster UI [3000].", show_default=False),
    ] = None,
    home: HomeOption = None,
) -> None:
    """Start everything and keep it running until Ctrl-C.

    With REDIS_URL or PLATFORM_URL it watches those. Without, it starts a sandbox: a real Redis, real BullMQ workers
    and a small HTTP platform.
    """
    settings = settings_for(home, quiet=True, maxbooster_dagster_port=dagster_port)
    place = home_of(settings).prepare()
    if other := running_up(place):
        raise UsageError(
            f"`up` already runs on {place.root} (pid {other.owner.pid}): {other.dagster_url}. Stop it, or choose "
            "another --home."
        )
    for number in (signal.SIGINT, signal.SIGTERM):  # a shell that starts us in the background ignores SIGINT for us
        signal.signal(number, _interrupt)
    with ExitStack() as stack:
        supervisor = stack.enter_context(Supervisor(place.logs))
        _start(settings, place, supervisor)


def _start(settings: Settings, place: Home, supervisor: Supervisor) -> None:
    if settings.redis_url is None and settings.platform_url is None:
        from maxbooster_ops.sandbox.platform import start_sandbox  # noqa: PLC0415 -- an extra that a watcher does without

        with console.status("Starting the sandbox platform"):
            start_sandbox(supervisor, place.sandbox)
    _take_first_beat(place)
    port = free_port(settings.maxbooster_dagster_port)
    if port != settings.maxbooster_dagster_port:
        errors.print(f"Port {settings.maxbooster_dagster_port} is in use; the Dagster UI takes {port}.", style="yellow")
    services = DagsterServices(supervisor, place, host=settings.maxbooster_dagster_host, port=port)
    with console.status("Starting Dagster"):
        services.start()
    save_running(place, services.url)
    _print_table(services.url, place, targets_of(settings))
    try:
        while True:
            time.sleep(1)
            services.restart_ended()
    except KeyboardInterrupt:
        console.print("\nStopping …")


def _take_first_beat(home: Home) -> None:
    """Create or migrate the store and fill it once, in a process of its own: this one runs for days and stays small."""
    command = [sys.executable, "-m", "maxbooster_ops", "collect", "--home", str(home.root)]
    with console.status("Taking the first beat"):
        beat = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 -- our own command
    if beat.returncode:
        raise StoreError(beat.stderr.strip().partition(": ")[2] or beat.stderr.strip())


def _print_table(url: str, home: Home, targets: Targets) -> None:
    rows = [
        ("Dagster UI", url),
        ("home", str(home.root)),
        ("watched", targets.origin),
        ("  Redis", redact(targets.redis_url.get_secret_value()) if targets.redis_url else None),
        ("  platform", targets.platform_url),
        ("logs", str(home.logs)),
    ]
    print_table("maxbooster-ops is up", ("", ""), rows)
    console.print("\nSee `maxbooster-ops status`, `queues`, `health`, `sql`. Ctrl-C stops everything.")


def _interrupt(_: int, __: FrameType | None) -> None:
    raise KeyboardInterrupt
