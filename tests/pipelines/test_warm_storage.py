"""Dagster's storage kept open holds what Dagster's own storage holds, in the same files."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import dagster as dg
import pytest
import yaml
from dagster._core.instance.ref import InstanceRef
from dagster._core.storage.runs.sqlite.sqlite_run_storage import SqliteRunStorage
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage

from maxbooster_ops.pipelines.warm_storage import WarmStorage

WARM = {"module": "maxbooster_ops.pipelines.warm_storage", "class": "WarmStorage"}


@dg.op
def note(context: dg.OpExecutionContext) -> None:
    """Record one event of an asset."""
    context.log_event(dg.AssetMaterialization("noted"))


@dg.job
def noted():
    """Do just that."""
    note()


@pytest.fixture
def instance(tmp_path):
    """A Dagster instance on the storage that `dagster.yaml` names."""
    (tmp_path / "dagster.yaml").write_text(
        yaml.safe_dump({"storage": {"custom": {**WARM, "config": {"base_dir": str(tmp_path)}}}})
    )
    with dg.DagsterInstance.from_ref(InstanceRef.from_dir(str(tmp_path))) as opened:
        yield opened


def seen(instance: dg.DagsterInstance) -> tuple[list[str], list[str], int]:
    """Give the runs, the materializations by run, and the events of all runs."""
    runs = [record.dagster_run.run_id for record in instance.get_run_records()]
    records = instance.fetch_materializations(dg.AssetKey("noted"), limit=100).records
    return runs, [record.run_id for record in records], sum(len(instance.all_logs(run)) for run in runs)


def test_dagsters_own_storage_reads_the_same_runs_events_and_assets(instance, tmp_path):
    for _ in range(2):
        assert noted.execute_in_process(instance=instance).success
    (tmp_path / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    with dg.DagsterInstance.from_ref(InstanceRef.from_dir(str(tmp_path))) as plain:
        assert type(plain.run_storage) is SqliteRunStorage
        found = seen(plain)
        assert noted.execute_in_process(instance=plain).success
        grown = seen(plain)
    assert found[0]
    assert len(found[1]) == 2
    assert seen(instance) == grown


def test_a_home_that_dagsters_own_storage_made_is_read_on(tmp_path):
    with closing_storage(DagsterSqliteStorage.from_local(str(tmp_path))) as plain:
        plain.run_storage.set_cursor_values({"of": "before"})
    with closing_storage(WarmStorage(str(tmp_path))) as warm:
        assert warm.run_storage.get_cursor_values({"of"}) == {"of": "before"}
        assert warm.schedule_storage.has_built_index("schedule_jobs_selector_id")


def test_a_fork_writes_through_connections_of_its_own(instance, tmp_path):
    storage = instance.run_storage
    storage.set_cursor_values({"parent": "0"})
    child = os.fork()
    if child == 0:
        try:
            for n in range(50):
                storage.set_cursor_values({"child": str(n)})
            os._exit(0)
        finally:
            os._exit(1)  # with an error it must not go on as a second run of these tests
    for n in range(50):
        storage.set_cursor_values({"parent": str(n)})
    assert os.waitpid(child, 0)[1] == 0
    assert storage.get_cursor_values({"parent", "child"}) == {"parent": "49", "child": "49"}
    with closing(sqlite3.connect(tmp_path / "history" / "runs.db")) as file:
        assert file.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_the_deleted_run_leaves_no_open_file(instance, tmp_path):
    """There is a file per run; keeping those open would keep their space after a cleanup, too."""
    run_id = noted.execute_in_process(instance=instance).run_id
    instance.delete_run(run_id)
    held = {str(link.resolve()) for link in Path("/proc/self/fd").iterdir()}
    assert not [path for path in held if run_id in path]
    assert [path for path in held if path.startswith(str(tmp_path / "history" / "runs.db"))]


class closing_storage(closing):  # noqa: N801 -- reads as a function
    """Close a storage as Dagster closes it."""

    def __exit__(self, *_: object) -> None:
        self.thing.dispose()


def test_a_runs_own_database_has_small_pages(instance, tmp_path):
    run = noted.execute_in_process(instance=instance)
    with closing(sqlite3.connect(tmp_path / "history" / "runs" / f"{run.run_id}.db")) as database:
        assert database.execute("PRAGMA page_size").fetchone() == (1024,)
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
