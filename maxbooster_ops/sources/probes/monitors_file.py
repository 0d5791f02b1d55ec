"""A monitors file as text: its entries, each still knowing on which line everything stands.

Belongs here: YAML, and what can be wrong with it before an entry means anything. Not here: what an entry means
(`monitors.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from maxbooster_ops.errors import SettingsError

_REMEDY = "Correct the file; it is read again by the next run."


class MonitorsFileError(SettingsError):
    """A monitors file, or one entry of it, cannot be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RawEntry:
    """One entry as written: its fields, and the tree that knows their lines."""

    file: Path
    fields: Mapping[str, Any]
    node: yaml.MappingNode

    def problem(self, sentence: str, at: Sequence[object] = ()) -> MonitorsFileError:
        """Say what is wrong with the field at the path `at`, and on which line it stands."""
        return problem(self.file, _line(self.node, at), sentence)


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
    loader = yaml.SafeLoader(text)
    try:
        return _entries(file, loader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        return [], [problem(file, line, f"this is no YAML: {error.problem}")]
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        return [], [problem(file, 1, f"this is no YAML that can be read: {error}")]
    finally:
        loader.dispose()


def _entries(file: Path, loader: yaml.SafeLoader) -> tuple[list[RawEntry], list[MonitorsFileError]]:
    root = loader.get_single_node()
    if root is None:
        return [], []
    listed = _child(root, "monitors")
    if not isinstance(listed, yaml.SequenceNode):
        line = (listed or root).start_mark.line + 1
        return [], [problem(file, line, "expected `monitors:` with a list of entries below it")]
    entries: list[RawEntry] = []
    problems: list[MonitorsFileError] = []
    for node in listed.value:
        fields = loader.construct_document(node)
        if isinstance(node, yaml.MappingNode) and all(isinstance(name, str) for name in fields):
            entries.append(RawEntry(file=file, fields=fields, node=node))
        else:
            line = node.start_mark.line + 1
            problems.append(problem(file, line, f"`{str(fields)[:60]}` is no entry. Expected fields such as `name: …`"))
    return entries, problems


def _child(node: yaml.Node, name: object) -> yaml.Node | None:
    pair = _pair(node, name)
    return pair[1] if pair else None


def _pair(node: yaml.Node, name: object) -> tuple[yaml.Node, yaml.Node] | None:
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    return next(((key, value) for key, value in pairs if key.value == name), None)


def _line(node: yaml.Node, path: Sequence[object]) -> int:
    line = node.start_mark.line
    for name in path:
        pair = _pair(node, name)
        if pair is None:
            break
        line, node = pair[0].start_mark.line, pair[1]
    return line + 1
