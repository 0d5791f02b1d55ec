"""`status` as a person reads it, on a real store."""

from __future__ import annotations

import json

import pytest
from support.facts import fact
from typer.testing import CliRunner

from maxbooster_ops.cli.main import app
from maxbooster_ops.cli.running import WatchedAddresses, save_running
from maxbooster_ops.clock import utc_now
from maxbooster_ops.settings import variables
from maxbooster_ops.store.beats import Batch
from maxbooster_ops.store.facts import BeatTaken, ProbeResult, QueueSample
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.opening import open_store


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home with one beat of some rows."""
    for name in variables():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    home, now = Home(root=tmp_path / "home"), utc_now()
    batch = Batch(
        id="beat-1",
        due=now,
        facts=[
            fact(BeatTaken, ts=now, due=now, kind="beat", rows=1, sources=2),
            fact(ProbeResult, ts=now, monitor="API", up=True, every_seconds=300),
            fact(ProbeResult, ts=now, monitor="Search", up=False, every_seconds=300),
            fact(QueueSample, ts=now, prefix="bull", queue="forecast", waiting=1200, failed=3),
        ],
    )
    with open_store(home) as store:
        store.beats.store(batch, {})
    return home


def status(home, *options):
    done = CliRunner().invoke(app, ["status", "--home", str(home.root), *options])
    assert done.exit_code == 0, done.output
    return done.output


def lines(printed):
    """Give what stands beside each name."""
    parts = (line.strip().split("  ", 1) for line in printed.splitlines())
    return {part[0]: part[1].strip() for part in parts if len(part) == 2}


def test_it_reads_as_sentences_and_what_was_not_seen_is_a_dash(home):
    said = lines(status(home))
    assert said["up"] == "not running"
    assert said["queues"] == "1 queue, 1,200 jobs waiting, 3 failed"
    assert said["monitors"] == "1 of 2 up"
    assert said["newest beat"].endswith(" ago: 1 row, no failure")
    assert (said["Redis"], said["metrics"]) == ("–", "–")
    assert said["alerts"] == "none open; not judged yet"


def test_it_tells_what_up_watches_though_this_terminal_has_not_its_variables(home):
    watched = WatchedAddresses(by="settings", redis="redis://***@host:6379", platform=None)
    save_running(home, "http://127.0.0.1:3000", watched)  # this process stands for `up`
    assert lines(status(home))["Dagster UI"] == "http://127.0.0.1:3000"
    assert "redis://***@host:6379" in status(home)
    assert json.loads(status(home, "--json"))["watched"] == {
        "by": "settings",
        "redis": "redis://***@host:6379",
        "platform": None,
    }
