"""A file about objectives or maintenance as text: its entries, and what of it can be none.

Belongs here: reading such a file and wording what is wrong with it. Not here: what an entry means (`objective_file.py`,
`maintenance_file.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from maxbooster_ops.errors import SettingsError
from maxbooster_ops.user_files import Entry, read_lists

_REMEDY = (
    "The other entries stay in force. Correct the file; it is read again by the next run and by `maxbooster-ops slo`."
)


class SloFileError(SettingsError):
    """A file about objectives or maintenance, or one entry of it, cannot be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileEntry:
    """One entry as written, and the file that it stands in."""

    file: Path
    entry: Entry

    @property
    def fields(self) -> Mapping[str, Any]:
        """What is written."""
        return self.entry.fields

    def problem(self, sentence: str, at: Sequence[object] = ()) -> SloFileError:
        """Say what is wrong with the field at the path `at`, and on which line it stands."""
        return _problem(self.file, self.entry.line(at), sentence)


def read_entries(file: Path, heading: str) -> tuple[list[FileEntry], list[SloFileError]]:
    """Read the entries under `heading`, and what there is that can be none."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        return [], [SloFileError(f"{file.name} cannot be read: {error}. {_REMEDY}")]
    lists, flaws = read_lists(text, heading)
    entries = [FileEntry(file=file, entry=entry) for entry in lists[heading]]
    return entries, [_problem(file, flaw.line, flaw.sentence) for flaw in flaws]


def _problem(file: Path, line: int, sentence: str) -> SloFileError:
    return SloFileError(f"{file.name} line {line}: {sentence}{'' if sentence.endswith('?') else '.'} {_REMEDY}")
