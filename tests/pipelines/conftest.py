from __future__ import annotations

from pathlib import Path

import pytest
from support.made_homes import HomeMaker

from maxbooster_ops.settings import variables
from maxbooster_ops.store.home import Home


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made_home: HomeMaker) -> Home:
    """A home of its own with an empty store, which the settings name, and no variable of the machine's."""
    for name in variables():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MAXBOOSTER_HOME", str(tmp_path / "home"))
    return made_home(tmp_path / "home")
