"""Rules and runbooks hold together: every rule has one, every one has a rule, and what they tell people to do works."""

from __future__ import annotations

import re

import pytest
from support.facts import LIMITS

from maxbooster_ops.alerting.rulebook.rulebook import load_rulebook
from maxbooster_ops.alerting.rulebook.runbooks import runbook_names, runbook_text
from maxbooster_ops.errors import UsageError

BOOK = load_rulebook(None, LIMITS, staging=False)
USED = {rule.runbook for rule in (*BOOK.rules, *(rule for rule, _ in BOOK.waiting))}
SPECIFIED = {
    "high_error_rate", "database_connections", "generation_failures", "frontend_unavailable", "redis_down",
    "queue_backlog", "stalled_jobs", "memory_growth",
}  # fmt: skip


def test_every_runbook_belongs_to_a_rule():
    """`first_response` is for any alert, so also for the rules of users that name none."""
    assert set(runbook_names()) - {"first_response"} == USED
    assert SPECIFIED <= USED


@pytest.mark.parametrize("name", runbook_names())
def test_a_runbook_says_how_to_find_out_what_to_do_and_when_it_is_over(name: str):
    text = runbook_text(name)
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Diagnosis", "Response", "Recovery"]
    sections = re.split(r"^## .+$", text, flags=re.MULTILINE)[1:]
    assert [section for section in sections if "1. " not in section] == []
    assert len(text.splitlines()) < 40


def test_an_address_stands_for_the_runbook_behind_it():
    assert "https://wiki.example/redis" in runbook_text("https://wiki.example/redis")


def test_an_unknown_runbook_is_refused_with_the_nearest():
    with pytest.raises(UsageError, match="`redis_dwn` is no runbook; did you mean `redis_down`"):
        runbook_text("redis_dwn")
