"""`maxbooster-ops up`: everything, on one machine, until Ctrl-C."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Annotated

import typer
from filelock import FileLock, Timeout

from maxbooster_ops.cli.dagster_services import DagsterServices
from maxbooster_ops.cli.keeping_up import Keeper
from maxbooster_ops.cli.options import HomeOption, settings_for
from maxbooster_ops.cli.output import console, errors, print_lines
from maxbooster_ops.cli.running import WatchedAddresses, running_up, save_running
from maxbooster_ops.errors import StoreError, UsageError
from maxbooster_ops.processes import Supervisor
from maxbooster_ops.settings import Settings
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
    for number in (signal.SIGINT, signal.SIGTERM):  # a shell that starts us in the background ignores SIGINT for us
        signal.signal(number, _interrupt)
    with _only_one(place), Supervisor(place.logs) as supervisor:
        _start(settings, place, supervisor)


@contextmanager
def _only_one(home: Home) -> Iterator[None]:
    """Hold the home for this `up`; a lock that the kernel releases, whatever happens to us."""
    try:
        with FileLock(home.root / "up.lock", timeout=0):
            yield
    except Timeout as error:
        other = running_up(home)
        where = f"(pid {other.owner.pid}): {other.dagster_url}" if other else "and is still starting"
        raise UsageError(f"`up` already runs on {home.root} {where}. Stop it, or choose another --home.") from error


def _start(settings: Settings, place: Home, supervisor: Supervisor) -> None:
    if settings.redis_url is None and settings.platform_url is None:
        from maxbooster_ops.sandbox.platform import start_sandbox  # noqa: PLC0415 -- an extra that a watcher does without

        with console.status("Starting the sandbox platform"):
            start_sandbox(supervisor, place.sandbox)
    _take_first_beat(place)
    _take_back_faults(place)
    wanted = settings.maxbooster_dagster_port
    services = DagsterServices(supervisor, place, host=settings.maxbooster_dagster_host, port=wanted)
    with console.status("Starting Dagster"):
        services.start()
    if services.port != wanted:
        errors.print(f"Port {wanted} is in use; the Dagster UI takes {services.port}.", style="yellow")
    keeper = Keeper(supervisor, services)
    watched = WatchedAddresses.of(targets_of(settings))
    save_running(place, services.url, watched)
    _print_table(services.url, place, watched)
    try:
        while True:
            time.sleep(1)
            keeper.restart_ended()
    except KeyboardInterrupt:
        console.print("\nStopping …")


def _take_first_beat(home: Home) -> None:
    """Create or migrate the store and fill it once, in a process of its own: this one runs for days and stays small."""
    command = [sys.executable, "-m", "maxbooster_ops", "collect", "--json", "--home", str(home.root)]
    with console.status("Taking the first beat"):
        beat = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 -- our own command
    if beat.returncode:
        *_, said = beat.stderr.strip().splitlines() or ["no reason given"]
        raise StoreError(f"The first beat could not be taken. {said}")
    for sentence in unreadable(beat.stdout):
        errors.print(sentence, style="yellow", markup=False, highlight=False, soft_wrap=True)


def unreadable(beats: str) -> Iterator[str]:
    """Say of which sources a beat, as `collect --json` prints it, has an error: a wrong password is told at once."""
    for line in beats.splitlines():
        for name, source in json.loads(line)["sources"].items():
            if source["error"]:
                yield f"{name} cannot be read yet: {source['error']}"


def _take_back_faults(home: Home) -> None:
    """Take back what a chaos drill that died left in force; a sensor tries again what cannot be taken back now."""
    if not home.drills.is_dir():
        return
    command = [sys.executable, "-m", "maxbooster_ops", "chaos", "--roll-back", "--home", str(home.root)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 -- our own command
    if done.returncode:
        errors.print(f"{done.stdout}{done.stderr}".strip(), style="red", markup=False, highlight=False, soft_wrap=True)


def _print_table(url: str, home: Home, watched: WatchedAddresses) -> None:
    rows = [
        ("Dagster UI", url),
        ("home", str(home.root)),
        ("watched", watched.by),
        ("  Redis", watched.redis),
        ("  platform", watched.platform),
        ("logs", str(home.logs)),
    ]
    print_lines("maxbooster-ops is up", rows)
    console.print("\nSee `maxbooster-ops status`, `queues`, `health`, `sql`. Ctrl-C stops everything.")


def _interrupt(_: int, __: FrameType | None) -> None:
    raise KeyboardInterrupt
