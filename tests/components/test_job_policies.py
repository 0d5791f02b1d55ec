"""The policies file of the user, over the policies of the platform's jobs."""

from __future__ import annotations

from datetime import timedelta

import pytest

from maxbooster_ops.jobs.policies import load_policies
from maxbooster_ops.jobs.policy import Priority
from maxbooster_ops.store.home import Home

SPECIFIED = {
    "content-generation": (5, Priority.MEDIUM, 3),
    "project-scheduled-publish": (10, Priority.HIGH, 0),
    "item-scheduled-publish": (5, Priority.HIGH, 3),
    "generate-report": (5, Priority.MEDIUM, 3),
    "export-data": (3, Priority.LOW, 3),
}


@pytest.fixture
def load(tmp_path):
    def load(text):
        home = Home(root=tmp_path)
        home.job_policies.write_text(text, encoding="utf-8")
        return load_policies(home)

    return load


def numbers(policies):
    return {name: (found.concurrency, found.priority, found.retries) for name, found in policies.named.items()}


def test_without_a_file_of_the_user_the_five_of_the_specification_hold_and_others_are_tried_three_times(tmp_path):
    policies, problems = load_policies(Home(root=tmp_path / "nowhere"))
    assert problems == ()
    assert numbers(policies) == SPECIFIED
    other = policies.policy_of("never heard of")
    assert (other.name, other.attempts, other.priority) == ("never heard of", 3, Priority.MEDIUM)
    assert (other.breaker_failures, other.breaker_open_for) == (5, timedelta(seconds=60))
    assert not other.limits_all_workers


def test_an_entry_changes_only_what_it_gives_and_a_new_one_has_the_rest_of_the_default(load):
    policies, problems = load(
        "policies:\n"
        "- {name: export-data, concurrency: 7, timeout: 30 min}\n"
        "- {name: thumbnails, priority: HIGH}\n"
        "- {name: default, breaker_failures: 9}\n"
    )
    assert problems == ()
    assert numbers(policies) == SPECIFIED | {
        "export-data": (7, Priority.LOW, 3),
        "thumbnails": (3, Priority.HIGH, 2),
    }
    assert policies.policy_of("export-data").timeout == timedelta(minutes=30)
    assert {policies.policy_of(name).breaker_failures for name in (*policies.named, "other")} == {9}


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        pytest.param("concurrency: 0", "line 4: `concurrency: 0` cannot be used: input should be", id="out of bounds"),
        pytest.param("retries: three", "line 4: `retries: three` cannot be used: input should be", id="no number"),
        pytest.param("priority: high", "line 4: `priority: high` cannot be used: input should be 'HIGH'", id="unknown"),
        pytest.param("stuck_after: 10", "line 4: `stuck_after: 10` is not a duration", id="no unit"),
        pytest.param("breaker_open_for: 9 d", "line 4: `breaker_open_for: 9 d` is out of bounds", id="too long"),
        pytest.param("concurency: 4", "line 4: `concurency` is no field of a job policy; did you mean", id="typo"),
    ],
)
def test_a_broken_entry_is_refused_with_its_line_and_the_others_hold(load, entry, sentence):
    policies, (problem,) = load(
        "policies:\n- {name: thumbnails, retries: 1}\n"
        f"- name: export-data\n  {entry}\n- {{name: default, retries: 0}}\n"
    )
    assert str(problem).startswith(f"job_policies.yaml {sentence}")
    assert "The other policies hold" in str(problem)
    assert numbers(policies) == SPECIFIED | {"thumbnails": (3, Priority.MEDIUM, 1)}
    assert policies.default.retries == 0


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        pytest.param("policies: [", "job_policies.yaml line 1: this is no YAML", id="no YAML"),
        pytest.param("jobs: []", "job_policies.yaml line 1: expected `policies:`", id="another heading"),
        pytest.param("policies:\n- retries: 2\n", "job_policies.yaml line 2: `None` has no `name`", id="no name"),
        pytest.param(
            "policies:\n- {name: default, retries: -1}\n", "line 2: `retries: -1` cannot", id="broken default"
        ),
        pytest.param("policies:\n- name: a\n- name: a\n", "line 3: `name: a` stands there twice", id="twice"),
    ],
)
def test_whatever_the_file_is_the_five_hold(load, text, sentence):
    policies, (problem,) = load(text)
    assert sentence in str(problem)
    assert SPECIFIED.items() <= numbers(policies).items()


def test_a_file_that_cannot_be_read_is_a_problem_and_nothing_more(tmp_path):
    home = Home(root=tmp_path)
    home.job_policies.mkdir()
    policies, (problem,) = load_policies(home)
    assert "job_policies.yaml cannot be read" in str(problem)
    assert numbers(policies) == SPECIFIED
