"""The home's `dagster.yaml`: the release's, until a person edits it.

Belongs here: when it is written. Not here: what is in it (`deploy/dagster.yaml`).
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from maxbooster_ops.errors import ProcessError
from maxbooster_ops.store.home import Home


def write_dagster_config(home: Home) -> None:
    """Write this release's configuration where there is none, or where the one there is an older release's as written.

    What was written last stands beside it, so that a copy which a person has changed is known, and left alone.
    """
    target, written = home.dagster / "dagster.yaml", home.dagster / "dagster.default.yaml"
    current = _release().read_text(encoding="utf-8")
    if not target.is_file() or (written.is_file() and target.read_bytes() == written.read_bytes()):
        target.write_text(current, encoding="utf-8")
        written.write_text(current, encoding="utf-8")


def _release() -> Path:
    packaged = Path(str(files("maxbooster_ops.pipelines"))) / "dagster.yaml"
    checkout = Path(__file__).resolve().parents[2] / "deploy" / "dagster.yaml"
    for candidate in (packaged, checkout):
        if candidate.is_file():
            return candidate
    raise ProcessError(f"deploy/dagster.yaml is missing beside {checkout.parent.parent}; restore it from the release.")
