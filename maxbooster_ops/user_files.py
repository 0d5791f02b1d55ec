"""YAML files that a user edits: lists of entries or one set of fields, still knowing on which line everything stands.

Belongs here: YAML, and the sentences about what is wrong with it. Not here: what an entry means
(`sources/probes/monitors.py`, `alerting/rulebook/rule_entry.py`).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml
from pydantic import ValidationError

_SHOWN_CHARACTERS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry as written: its fields, and the tree that knows their lines."""

    fields: Mapping[str, Any]
    node: yaml.MappingNode

    def line(self, at: Sequence[object] = ()) -> int:
        """Give the line of the field at the path `at`, as near as the path leads."""
        line = self.node.start_mark.line
        node: yaml.Node = self.node
        for step in at:
            found = _step(node, step)
            if found is None:
                break
            line, node = found
        return line + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """Something wrong on one line, as a sentence without its full stop."""

    line: int
    sentence: str


def read_lists(text: str, *headings: str) -> tuple[dict[str, list[Entry]], list[Flaw]]:
    """Read the entries below each of the `headings`, and what in the text can be none; an empty text has none.

    Headings of other names are flaws unless they begin with `x-`: there a file may keep YAML anchors.
    """
    lists: dict[str, list[Entry]] = {heading: [] for heading in headings}
    loader = yaml.SafeLoader(text)
    try:
        return lists, list(_fill(lists, loader))
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        return {heading: [] for heading in headings}, [_unreadable(error)]
    finally:
        loader.dispose()


def read_fields(text: str, *, expected: str) -> Entry | Flaw:
    """Read a file that is one set of fields; where it is none, the flaw says what was `expected`."""
    loader = yaml.SafeLoader(text)
    try:
        root = loader.get_single_node()
        if not isinstance(root, yaml.MappingNode):
            return Flaw(line=1, sentence=f"expected {expected}")
        return Entry(fields=loader.construct_document(root), node=root)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        return _unreadable(error)
    finally:
        loader.dispose()


def _unreadable(error: Exception) -> Flaw:
    if not isinstance(error, yaml.MarkedYAMLError):
        return Flaw(line=1, sentence=f"this is no YAML that can be read: {error}")
    line = error.problem_mark.line + 1 if error.problem_mark else 1
    return Flaw(line=line, sentence=f"this is no YAML: {error.problem}")


def _fill(lists: dict[str, list[Entry]], loader: yaml.SafeLoader) -> Iterator[Flaw]:
    """Put the entries into `lists` and give the flaws."""
    root = loader.get_single_node()
    if root is None:
        return
    pairs = root.value if isinstance(root, yaml.MappingNode) else []
    expected = " or ".join(f"`{heading}:`" for heading in lists)
    if not any(key.value in lists for key, _ in pairs):
        yield Flaw(line=root.start_mark.line + 1, sentence=f"expected {expected} with a list of entries below it")
        return
    for key, value in pairs:
        if key.value in lists:
            yield from _fill_one(lists[key.value], key.value, value, loader)
        elif not str(key.value).startswith("x-"):
            yield Flaw(line=key.start_mark.line + 1, sentence=f"`{key.value}:` is not known here, only {expected}")


def _fill_one(entries: list[Entry], heading: str, node: yaml.Node, loader: yaml.SafeLoader) -> Iterator[Flaw]:
    if not isinstance(node, yaml.SequenceNode):
        yield Flaw(line=node.start_mark.line + 1, sentence=f"expected `{heading}:` with a list of entries below it")
        return
    for item in node.value:
        fields = loader.construct_document(item)
        if isinstance(item, yaml.MappingNode) and all(isinstance(name, str) for name in fields):
            entries.append(Entry(fields=fields, node=item))
        else:
            found = str(fields)[:_SHOWN_CHARACTERS]
            yield Flaw(
                line=item.start_mark.line + 1, sentence=f"`{found}` is no entry. Expected fields such as `name: …`"
            )


def _step(node: yaml.Node, step: object) -> tuple[int, yaml.Node] | None:
    """Follow one step of a path: the line of a field's name and its value, or an item of a list."""
    if isinstance(node, yaml.MappingNode):
        return next(((key.start_mark.line, value) for key, value in node.value if key.value == step), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step].start_mark.line, node.value[step]
    return None


def sentence_of(
    error: ValidationError, fields: Mapping[str, Any], *, known: Iterable[str], noun: str
) -> tuple[str, Sequence[object]]:
    """Say what is wrong with `fields`, and at which path; `noun` is what an entry is: "a monitor"."""
    # A mistyped name also makes the right one missing; the mistake is what to tell.
    first = min(error.errors(), key=lambda found: found["type"] != "extra_forbidden")
    kind, at = first["type"], first["loc"]
    reason = first["msg"].removeprefix("Value error, ")
    name = ".".join(step for step in at if isinstance(step, str))
    if not at:
        return reason, at
    if kind == "missing":
        return f"`{fields.get('name')}` has no `{name}`", at
    if kind == "extra_forbidden":
        return f"`{name}` is no field of {noun}; " + did_you_mean(name, known, otherwise="remove it"), at
    reason = reason if kind == "value_error" else f"cannot be used: {reason[:1].lower()}{reason[1:]}"
    return f"`{name}: {str(_found(fields, at))[:_SHOWN_CHARACTERS]}` {reason}", at


def did_you_mean(name: str, known: Iterable[str], *, otherwise: str) -> str:
    """Ask for the nearest known name; say `otherwise` where none is near."""
    nearest = difflib.get_close_matches(name, list(known), n=1)
    return f"did you mean `{nearest[0]}`?" if nearest else otherwise


def _found(fields: Mapping[str, Any], at: Sequence[object]) -> object:
    found: Any = fields
    for step in at:
        found = found.get(step) if isinstance(found, Mapping) else found
    return found
