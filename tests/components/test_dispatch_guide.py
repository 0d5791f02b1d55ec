"""The guide to dispatch says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from maxbooster_ops.alerting.dispatching.decision import Reason
from maxbooster_ops.alerting.dispatching.on_call import parse_on_call
from maxbooster_ops.alerting.dispatching.policy import LEAST_LEVEL
from maxbooster_ops.alerting.rule import Severity

GUIDE = (Path(__file__).resolve().parents[2] / "docs" / "dispatch.md").read_text(encoding="utf-8")


def test_every_reason_is_explained_in_the_order_of_the_stages():
    explained = re.findall(r"(?:^\| (?:tell|hold) \||: hold,) `(\w+)`", GUIDE, re.MULTILINE)
    assert explained == [reason.value for reason in Reason]


def test_the_example_of_the_rotation_is_accepted():
    (example,) = re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)
    assert [person.name for person in parse_on_call(example, Path("on_call.yaml")).people] == ["Ada", "Bob"]
    assert set(yaml.safe_load(example)) == {"starts", "hands_over_at", "time_zone", "people"}


def test_the_levels_of_the_channels_are_those_of_the_policy():
    words = {"pagerduty": "PagerDuty", "email": "e-mail", "slack": "Slack", "webhook": "webhook"}
    (routed,) = re.findall(r"`not_routed` \| (.*) \|", GUIDE)
    for channel, word in words.items():
        level = "everything" if LEAST_LEVEL[channel] is Severity.INFO else LEAST_LEVEL[channel].word
        assert re.search(rf"{word}[^;:]* {level}", routed), channel
