"""Templates of reports: HTML that escapes by itself, and Markdown that does so too.

Belongs here: the two environments and how Markdown is escaped. Not here: any template's content.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from maxbooster_ops.readiness.report.table import Table

TEMPLATES = Path(__file__).with_name("templates")
"""What all reports share: the page around them and its style."""

_MARKS = frozenset("\\|`*_[]<>!#~&$@")
_LIST_START = re.compile(r"^(\d+)([.)])(?=\s|$)|^([-+=])(?=[-+=\s]|$)")
"""What makes a list or a rule of a line that only begins with it."""

_LINK = re.compile(r"(?i)(\w)(://)|\b(www)(\.)")
"""What becomes a link by itself; somebody else's text should not lead readers anywhere."""


def render(folder: Path, template: str, content: Mapping[str, Any]) -> str:
    """Render a template of `folder`; one that ends in `.md.j2` as Markdown, any other as HTML.

    Text is escaped whatever it holds; only a `Markup` is taken as it is.
    """
    return _environment(folder, is_markdown=template.endswith(".md.j2")).get_template(template).render(content)


@lru_cache
def _environment(folder: Path, *, is_markdown: bool) -> Environment:
    environment = Environment(
        loader=FileSystemLoader([folder, TEMPLATES]),
        autoescape=not is_markdown,  # noqa: S701 -- HTML's escapes; Markdown has `finalize`
        finalize=_in_markdown if is_markdown else None,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["as_markdown"] = _markdown_table
    return environment


def escaped_markdown(text: str) -> str:
    """Escape a text so that Markdown shows it as it is: no column, link, tag or list comes of it."""
    line = " ".join(text.split())
    marked = "".join(f"\\{letter}" if letter in _MARKS else letter for letter in line)
    marked = _LINK.sub(lambda found: f"{found[1] or found[3]}\\{found[2] or found[4]}", marked)
    return _LIST_START.sub(lambda found: f"{found[1] or ''}\\{found[2] or found[3]}", marked)


def _in_markdown(value: Any) -> Any:
    return escaped_markdown(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _markdown_table(table: Table) -> Markup:
    ruler = "|".join("---:" if number in table.numeric else "---" for number in range(len(table.columns)))
    lines = [_markdown_row(table.columns), f"|{ruler}|", *(_markdown_row(row.cells) for row in table.rows)]
    return Markup("\n".join(lines))  # noqa: S704 -- every cell was escaped


def _markdown_row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(escaped_markdown(cell) for cell in cells)} |"
