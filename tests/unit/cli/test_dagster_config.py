"""A release brings its Dagster configuration into homes that keep the default, and never over a person's own."""

from __future__ import annotations

import pytest

from maxbooster_ops.cli.dagster_config import write_dagster_config
from maxbooster_ops.store.home import Home


@pytest.fixture
def home(tmp_path):
    return Home(root=tmp_path).prepare()


def test_a_new_home_gets_the_release_s_configuration(home):
    write_dagster_config(home)
    assert "WarmRunLauncher" in (home.dagster / "dagster.yaml").read_text()


def test_an_older_release_s_configuration_is_replaced(home):
    for name in ("dagster.yaml", "dagster.default.yaml"):
        (home.dagster / name).write_text("telemetry: {enabled: false}\n")
    write_dagster_config(home)
    assert "WarmRunLauncher" in (home.dagster / "dagster.yaml").read_text()


@pytest.mark.parametrize("default", [None, "telemetry: {enabled: false}\n"], ids=["of unknown origin", "edited since"])
def test_a_person_s_configuration_stays(home, default):
    if default:
        (home.dagster / "dagster.default.yaml").write_text(default)
    (home.dagster / "dagster.yaml").write_text("telemetry: {enabled: true}\n")
    write_dagster_config(home)
    assert (home.dagster / "dagster.yaml").read_text() == "telemetry: {enabled: true}\n"
