"""The home folder: the one place that everything a running system writes is under.

Belongs here: where each thing lies, and whether we may write there. Not here: what is in them.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from maxbooster_ops.errors import StoreError, StoreFullError

_NO_SPACE = ("No space left on device", "disk is full", "Disk quota exceeded", "File too large")
"""How the operating system, SQLite and DuckDB say that nothing more can be written."""

_PERHAPS_NO_SPACE = ("disk I/O error", "unable to open database file")
"""SQLite says these for a full disk too, when it was one of its side files that found no room or no inode."""

_FULL_BELOW_BYTES = 1024**2


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """The folders and files under one root; `MAXBOOSTER_HOME` moves it."""

    root: Path

    @property
    def lake(self) -> Path:
        """Folder of the lake: its catalog and the Parquet files beside it."""
        return self.root / "lake"

    @property
    def catalog(self) -> Path:
        """DuckLake's catalog, a SQLite file."""
        return self.lake / "catalog.sqlite"

    @property
    def lake_files(self) -> Path:
        """The lake's Parquet files."""
        return self.lake / "files"

    @property
    def write_lock(self) -> Path:
        """The file that whoever writes to the lake holds locked."""
        return self.lake / "write.lock"

    @property
    def state(self) -> Path:
        """The state, a SQLite file."""
        return self.root / "state.db"

    @property
    def extensions(self) -> Path:
        """DuckDB's extensions, copied from their wheels so that nothing is fetched."""
        return self.root / "duckdb_extensions"

    @property
    def ops_sql(self) -> Path:
        """What `duckdb -init` reads to open both stores."""
        return self.root / "ops.sql"

    @property
    def dagster(self) -> Path:
        """DAGSTER_HOME."""
        return self.root / "dagster"

    @property
    def sandbox(self) -> Path:
        """What the sandbox platform writes, and where it says how to reach it."""
        return self.root / "sandbox"

    @property
    def logs(self) -> Path:
        """Output of the programs that `up` starts."""
        return self.root / "logs"

    @property
    def monitors(self) -> Path:
        """The user's own monitors, over the default ones."""
        return self.root / "monitors.yaml"

    @property
    def objectives(self) -> Path:
        """The user's own objectives, over the default ones."""
        return self.root / "objectives.yaml"

    @property
    def maintenance(self) -> Path:
        """The user's planned maintenance."""
        return self.root / "maintenance.yaml"

    @property
    def rules(self) -> Path:
        """Folder of the user's own alert rules, over the default ones."""
        return self.root / "rules"

    @property
    def on_call(self) -> Path:
        """Who is on call."""
        return self.root / "on_call.yaml"

    @property
    def job_policies(self) -> Path:
        """The user's own job policies, over the default ones."""
        return self.root / "job_policies.yaml"

    @property
    def chaos(self) -> Path:
        """Folder of the user's own chaos scenarios, beside ours."""
        return self.root / "chaos"

    @property
    def drills(self) -> Path:
        """Where a drill under way keeps its stand, and the lock that only one drill holds."""
        return self.root / "drills"

    @property
    def baselines(self) -> Path:
        """Saved baselines as files."""
        return self.root / "metrics-baseline"

    @property
    def reports(self) -> Path:
        """Reports for people."""
        return self.root / "reports"

    def prepare(self) -> Home:
        """Create the folders; raise `StoreError` where that is not allowed."""
        try:
            for folder in (self.lake_files, self.dagster, self.logs):
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            if self.is_full(error):
                raise self.full(error) from error
            raise self._unwritable(str(error)) from error
        for folder in (self.root, self.lake):
            if not os.access(folder, os.W_OK):
                raise self._unwritable("permission denied")
        return self

    def _unwritable(self, reason: str) -> StoreError:
        return StoreError(
            f"The home folder {self.root} cannot be written ({reason}). Everything a running system keeps goes there: "
            f"give this user write permission, or choose another folder with --home or MAXBOOSTER_HOME."
        )

    def is_full(self, error: BaseException) -> bool:
        """Tell whether `error`, met while using the home, means that no room is left."""
        text = str(error)
        if any(sign in text for sign in _PERHAPS_NO_SPACE):
            disk = os.statvfs(self.root)
            return disk.f_bavail * disk.f_frsize < _FULL_BELOW_BYTES or (disk.f_files > 0 and disk.f_favail == 0)
        return any(sign in text for sign in _NO_SPACE)

    def full(self, error: BaseException) -> StoreFullError:
        """Say that there is no room left; what was acknowledged before is safe."""
        return StoreFullError(
            f"No room is left for the store in {self.root} ({_first_line(error)}). Nothing that was acknowledged "
            "is lost; "
            f"free some space and the next beat goes on from where the last stored one ended."
        )


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0]
