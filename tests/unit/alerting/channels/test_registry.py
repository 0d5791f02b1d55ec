from __future__ import annotations

from pathlib import Path

import pytest

from maxbooster_ops.alerting import channels
from maxbooster_ops.alerting.channels.registry import CHANNEL_NAMES, build_channels
from maxbooster_ops.alerting.dispatching.policy import LEAST_LEVEL
from maxbooster_ops.settings import Settings

EMAIL = {"sendgrid_api_key": "SG.x", "alert_email_from": "ops@example.com", "alert_email_recipients": "a@example.com"}
WEBHOOK = {"alert_webhook_url": "https://example.com/hook"}
SLACK = {"slack_webhook_url": "https://example.com/slack"}
ALL = {
    **EMAIL,
    **WEBHOOK,
    **SLACK,
    "teams_webhook_url": "https://example.com/teams",
    "discord_webhook_url": "https://example.com/discord",
    "pagerduty_routing_key": "R0",
}
INFRASTRUCTURE = {"__init__", "channel", "line", "posting", "private_addresses", "references", "registry", "wording"}


@pytest.fixture(autouse=True)
def _empty_environment(monkeypatch):
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def built(**known):
    return build_channels(Settings(_env_file=None, **known))


def names(found):
    return [channel.name for channel in found.usable]


def test_with_none_configured_alerts_go_to_the_log():
    assert (names(built()), built().problems) == (["log"], ())


def test_all_of_them_stand_in_for_one_another_in_this_order():
    assert names(built(**ALL)) == ["pagerduty", "email", "slack", "teams", "discord", "webhook", "log"]


def test_every_file_of_a_channel_is_one_line_of_the_registry():
    files = {file.stem for file in Path(channels.__file__).parent.glob("*.py")}
    assert files - INFRASTRUCTURE == set(CHANNEL_NAMES)


def test_every_channel_has_a_least_level():
    assert set(LEAST_LEVEL) == set(CHANNEL_NAMES)


@pytest.mark.parametrize(
    ("known", "said"),
    [
        pytest.param({**EMAIL, "alert_email_from": None}, "set ALERT_EMAIL_FROM", id="mail without a sender"),
        pytest.param(
            {**EMAIL, "alert_email_recipients": ""}, "set ALERT_EMAIL_RECIPIENTS", id="mail without recipients"
        ),
        pytest.param({**WEBHOOK, "alert_webhook_secret": "not base64!"}, "base64", id="a secret that is no base64"),
        pytest.param({**WEBHOOK, "alert_webhook_secret": "whsec_"}, "base64", id="an empty secret"),
    ],
)
def test_a_channel_that_cannot_be_used_says_why_and_the_others_work(known, said):
    found = built(**known, **SLACK)
    assert names(found) == ["slack", "log"]
    (problem,) = found.problems
    assert said in problem
    assert "not base64!" not in problem


@pytest.mark.parametrize(
    ("backup", "first"),
    [
        pytest.param("webhook", "webhook", id="the last of them"),
        pytest.param("log", "log", id="the log"),
        pytest.param("slack", "slack", id="the first of them"),
    ],
)
def test_the_backup_is_the_first_to_stand_in(backup, first):
    found = built(**WEBHOOK, **SLACK, alert_backup_channel=backup)
    assert names(found)[0] == first
    assert sorted(names(found)) == ["log", "slack", "webhook"]
    assert found.problems == ()


@pytest.mark.parametrize(
    ("backup", "said"),
    [
        pytest.param("pagerduty", "`pagerduty` is not configured", id="a channel that is not configured"),
        pytest.param("fax", "`fax` is no channel", id="no channel at all"),
    ],
)
def test_a_backup_that_cannot_be_used_is_named_with_those_that_can(backup, said):
    found = built(**WEBHOOK, alert_backup_channel=backup)
    assert names(found) == ["webhook", "log"]
    (problem,) = found.problems
    assert said in problem
    assert "expected one of webhook, log" in problem
