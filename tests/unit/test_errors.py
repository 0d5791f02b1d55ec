from __future__ import annotations

import pytest

from maxbooster_ops.errors import MaxboosterError, redact


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("redis://:word@host:6379/0 refused", "redis://***@host:6379/0 refused", id="a password alone"),
        pytest.param("https://me:word@host/x", "https://***@host/x", id="a user and a password"),
        pytest.param("GET /x?token=abc&page=2", "GET /x?token=***&page=2", id="a token in a query"),
        pytest.param("https://host/path@home", "https://host/path@home", id="an at sign in a path stays"),
    ],
)
def test_credentials_leave_no_trace_in_text(text, expected):
    assert redact(text) == expected


def test_an_error_of_ours_never_carries_credentials():
    assert "word" not in str(MaxboosterError("cannot reach redis://:word@host"))
