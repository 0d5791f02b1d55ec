from __future__ import annotations

import re
from pathlib import Path

import pytest

from maxbooster_ops.errors import SettingsError
from maxbooster_ops.settings import Settings, load_settings, variables

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _empty_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No variable of ours and no `.env` beside us."""
    for name in variables():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def test_without_any_variable_the_defaults_of_the_spec_hold():
    settings = load_settings()
    assert (settings.maxbooster_collect_interval_seconds, settings.maxbooster_queue_prefixes) == (30, ("bull",))
    assert (settings.alert_queue_max_waiting, settings.alert_queue_max_failed, settings.alert_error_rate_max) == (
        100,
        50,
        5,
    )


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        pytest.param(
            "MAXBOOSTER_COLLECT_INTERVAL_SECONDS", "4", "greater than or equal to 5", id="below the interval's bound"
        ),
        pytest.param("MAXBOOSTER_COLLECT_INTERVAL_SECONDS", "often", "valid integer", id="no number"),
        pytest.param("REDIS_URL", "localhost:6379", "expected redis://", id="a Redis address without a scheme"),
        pytest.param("REDIS_URL", "redis://:pw@host:port", "expected a port", id="a Redis address with a wrong port"),
        pytest.param("PLATFORM_URL", "not a url", "valid URL", id="no URL"),
        pytest.param("PLATFORM_URL", "ftp://host", "be used: URL scheme should be", id="a scheme of files"),
        pytest.param("PLATFORM_URL", "http://host/?a=1", "without `?`", id="a URL that no path can follow"),
        pytest.param("ALERT_WEBHOOK_URL", "foo", "begins with https://", id="a webhook without a scheme"),
        pytest.param("HEARTBEAT_URL", "https://", "begins with https://", id="a heartbeat without a host"),
        pytest.param("MAXBOOSTER_ENV", "prod", "'production' or 'staging'", id="an unknown environment"),
        pytest.param("MAXBOOSTER_LOG_LEVEL", "LOUD", "expected DEBUG", id="an unknown level"),
    ],
)
def test_a_malformed_value_is_refused_with_its_name_and_what_was_expected(monkeypatch, name, value, said):
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as refusal:
        load_settings()
    assert name in str(refusal.value)
    assert said in str(refusal.value)
    assert ".env.example" in str(refusal.value)


def test_a_mistyped_name_is_refused_with_the_nearest_one(monkeypatch):
    monkeypatch.setenv("MAXBOOSTER_COLECT_INTERVAL_SECONDS", "30")
    with pytest.raises(SettingsError, match="did you mean MAXBOOSTER_COLLECT_INTERVAL_SECONDS"):
        load_settings()


def test_a_mistyped_name_in_the_file_is_refused_too(tmp_path):
    (tmp_path / ".env").write_text("ALERT_QUEUE_MAX_WAITNG=7\n")
    with pytest.raises(SettingsError, match="did you mean ALERT_QUEUE_MAX_WAITING"):
        load_settings()


def test_a_variable_of_another_program_is_none_of_our_business(monkeypatch):
    monkeypatch.setenv("ALERT_SOUND", "gong")
    assert load_settings().alert_queue_max_waiting == 100


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("REDIS_URL", "http://user:hunter2@host", id="another scheme"),
        pytest.param("REDIS_URL", "redis://:hunter2/5@host:6379", id="a slash in the password, which ends the host"),
        pytest.param("SLACK_WEBHOOK_URL", "slack/hunter2", id="a webhook"),
    ],
)
def test_a_refused_secret_is_not_repeated(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as refusal:
        load_settings()
    assert "hunter2" not in str(refusal.value)


def test_a_secret_does_not_show_when_settings_are_printed(monkeypatch):
    monkeypatch.setenv("REDIS_URL", "redis://:hunter2@host:6379/0")
    assert "hunter2" not in repr(load_settings())


def test_a_list_is_separated_by_commas(monkeypatch):
    monkeypatch.setenv("MAXBOOSTER_QUEUES", "forecast, export-data ,")
    assert load_settings().maxbooster_queues == ("forecast", "export-data")


def test_the_command_line_wins_over_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("MAXBOOSTER_HOME", str(tmp_path / "a"))
    assert load_settings(maxbooster_home=tmp_path / "b").maxbooster_home == tmp_path / "b"


def test_a_dot_env_file_is_read(tmp_path):
    (tmp_path / ".env").write_text("ALERT_QUEUE_MAX_WAITING=7\n")
    assert load_settings().alert_queue_max_waiting == 7


def test_every_variable_is_in_the_example_and_in_the_operations_guide():
    example = (ROOT / ".env.example").read_text()
    guide = (ROOT / "docs" / "operations.md").read_text()
    assert set(re.findall(r"^# ?([A-Z_]+)=", example, re.MULTILINE)) == set(variables())
    assert [name for name in variables() if f"`{name}`" not in guide] == []


def test_every_variable_is_described():
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []
