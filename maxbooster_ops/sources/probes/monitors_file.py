"""A monitors file as text: its entries, and what of it can be none.

Belongs here: reading the file and wording what is wrong with it. Not here: YAML (`user_files.py`) or what an entry
means (`monitors.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from maxbooster_ops.errors import SettingsError
from maxbooster_ops.user_files import Entry, read_lists

_REMEDY = "Correct the file; it is read again by the next run."


class MonitorsFileError(SettingsError):
    """A monitors file, or one entry of it, cannot be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RawEntry:
    """One entry as written, and the file that it stands in."""

    file: Path
    entry: Entry

    @property
    def fields(self) -> Mapping[str, Any]:
        """What is written."""
        return self.entry.fields

    def problem(self, sentence: str, at: Sequence[object] = ()) -> MonitorsFileError:
        """Say what is wrong with the field at the path `at`, and on which line it stands."""
        return problem(self.file, self.entry.line(at), sentence)


def problem(file: Path, line: int, sentence: str) -> MonitorsFileError:
    """Say what is wrong on a line, and that nothing else is affected."""
    return MonitorsFileError(f"{file.name} line {line}: {sentence}. The other monitors stay active. {_REMEDY}")


def read_entries(file: Path) -> tuple[list[RawEntry], list[MonitorsFileError]]:
    """Read the entries under `monitors:`, and what there is that can be none."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        return [], [
            MonitorsFileError(f"{file.name} cannot be read: {error}. The other monitors stay active. {_REMEDY}")
        ]
    lists, flaws = read_lists(text, "monitors")
    entries = [RawEntry(file=file, entry=entry) for entry in lists["monitors"]]
    return entries, [problem(file, flaw.line, flaw.sentence) for flaw in flaws]
