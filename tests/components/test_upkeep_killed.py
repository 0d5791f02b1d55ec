"""The lake's upkeep in a process that dies: nothing is lost, nothing is there twice, and the next one mends it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.facts import fact
from support.upkeeps import bounds, inlined, parquet, rows_by_batch, write, write_beats

from maxbooster_ops.store.facts import BeatTaken, MetricSample
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.maintenance.retention import Retention
from maxbooster_ops.store.maintenance.upkeep import clean_up
from maxbooster_ops.store.opening import open_store


@pytest.fixture
def home(tmp_path):
    return Home(root=tmp_path / "home")


@pytest.fixture
def store(home, made_home):
    with open_store(made_home(home.root)) as opened:
        yield opened


_UPKEEP = """
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from support.facts import NOON
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.maintenance.lake_upkeep import Bounds
from maxbooster_ops.store.maintenance.retention import Retention
from maxbooster_ops.store.maintenance.upkeep import clean_up, tidy
from maxbooster_ops.store.opening import open_store

with open_store(Home(root=Path(sys.argv[1]))) as store:
    print("ready", flush=True)
    while True:
        now = datetime.now(UTC) + timedelta(seconds=1)
        bounds = Bounds(now=NOON, snapshots_before=now, files_before=now)
        clean_up(store, bounds, Retention()) if sys.argv[2] == "daily" else tidy(store, bounds)
"""


@pytest.fixture
def upkeep_elsewhere(home, tmp_path):
    """Starts a process that does one upkeep after the other; without a core file where it is aborted."""
    script = tmp_path / "upkeep.py"
    script.write_text(_UPKEEP)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[1])}

    @contextmanager
    def start(which):
        command = ["sh", "-c", 'ulimit -c 0; exec "$@"', "sh", sys.executable, str(script), str(home.root), which]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
            try:
                assert process.stdout.readline() == "ready\n"
                yield process
            except BaseException:
                process.kill()  # or a test that failed would wait for its end for ever
                raise

    return start


def test_killed_at_any_moment_nothing_is_lost_or_doubled(store, upkeep_elsewhere):
    """Real SIGKILLs while another process writes; files go at once, so a wrong order of steps would lose rows."""
    written = 0
    for kill in range(5):
        with upkeep_elsewhere("daily") as upkeep:
            deadline = time.monotonic() + 0.3 + 0.37 * kill
            while time.monotonic() < deadline:
                write_beats(store, 1, rows=250 if written % 2 else 5, first=written)
                written += 1
            upkeep.kill()
    clean_up(store, bounds(), Retention())
    assert rows_by_batch(store, "metric_samples") == {
        f"beat-{number}": 250 if number % 2 else 5 for number in range(written)
    }


def test_aborted_in_a_flush_nothing_is_lost_or_doubled_and_the_next_upkeep_mends_it(store, home, upkeep_elsewhere):
    """Real SIGABRTs, as DuckDB would die by itself: from a flush's first file on, ever nearer to its commit."""
    earliest, latest, deaths = 0.0, 0.2, 7
    for death in range(deaths):
        with upkeep_elsewhere("hourly") as upkeep:
            before = set(parquet(home))
            write(store, fact(MetricSample), fact(MetricSample), batch_id=str(death))
            write(store, fact(BeatTaken), batch_id=str(death))
            while set(parquet(home)) <= before:
                assert upkeep.poll() is None
            moment = (earliest + latest) / 2
            time.sleep(moment)
            upkeep.send_signal(signal.SIGABRT)
        assert upkeep.returncode == -signal.SIGABRT
        earliest, latest = (moment, latest) if inlined(store) else (earliest, moment)
    mended = clean_up(store, bounds(), Retention())
    assert mended.problems == ()
    assert rows_by_batch(store, "metric_samples") == {str(death): 2 for death in range(deaths)}
    assert rows_by_batch(store, "beats") == {str(death): 1 for death in range(deaths)}
    assert inlined(store) == 0
    assert clean_up(store, bounds(), Retention()).files("orphans") == 0
