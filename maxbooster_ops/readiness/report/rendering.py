"""Templates of reports: HTML that escapes by itself, and Markdown that does so too.

Belongs here: the two environments. Not here: any template's content, and how Markdown is escaped (`markdown.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from maxbooster_ops import markdown
from maxbooster_ops.readiness.report.table import Table

TEMPLATES = Path(__file__).with_name("templates")
"""What all reports share: the page around them and its style."""


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


def _in_markdown(value: Any) -> Any:
    return markdown.escaped(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _markdown_table(table: Table) -> Markup:
    rows = (row.cells for row in table.rows)
    return Markup(markdown.table(table.columns, rows, right=table.numeric))  # noqa: S704 -- every cell was escaped
