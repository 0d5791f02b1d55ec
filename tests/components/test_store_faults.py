"""The store when the machine fails it: a full disk, a folder without permission, a held lock."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from filelock import FileLock
from support.facts import NOON, fact
from support.need import lacking, mounting

from maxbooster_ops.errors import StoreBusyError
from maxbooster_ops.store import lake as lake_module
from maxbooster_ops.store.beats import Batch, Outcome, beat_id
from maxbooster_ops.store.duck import connect, connect_trusting
from maxbooster_ops.store.facts import BeatTaken
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.opening import open_store

_ON_A_SMALL_DISK = """
import json, sys
from datetime import timedelta
from pathlib import Path
from support.facts import NOON, fact
from maxbooster_ops.errors import StoreFullError
from maxbooster_ops.store.beats import Batch, beat_id
from maxbooster_ops.store.facts import BeatTaken, QueueSample
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.opening import open_store

disk = Path(sys.argv[1])
filler, said, stored = disk / "filler", [], 0
with open_store(Home(root=disk / "home")) as store:
    def beat(number):
        due = NOON + timedelta(seconds=number)
        recalled = store.beats.recall()
        count = recalled["counter"].memory["n"] + 1 if "counter" in recalled else 1
        samples = [fact(QueueSample, queue=f"q{i}") for i in range(500)]
        facts = [fact(BeatTaken, ts=due, kind="beat", due=due, rows=count), *samples]
        store.beats.store(Batch(id=beat_id(due), due=due, facts=facts, memories={"counter": {"n": count}}), recalled)
    beat(0)
    try:
        with filler.open("wb") as file:
            while True:
                file.write(bytes(4096)); file.flush()
    except OSError:
        pass
    for number in range(1, 4):
        try:
            beat(number)
        except StoreFullError as error:
            said.append(str(error))
    filler.unlink()
    beat(10)
    rows = [row["rows"] for row in store.lake.query("SELECT rows FROM beats ORDER BY ts")]
    remembered = store.beats.recall()["counter"].memory["n"]
print(json.dumps({"said": said, "rows": rows, "remembered": remembered}))
"""


def test_a_full_disk_is_said_clearly_and_beats_go_on_when_there_is_room(tmp_path):
    """A real file system of 128 MB, full to the last page; what was counted before and after is counted once."""
    script, disk = tmp_path / "script.py", tmp_path / "disk"
    script.write_text(_ON_A_SMALL_DISK)
    disk.mkdir()
    command = [*mounting(), f"mount -t tmpfs -o size=128m tmpfs {disk} && exec {sys.executable} {script} {disk}"]
    path = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[1])}
    run = subprocess.run(command, capture_output=True, text=True, check=False, env=path)
    assert run.returncode == 0, run.stderr
    told = json.loads(run.stdout)
    assert told["said"]
    assert all("No room is left" in line and "Nothing that was acknowledged is lost" in line for line in told["said"])
    assert told["rows"] == list(range(1, len(told["rows"]) + 1))
    assert told["remembered"] == len(told["rows"]) >= 2


def test_a_lock_that_stays_taken_names_its_file(tmp_path, monkeypatch):
    monkeypatch.setattr(lake_module, "LOCK_SECONDS", 0.05)
    with open_store(Home(root=tmp_path)) as store:
        with FileLock(store.home.write_lock), pytest.raises(StoreBusyError, match=r"write\.lock"):
            store.beats.store(Batch(id="b", due=NOON, facts=[]), {})
        assert store.beats.store(_batch(1), {}) is Outcome.STORED


def _batch(number):
    due = NOON + timedelta(seconds=number)
    return Batch(id=beat_id(due), due=due, facts=[fact(BeatTaken, ts=due, kind="beat", due=due)])


def test_homes_share_one_file_of_each_extension_and_mend_a_damaged_one(tmp_path):
    """Else every home weighs 69 MB before its first row."""
    homes = [Home(root=tmp_path / name) for name in ("first", "second")]
    for home in homes:
        connect(home).close()
    first, second = (sorted(home.extensions.rglob("*.duckdb_extension")) for home in homes)
    assert [file.name for file in first] == ["ducklake.duckdb_extension", "sqlite_scanner.duckdb_extension"]
    assert all(one.samefile(other) for one, other in zip(first, second, strict=True))


@pytest.mark.parametrize("way_in", [connect, connect_trusting])
def test_an_extension_that_is_damaged_or_of_unknown_makers_is_replaced_before_it_is_loaded(tmp_path, way_in):
    home = Home(root=tmp_path)
    way_in(home).close()
    extension, _ = sorted(home.extensions.rglob("*.duckdb_extension"))
    content = extension.read_bytes()
    extension.unlink()
    extension.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))  # the signature stands at the end
    with way_in(home) as connection:
        loaded = connection.sql("SELECT extension_name FROM duckdb_extensions() WHERE loaded").fetchall()
    assert ("ducklake",) in loaded
    assert extension.read_bytes() == content


@pytest.fixture
def home_elsewhere(tmp_path):
    """A home where no file can have a second name for one of the environment's."""
    elsewhere = Path("/dev/shm")
    if not elsewhere.is_dir() or elsewhere.stat().st_dev == tmp_path.stat().st_dev:
        lacking("another disk", "mount /dev/shm")
    with TemporaryDirectory(dir=elsewhere) as folder:
        yield Home(root=Path(folder))


def test_extensions_are_copied_where_the_home_is_on_another_disk(home_elsewhere):
    connect(home_elsewhere).close()
    assert [file.stat().st_nlink for file in home_elsewhere.extensions.rglob("*.duckdb_extension")] == [1, 1]


def test_a_copy_that_one_process_uses_is_not_taken_away_by_another_that_came_to_install_it(home_elsewhere):
    script = (
        "import sys\nfrom pathlib import Path\nfrom maxbooster_ops.store.home import Home\n"
        "from maxbooster_ops.store.duck import connect_trusting\n"
        "print('ready', flush=True)\nsys.stdin.read()\nconnect_trusting(Home(root=Path(sys.argv[1]))).close()\n"
    )
    command = [sys.executable, "-c", script, str(home_elsewhere.root)]
    pipe = subprocess.PIPE
    at_once = [subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) for _ in range(3)]
    assert {process.stdout.readline() for process in at_once} == {"ready\n"}
    for process in at_once:
        process.stdin.close()
    said = [process.stderr.read() for process in at_once]
    for process in at_once:
        process.wait()
        process.stdout.close()
        process.stderr.close()
    assert said == ["", "", ""]
