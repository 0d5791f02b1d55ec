"""Text from outside stays text in Markdown, and tables read well."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from maxbooster_ops.markdown import bullets, escaped, table

MARKDOWN = MarkdownIt("commonmark").enable("table")


@given(text=st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=40))
def test_markdown_shows_any_text_as_it_is(text):
    html = MARKDOWN.render(f"| column |\n|---|\n| {escaped(text)} |")
    shown = html.partition("<td>")[2].partition("</td>")[0]
    assert html.count("<td>") == 1
    assert unescaped(shown) == text


@pytest.mark.parametrize(
    "text", ["1. one", "- one", "+ one", "# one", "> one", "===", "---", "***", "```", "~~~", "[a]: b"]
)
def test_a_line_of_text_stays_a_paragraph(text):
    assert unescaped(MARKDOWN.render(escaped(text))) == f"<p>{text}</p>\n"


@pytest.mark.parametrize("text", ["https://evil.example/x", "see www.evil.example", "me@evil.example"])
def test_an_address_does_not_become_a_link(text):
    harmless = escaped(text)
    assert not any(start in harmless for start in ("https://", "www.", "me@"))
    assert unescaped(MARKDOWN.render(harmless)) == f"<p>{text}</p>\n"


def unescaped(html: str) -> str:
    return html.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", '"').replace("&amp;", "&")


def test_a_table_has_its_numbers_on_the_right_and_no_cell_makes_another():
    assert table(("queue", "waiting"), [("a|b", "12"), ("c\nd", "–")], right={1}).splitlines() == [
        "| queue | waiting |",
        "|---|---:|",
        "| a\\|b | 12 |",
        "| c d | – |",
    ]


def test_a_list_has_one_line_per_text():
    assert bullets(["- one\n- two", "<b>"]) == "- \\- one - two\n- \\<b\\>"
