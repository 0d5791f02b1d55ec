"""What exists is documented: commands, tables, views, settings (see also test_settings), files of the README's map."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from maxbooster_ops.cli.main import COMMANDS
from maxbooster_ops.store import alert_tables, analysis_tables, dead_letter_tables, drill_tables
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.opening import open_store

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "maxbooster_ops"
GUIDE = (ROOT / "docs" / "operations.md").read_text()
README = (ROOT / "README.md").read_text()

METADATA = alert_tables.metadata
assert METADATA is analysis_tables.metadata is dead_letter_tables.metadata is drill_tables.metadata


def test_every_command_is_in_the_guide():
    assert [name for name in COMMANDS if f"`maxbooster-ops {name}`" not in GUIDE] == []


def test_every_module_of_a_command_is_a_command():
    shared = {
        "__init__",
        "main",
        "options",
        "output",
        "keeping_up",
        "running",
        "dagster_services",
        "dagster_config",
        "alert_views",
    }
    shared |= {
        "option_groups",
        "dead_letter_desk",
        "dead_letter_views",
        "chaos_views",
        "burn_in_display",
        "burn_in_views",
    }
    assert {file.stem for file in (ROOT / "maxbooster_ops" / "cli").glob("*.py")} - shared == {
        name.replace("-", "_") for name in COMMANDS
    }


def test_every_table_and_view_is_in_the_guide(tmp_path):
    with open_store(Home(root=tmp_path)) as store:
        rows = store.lake.query(
            "SELECT table_name AS name FROM duckdb_tables() WHERE database_name = 'ops' "
            "UNION ALL SELECT view_name FROM duckdb_views() WHERE database_name = 'ops' AND NOT internal"
        )
    names = [row["name"] for row in rows] + [table.name for table in METADATA.sorted_tables]
    assert [name for name in names if f"`{name}`" not in GUIDE] == []


@pytest.mark.parametrize("file", [*sorted(ROOT.glob("docs/**/*.md")), ROOT / "README.md"], ids=lambda file: file.name)
def test_links_lead_to_files(file):
    targets = re.findall(r"\]\(([^)#]+)\)", file.read_text())
    assert [target for target in targets if not target.startswith("http") and not (file.parent / target).exists()] == []


def test_a_module_that_another_one_names_is_there():
    """Named as seen from the file itself or from a folder that it is in: `engine.py`, `alerting/rule.py`."""
    written_to_the_home = {"ops.sql"}
    named = {
        (file, name)
        for file in PACKAGE.rglob("*.py")
        for name in re.findall(r"`([\w/]+\.(?:py|sql|lua))`", file.read_text())
    }
    assert len(named) > 100
    assert [
        f"{file.relative_to(ROOT)} names {name}"
        for file, name in sorted(named)
        if name not in written_to_the_home and not any((folder / name).is_file() for folder in file.parents)
    ] == []


def test_the_architecture_says_what_every_folder_builds_on():
    """The third column of its table: rows that name modules name all that they import, except the floor."""
    text = (ROOT / "docs" / "architecture.md").read_text()
    rows = re.findall(r"^\| `(\w+)[./][^|]*\|[^|]*\|([^|]*)\|$", text, re.MULTILINE)
    claimed = {name: set(re.findall(r"`(\w+)`", cell)) for name, cell in rows if "everything below" not in cell}
    floor = set(re.findall(r"`(\w+)\.py`", text.partition("the floor:")[2].partition("`lint-imports`")[0]))
    assert claimed == {name: _built_on(name) - floor for name in claimed}
    assert {path.stem for path in PACKAGE.iterdir() if not path.stem.startswith("__")} == {
        *claimed,
        *floor,
        "cli",
        "pipelines",
    }


def _built_on(name):
    files = [PACKAGE / f"{name}.py"] if (PACKAGE / f"{name}.py").is_file() else (PACKAGE / name).rglob("*.py")
    imported = (
        re.findall(r"^\s*from maxbooster_ops(?:\.(\w+)[\w.]*)? import (\w+)", file.read_text(), re.MULTILINE)
        for file in files
    )
    return {module or member for found in imported for module, member in found} - {name, "__version__"}


def test_the_readme_names_every_folder_of_the_package():
    folders = {
        path.name for path in (ROOT / "maxbooster_ops").iterdir() if path.is_dir() and path.name != "__pycache__"
    }
    assert [name for name in folders if f"{name}/" not in README] == []


def test_no_source_file_is_longer_than_300_lines():
    files = [*(ROOT / "maxbooster_ops").rglob("*.py"), *(ROOT / "tests").rglob("*.py")]
    assert {file.name: count for file in files if (count := len(file.read_text().splitlines())) > 300} == {}
