"""Which channels there are, and what each takes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from maxbooster_ops.alerting.dispatching.policy import LEAST_LEVEL, LOG, policy_of
from maxbooster_ops.alerting.rule import Severity
from maxbooster_ops.settings import Settings


def settings(**given) -> Settings:
    return Settings(_env_file=None, **given)


def test_every_channel_has_the_level_of_the_specification_and_the_log_is_always_there():
    policy = policy_of(settings(), ["pagerduty", "email", "slack", "teams", "discord", "webhook"], (), None)
    assert {route.channel: route.least for route in policy.routes} == LEAST_LEVEL
    assert [route.channel for route in policy.routes if route.hears_acknowledgements] == ["pagerduty"]


def test_people_are_spared_floods_and_programs_are_not():
    policy = policy_of(settings(), ["pagerduty", "email", "slack", "teams", "discord", "webhook"], (), None)
    unlimited = {route.channel for route in policy.routes if route.most_per_window is None}
    limits = {route.most_per_window for route in policy.routes} - {None}
    assert (unlimited, limits) == ({"webhook", LOG}, {3})


def test_without_any_channel_the_log_takes_everything():
    (route,) = policy_of(settings(), [], (), None).routes
    assert (route.channel, route.least) == (LOG, Severity.INFO)


def test_the_log_is_there_once_even_if_it_is_named():
    assert [route.channel for route in policy_of(settings(), ["log", "slack"], (), None).routes] == ["log", "slack"]


def test_a_channel_without_a_level_of_its_own_takes_everything():
    assert policy_of(settings(), ["carrier pigeon"], (), None).routes[0].least is Severity.INFO


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [
        pytest.param(None, None, id="unset leaves it to rules and severities"),
        pytest.param(0, timedelta(), id="zero is no cooldown, not none given"),
        pytest.param(7.5, timedelta(minutes=7.5), id="some"),
    ],
)
def test_the_setting_overrides_the_cooldown(minutes, expected):
    assert policy_of(settings(alert_cooldown_minutes=minutes), [], (), None).cooldown == expected
