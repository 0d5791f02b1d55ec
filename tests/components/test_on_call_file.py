from __future__ import annotations

from pathlib import Path

import pytest

from maxbooster_ops.alerting.dispatching.on_call import OnCallFileError, read_on_call


def test_without_a_file_nobody_is_on_call(tmp_path: Path):
    assert read_on_call(tmp_path / "on_call.yaml") is None


def test_the_file_is_read(tmp_path: Path):
    file = tmp_path / "on_call.yaml"
    file.write_text("starts: 2026-01-05\npeople: [{name: Zoë, email: zoe@example.com}]\n", encoding="utf-8")
    rotation = read_on_call(file)
    assert rotation is not None
    assert [person.name for person in rotation.people] == ["Zoë"]


def test_a_file_that_is_no_text_is_refused(tmp_path: Path):
    file = tmp_path / "on_call.yaml"
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(OnCallFileError, match=r"on_call\.yaml: it cannot be read: .*Nobody is on call"):
        read_on_call(file)
