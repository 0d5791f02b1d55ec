"""Dagster's commands with calmer intervals: each constant is still there, still read, and the command is the same."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from importlib import import_module
from types import SimpleNamespace

import dagster
import pytest
from dagster._daemon import controller
from dagster._grpc import server_watcher
from grpc import _common

from maxbooster_ops.errors import ProcessError
from maxbooster_ops.pipelines import calm_dagster


@pytest.fixture(autouse=True)
def _as_before(monkeypatch):
    """Let the rest of the tests see Dagster's own intervals again."""
    for intervals in calm_dagster.INTERVALS.values():
        for module, constant, _ in intervals:
            monkeypatch.setattr(f"{module}.{constant}", getattr(import_module(module), constant))


@pytest.mark.parametrize("program", sorted(calm_dagster.INTERVALS))
def test_a_command_gets_its_intervals(program):
    calm_dagster.calm(program)
    for module, constant, seconds in calm_dagster.INTERVALS[program]:
        assert getattr(import_module(module), constant) == seconds


def test_the_watch_reads_its_interval_when_it_begins(monkeypatch):
    waited = []

    class Client(server_watcher.DagsterGrpcClient):
        def get_server_id(self, timeout):  # noqa: ARG002 -- Dagster's
            return "the same"

    class Stop(threading.Event):
        def wait(self, timeout=None):
            waited.append(timeout)
            self.set()

    monkeypatch.setattr(server_watcher, "WATCH_INTERVAL", 0.125)
    callbacks = (
        "get_location_entry",
        "refresh_code_location",
        "on_disconnect",
        "on_reconnected",
        "on_updated",
        "on_error",
    )
    server_watcher.watch_grpc_server_thread(
        "ours", Client(socket="/nowhere"), Stop(), **dict.fromkeys(callbacks, lambda *_: None)
    )
    assert waited == [0.125]


def test_a_server_that_waits_reads_how_long(monkeypatch):
    waited = []

    def wait(timeout):
        waited.append(timeout)

    monkeypatch.setattr(_common, "MAXIMUM_WAIT_TIMEOUT", 0.125)
    _common.wait(wait, lambda: len(waited) == 3)
    assert waited == [0.125] * 3


def test_the_daemon_reads_how_often_to_reload(monkeypatch):
    class Workspace:
        reloaded = 0

        def refresh_workspace(self):
            self.reloaded += 1

    workspace = Workspace()
    held = SimpleNamespace(_grpc_server_registry=None, _workspace_process_context=workspace)
    monkeypatch.setattr(controller, "RELOAD_WORKSPACE_INTERVAL", 10_000)
    controller.DagsterDaemonController.check_workspace_freshness(held, time.time() - 9_000)
    assert workspace.reloaded == 0
    controller.DagsterDaemonController.check_workspace_freshness(held, time.time() - 11_000)
    assert workspace.reloaded == 1


def test_an_interval_that_is_gone_is_refused(monkeypatch):
    gone = ("dagster._grpc.server_watcher", "NO_SUCH_INTERVAL", 5)
    monkeypatch.setattr(calm_dagster, "INTERVALS", {"dagster-daemon": (gone,)})
    with pytest.raises(ProcessError, match=r"server_watcher.NO_SUCH_INTERVAL is gone from this Dagster"):
        calm_dagster.calm("dagster-daemon")


@pytest.mark.parametrize("program", sorted(calm_dagster.INTERVALS))
def test_the_command_is_dagsters_own(program):
    command = [sys.executable, "-m", calm_dagster.__name__, program, "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert dagster.__version__ in done.stdout
