from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maxbooster_ops.errors import MaxboosterError, redact


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("redis://:word@host:6379/0 refused", "redis://***@host:6379/0 refused", id="a password alone"),
        pytest.param("https://me:word@host/x", "https://***@host/x", id="a user and a password"),
        pytest.param("GET /x?token=abc&page=2", "GET /x?token=***&page=2", id="a token in a query"),
        pytest.param("redis://:se/cr@et@host:1/0", "redis://***@host:1/0", id="a password with a slash and an at sign"),
        pytest.param("?access_token=abc&client_secret=d", "?access_token=***&client_secret=***", id="longer names"),
        pytest.param("Authorization: Bearer abcdef123", "Authorization: Bearer ***", id="a header"),
        pytest.param("https://host/path?page=2", "https://host/path?page=2", id="an address without a secret stays"),
    ],
)
def test_credentials_leave_no_trace_in_text(text, expected):
    assert redact(text) == expected


def test_an_error_of_ours_never_carries_credentials():
    assert "word" not in str(MaxboosterError("cannot reach redis://:word@host"))


@given(word=st.text(st.characters(exclude_categories=["Z", "C"], exclude_characters="'\"<>"), min_size=4))
def test_no_password_survives_in_an_address(word):
    marked = f"s3cr3t{word}"
    assert marked not in redact(f"cannot reach redis://user:{marked}@host:6379/0")


def test_a_megabyte_without_a_space_is_searched_in_no_time():
    """As slow as its length squared, this would take hours."""
    assert redact(f"{'x' * 1_000_000} token=abc").endswith(" token=***")
