from __future__ import annotations

import json

from maxbooster_ops.cli.up import unreadable


def test_what_the_first_beat_could_not_read_is_said_source_by_source():
    sources = {"redis": {"rows": 0, "error": "AuthenticationError: WRONGPASS"}, "host": {"rows": 1, "error": None}}
    printed = json.dumps({"ts": "2026-11-22T12:00:00+00:00", "sources": sources}) + "\n"
    assert list(unreadable(printed)) == ["redis cannot be read yet: AuthenticationError: WRONGPASS"]
