"""Which scenarios there are: ours, and the user's own where they can be used."""

from __future__ import annotations

import pytest
from support.chaos_kit import written

from maxbooster_ops.readiness.chaos.scenarios import load_catalog
from maxbooster_ops.store.home import Home

ANSWERS = {
    "type": "probe",
    "name": "Redis answers",
    "tolerance": True,
    "provider": {"type": "python", "module": "redis", "func": "answers"},
}


def catalog(tmp_path, file, text=None):
    home = Home(root=tmp_path)
    home.chaos.mkdir()
    (home.chaos / file).write_text(text or written([ANSWERS], steady=[ANSWERS]))
    return load_catalog(home)


def test_a_scenario_of_the_user_comes_after_ours(tmp_path):
    found = catalog(tmp_path, "my-own_2.yaml")
    assert (found.experiments[-1].name, found.five, found.problems) == ("my-own_2", 5, ())


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("mail.yml", "mail.yml is not read: call it mail.yaml."),
        ("a[b].yaml", "a[b].yaml: this cannot be the name of a scenario"),
        ("two words.yaml", "two words.yaml: this cannot be the name"),
        ("a:b.yaml", "a:b.yaml: this cannot be the name"),
        (f"{'a' * 65}.yaml", "at most 64 letters"),
        ("worker-crash.yaml", "a scenario of the product has this name"),
    ],
)
def test_a_name_that_would_harm_a_queue_or_a_folder_is_refused(tmp_path, file, said):
    (problem,) = catalog(tmp_path, file).problems
    assert said in str(problem)
