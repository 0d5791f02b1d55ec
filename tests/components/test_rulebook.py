"""The default rules and the user's files over them, from real folders."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from support.facts import LIMITS

from maxbooster_ops.alerting.rule import Severity
from maxbooster_ops.alerting.rulebook.rulebook import DEFAULT_FOLDER, Rulebook, load_rulebook
from maxbooster_ops.alerting.rulebook.runbooks import runbook_names, runbook_text
from maxbooster_ops.cli.main import COMMANDS
from maxbooster_ops.errors import UsageError
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.lake import Lake, open_lake

DEFAULT = load_rulebook(None, LIMITS, staging=False)


def loaded(folder: Path, text: str, file: str = "mine.yaml") -> Rulebook:
    (folder / file).write_text(text, encoding="utf-8")
    return load_rulebook(folder, LIMITS, staging=False)


def test_the_default_rules_are_sound():
    assert DEFAULT.problems == ()
    assert {rule.origin for rule in DEFAULT.rules} == {"default"}
    assert DEFAULT.waiting == ()


# As the specification's table: name, condition, `for` in minutes, severity.
SPECIFIED = """\
queue_backlog > 100 0 warning
queue_backlog_critical > 1000 0 critical
queue_failed_jobs > 50 0 error
queue_failed_rate > 10 0 error
queue_failed_rate_lasting > 5 5 error
queue_stalled > 10 0 error
redis_latency > 100 0 error
redis_down > 0 0 critical
ai_cache_utilization > 90 0 warning
ai_cache_hit_rate < 50 0 warning
memory_usage > 2048 0 warning
error_rate > 5 0 critical
high_error_rate > 1 5 critical
database_pool_exhaustion > 90 5 critical
system_downtime > 0 0 critical
data_integrity > 0 0 critical
high_latency > 1000 5 error
queue_depth_high > 200 10 error
cache_hit_rate_low < 70 10 error
database_pool_warning > 70 10 warning
redis_memory_warning > 85 10 warning
redis_memory_critical > 90 10 critical
slow_transaction > 30 0 warning
generation_failures > 10 0 critical
critical_error > 0 0 critical
quota_exceeded > 100 0 warning
database_slow > 500 0 warning
job_failure_rate > 50 0 critical
platform_api_failure > 30 0 warning
system_error_rate > 10 0 warning
dead_letters_parked > 0 0 error
pipeline_failure > 0 0 error
collection_stopped > 180 0 error
elevated_error_rate > 0.5 5 error
server_errors > 10 0 error
high_traffic > 1000 0 warning
database_connections_high > 140 0 warning
database_pool_high > 80 5 error
database_connection_wait > 50 5 error
database_query_latency > 500 5 error
database_connection_errors > 5 0 error
cache_evictions > 500 0 warning
cache_latency > 20 5 error
forecast_workers_busy > 95 10 warning
forecast_slow > 30 5 error
forecast_failures > 5 5 error
many_active_users > 5000 0 warning
many_forecasts > 1000 0 warning
tier_limits_hit > 50 0 warning
database_down > 0 2 critical
auth_down > 0 2 critical
api_down > 0 5 error
frontend_down > 0 5 error
generation_down > 0 10 warning
""".splitlines()


@pytest.mark.parametrize("line", SPECIFIED, ids=lambda line: line.split()[0])
def test_a_specified_rule_has_its_threshold_duration_and_severity(line: str):
    name, condition, minutes, severity = re.fullmatch(r"(\w+) (\S+ \S+) (\d+) (\w+)", line).groups()
    rule = DEFAULT.rule(name)
    found = (str(rule.condition), rule.for_, rule.severity.word)
    assert found == (condition, timedelta(minutes=int(minutes)), severity)


def test_special_treatment_is_as_specified():
    assert {rule.name for rule in DEFAULT.rules if rule.immediate} == {"data_integrity", "critical_error"}
    assert DEFAULT.rule("system_downtime").consecutive == 3
    repeated = {rule.name: rule.repeat_every / timedelta(minutes=1) for rule in DEFAULT.rules if rule.repeat_every}
    assert repeated == {
        "slow_transaction": 30,
        "generation_failures": 5,
        "quota_exceeded": 10,
        "certificate_expires": 24 * 60,
        "drill_failed": 24 * 60,
        "drill_needs_review": 24 * 60,
    }


def test_thresholds_of_the_environment_apply_at_once():
    book = load_rulebook(None, replace(LIMITS, queue_waiting=7, error_percent=1.5), staging=False)
    assert (book.rule("queue_backlog").condition.threshold, book.rule("error_rate").condition.threshold) == (7, 1.5)


def test_an_override_changes_only_what_it_gives(tmp_path: Path):
    book = loaded(tmp_path, 'rules:\n- name: queue_backlog\n  condition: "> 500"\n  severity: error\n')
    changed, default = book.rule("queue_backlog"), DEFAULT.rule("queue_backlog")
    assert (changed.condition.threshold, changed.severity, changed.origin) == (500, Severity.ERROR, "mine.yaml")
    assert (changed.series, changed.summary, changed.runbook) == (default.series, default.summary, default.runbook)
    assert (len(book.rules), book.problems) == (len(DEFAULT.rules), ())


def test_an_override_may_replace_the_whole_series(tmp_path: Path):
    query = "SELECT ts, queue, waiting + delayed AS value FROM queue_samples WHERE ts >= $from AND ts < $to"
    book = loaded(tmp_path, f"rules:\n- name: queue_backlog\n  sql: {query}\n")
    assert (book.rule("queue_backlog").series.sql, book.problems) == (query, ())


def test_a_default_rule_and_a_default_inhibition_can_be_switched_off(tmp_path: Path):
    text = """\
rules:
- name: certificate_expires
  enabled: false
inhibitions:
- name: redis_down_silences_its_queues
  enabled: false
"""
    book = loaded(tmp_path, text)
    assert {rule.name for rule in DEFAULT.rules} - {rule.name for rule in book.rules} == {"certificate_expires"}
    assert len(book.inhibitions) == len(DEFAULT.inhibitions) - 1
    with pytest.raises(UsageError, match="There is no rule `certificate_expires`"):
        book.rule("certificate_expires")


def test_a_broken_override_leaves_the_default_in_force(tmp_path: Path):
    book = loaded(tmp_path, "rules:\n- name: queue_backlog\n  for: often\n- name: redis_down\n  for: 1m\n")
    assert book.rule("queue_backlog") == DEFAULT.rule("queue_backlog")
    assert book.rule("redis_down").for_ == timedelta(minutes=1)
    assert [str(problem)[:38] for problem in book.problems] == ["mine.yaml line 3: `for: often` is not "]


def test_later_files_of_the_user_win_over_earlier_ones(tmp_path: Path):
    loaded(tmp_path, 'rules:\n- name: queue_backlog\n  condition: "> 1"\n', "a.yaml")
    book = loaded(tmp_path, 'rules:\n- name: queue_backlog\n  condition: "> 2"\n', "b.yaml")
    assert (book.rule("queue_backlog").condition.threshold, book.rule("queue_backlog").origin) == (2, "b.yaml")


def test_a_file_that_is_no_text_is_a_problem_of_its_own(tmp_path: Path):
    (tmp_path / "bad.yaml").write_bytes(b"\xff\xfe\x00")
    book = load_rulebook(tmp_path, LIMITS, staging=False)
    assert "bad.yaml line 1: the file cannot be read" in str(book.problems[0])
    assert book.rules == DEFAULT.rules


def test_an_edit_is_seen_by_the_next_load(tmp_path: Path):
    assert (
        loaded(tmp_path, 'rules:\n- name: queue_backlog\n  condition: "> 1"\n').rule("queue_backlog").for_
        == timedelta()
    )
    assert loaded(tmp_path, "rules:\n- name: queue_backlog\n  for: 9m\n").rule("queue_backlog").for_ == timedelta(
        minutes=9
    )


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    with open_lake(Home(root=tmp_path_factory.mktemp("lake"))) as opened:
        yield opened


@pytest.mark.parametrize("name", runbook_names())
def test_what_a_runbook_tells_people_to_run_works(lake: Lake, name: str):
    text = runbook_text(name)
    commands = {words.split()[0] for words in re.findall(r"`maxbooster-ops ([^`]+)`", text)}
    assert commands <= {*COMMANDS, "alerts", "rules"}
    for query in re.findall(r'`maxbooster-ops sql "([^"]+)"`', text):
        lake.query(query)


GUIDE = Path(__file__).resolve().parents[2] / "docs" / "alerting.md"


def test_the_guides_worked_example_works(tmp_path: Path):
    example = re.findall(r"```yaml\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)[0]
    book = loaded(tmp_path, example)
    assert (book.problems, book.rule("queue_backlog").for_) == ((), timedelta(minutes=2))
    assert (book.rule("exports_slow").origin, len(book.inhibitions)) == ("mine.yaml", len(DEFAULT.inhibitions) + 1)


def test_every_default_rule_is_in_the_guide():
    guide = GUIDE.read_text(encoding="utf-8")
    names = [rule.name for rule in (*DEFAULT.rules, *(rule for rule, _ in DEFAULT.waiting))]
    assert [name for name in names if f"`{name}`" not in guide] == []
    assert [file.name for file in DEFAULT_FOLDER.glob("*.yaml") if f"`{file.name}`" not in guide] == []
