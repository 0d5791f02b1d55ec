"""`maxbooster-ops sql`: ask the store, by one query or in DuckDB's own shell."""

from __future__ import annotations

import csv
import os
import shutil
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import duckdb
import typer

from maxbooster_ops.cli.options import HomeOption, JsonOption, settings_for
from maxbooster_ops.cli.output import errors, json_text, plain, print_answer, print_json
from maxbooster_ops.errors import StoreError, UsageError
from maxbooster_ops.store.asking import Answer, ask
from maxbooster_ops.store.home import Home
from maxbooster_ops.watching import home_of


class Format(StrEnum):
    """How an answer is printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


def run(
    query: Annotated[
        str | None, typer.Argument(help="SQL in DuckDB's dialect, `-` for standard input; none opens the shell.")
    ] = None,
    format: Annotated[Format, typer.Option("--format", "-f", help="How to print the answer.")] = Format.TABLE,  # noqa: A002
    json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Ask the store, read-only, while everything runs.

    Facts are in `ops` (the default), decisions in `state`. Try `sql "SHOW TABLES"`, `sql "FROM latest_queues"`.
    """
    place = home_of(settings_for(home))
    if query is None:
        _open_shell(place)
    try:
        answer = ask(place, sys.stdin.read() if query == "-" else query or "")
    except duckdb.Error as error:
        raise UsageError(f"DuckDB cannot answer this query: {error}") from error
    _print(answer, Format.JSON if json else format)


def _print(answer: Answer, form: Format) -> None:
    if form is Format.JSON:
        print_json([dict(zip(answer.columns, row, strict=True)) for row in answer.rows])
    elif form is Format.CSV:
        writer = csv.writer(sys.stdout)
        writer.writerow(answer.columns)
        writer.writerows([_cell(value) for value in row] for row in answer.rows)
    else:
        # As the store has them: no rounding, no separators in what may be an id.
        print_answer(answer.columns, [[None if v is None else _cell(v) for v in row] for row in answer.rows])
        errors.print(f"{len(answer.rows)} row{'' if len(answer.rows) == 1 else 's'}", style="dim")


def _cell(value: object) -> str:
    """Give a value as text that JSON, SQL and people read alike: true, 0.001, ISO times, JSON for what is nested."""
    value = plain(value)
    if value is None or isinstance(value, str):
        return value or ""
    return json_text(value)


def _open_shell(home: Home) -> None:
    if not home.ops_sql.is_file():
        raise StoreError(
            f"Nothing has been collected in {home.root} yet. Start `maxbooster-ops up`, or take a beat with "
            "`maxbooster-ops collect`."
        )
    beside = Path(sys.executable).with_name("duckdb")
    shell = str(beside) if beside.is_file() else shutil.which("duckdb")
    if shell is None:
        raise UsageError(
            "DuckDB's shell is not installed. Install `duckdb-cli` as in requirements.lock, or give the query as "
            "an argument."
        )
    os.execv(shell, [shell, "-init", str(home.ops_sql)])  # noqa: S606 -- the user asked for this shell
