"""The store on a machine that is not set to UTC: what it writes and what it compares is UTC all the same."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

_WRITE_AND_TIDY = """
import sys
from datetime import timedelta
from pathlib import Path
from maxbooster_ops.clock import utc_now
from maxbooster_ops.store.facts import SourceFailure
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.lake import open_lake
from maxbooster_ops.store.maintenance.lake_upkeep import Bounds, tidying

with open_lake(Home(root=Path(sys.argv[1]))) as lake:
    for number in range(3):
        fact = SourceFailure.of("redis", OSError("gone"), at=utc_now(), target="", hint="")
        lake.write(lambda transaction: transaction.insert([fact], batch_id=str(number)))
    bounds = Bounds.at(utc_now(), grace=timedelta(hours=int(sys.argv[2])))
    print(sum(freed.files for freed in tidying(lake, bounds)["expire"]()))
"""


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata", "Pacific/Kiritimati", "America/St_Johns", "Pacific/Pago_Pago"])
def test_snapshots_are_forgotten_by_their_age_wherever_the_machine_stands(tmp_path, zone):
    """DuckLake keeps the moments of snapshots as text; in a zone of its own they were hours too old or too young."""

    def expired(home: str, *, grace_hours: int) -> int:
        command = [sys.executable, "-c", _WRITE_AND_TIDY, str(tmp_path / home), str(grace_hours)]
        printed = subprocess.run(
            command, env={**os.environ, "TZ": zone}, check=True, stdout=subprocess.PIPE, text=True
        ).stdout
        return int(printed.split()[-1])

    assert expired("at once", grace_hours=0) >= 3
    assert expired("in an hour", grace_hours=1) == 0
    with closing(sqlite3.connect(tmp_path / "in an hour" / "lake" / "catalog.sqlite")) as catalog:
        moments = [moment for (moment,) in catalog.execute("SELECT snapshot_time FROM ducklake_snapshot")]
    assert {moment[-3:] for moment in moments} == {"+00"}
