"""The guide of jobs says what the policies are."""

from __future__ import annotations

import re
from pathlib import Path

from maxbooster_ops.jobs.policies import load_policies
from maxbooster_ops.jobs.policy import Priority
from maxbooster_ops.store.home import Home

GUIDE = (Path(__file__).resolve().parents[2] / "docs" / "jobs.md").read_text(encoding="utf-8")


def test_the_table_of_policies_is_what_holds(tmp_path):
    policies, _ = load_policies(Home(root=tmp_path))
    rows = re.findall(r"^\| `([\w-]+)` \| (\d+) \| (\w+) \| (\d+) \|$", GUIDE, re.MULTILINE)
    held = [(p.name, str(p.concurrency), str(p.priority), str(p.retries)) for p in policies.named.values()]
    assert rows == held
    assert ", ".join(str(priority.number) for priority in Priority) in GUIDE


def test_the_example_of_a_file_holds_as_it_stands(tmp_path):
    home = Home(root=tmp_path)
    (example,) = re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)
    home.job_policies.write_text(example, encoding="utf-8")
    policies, problems = load_policies(home)
    assert problems == ()
    assert (policies.policy_of("thumbnails").priority, policies.policy_of("thumbnails").retries) == (Priority.HIGH, 4)


def test_every_field_of_a_policy_is_in_the_guide(tmp_path):
    policies, _ = load_policies(Home(root=tmp_path))
    assert [field for field in type(policies.default).__dataclass_fields__ if f"`{field}`" not in GUIDE] == []
