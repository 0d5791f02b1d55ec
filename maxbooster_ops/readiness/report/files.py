"""Putting a report's files in their place, each in one step.

Belongs here: names and writing. Not here: what they say.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from tempfile import NamedTemporaryFile

from maxbooster_ops.errors import StoreError
from maxbooster_ops.store.home import Home

ENDINGS = (".json", ".html", ".md")
"""In the order in which they are written: who finds the Markdown finds the others as well."""


def report_file(report: Path, ending: str) -> Path:
    """Give one file of the report at `report`, a path without an ending."""
    return report.with_name(report.name + ending)


def kept_path(home: Home, report: Path) -> str:
    """Give the path of a report as both stores keep it: below the home, which may be moved."""
    return report.relative_to(home.root).as_posix()


def placed(home: Home, kept: str) -> Path:
    """Tell where the report is whose path the stores kept; it has no ending."""
    return home.root / kept


def write_report(home: Home, name: str, texts: Mapping[str, Iterable[str]]) -> Path:
    """Write a text, given in pieces, for each of `ENDINGS`; give the path without an ending.

    What an earlier report of that name left is replaced; a reader sees each file as it was before or as it is now.
    Raises `StoreError` where that is not possible.
    """
    report = home.reports / name
    try:
        home.reports.mkdir(parents=True, exist_ok=True)
        for ending in ENDINGS:
            _put(report_file(report, ending), texts[ending])
    except OSError as error:
        if home.is_full(error):
            raise home.full(error) from error
        raise StoreError(
            f"The report {report} cannot be written: {error}. What it tells is kept in the lake."
        ) from error
    return report


def _put(path: Path, pieces: Iterable[str]) -> None:
    with NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as fresh:
        try:
            for piece in pieces:
                # A half of a surrogate pair, as a platform may send, is no character: in JSON its escape is wanted.
                fresh.write(piece.encode("utf-8", "backslashreplace"))
            fresh.flush()
        except BaseException:
            Path(fresh.name).unlink(missing_ok=True)
            raise
    Path(fresh.name).chmod(0o644)
    Path(fresh.name).replace(path)
