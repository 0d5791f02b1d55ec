"""Our engine and Prometheus' own rule tests on the same generated cases, minute by minute."""

from __future__ import annotations

import json
import random
import re
import subprocess
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pytest
from support.need import program
from support.rules import rule

from maxbooster_ops.alerting.alert import Change
from maxbooster_ops.alerting.evaluating.engine import advance
from maxbooster_ops.alerting.rule import Comparison, Condition
from maxbooster_ops.alerting.samples import Samples

CASES = 300
MINUTES = 45
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Case:
    """A rule and its series; a value is None where there is no sample."""

    name: str
    comparison: Comparison
    for_minutes: int
    keep_minutes: int
    seconds: int
    series: dict[str, list[int | None]]

    @property
    def prometheus_rule(self):
        expression = f"{self.name} {self.comparison.value} 5"
        keep = {"keep_firing_for": f"{self.keep_minutes}m"} if self.keep_minutes else {}
        return {"alert": self.name, "expr": expression, "for": f"{self.for_minutes}m", **keep}

    @property
    def prometheus_series(self):
        for label, values in self.series.items():
            written = " ".join("_" if value is None else str(value) for value in values)
            yield {"series": f'{self.name}{{queue="{label}"}}', "values": written}


def values(chance, count):
    """Runs of one value, and gaps that last up to and beyond the five minutes that a sample speaks."""
    written = []
    while len(written) < count:
        longest = chance.choice([1, 2, 3, 6, 12])
        what = chance.choice([None, 3, 5, 7, 9]) if written else 3
        written += [what] * (chance.randint(1, 7) if what is None else chance.randint(1, longest))
    return written[:count]


def generated(number):
    chance = random.Random(number)
    seconds = (30, 60)[number % 2]
    return Case(
        name=f"case_{number}",
        comparison=chance.choice(list(Comparison)),
        for_minutes=chance.choice([0, 0, 1, 2, 3, 5]),
        keep_minutes=chance.choice([0, 0, 1, 2, 4]),
        seconds=seconds,
        series={label: values(chance, MINUTES * 60 // seconds) for label in "abc"[: chance.randint(1, 3)]},
    )


def life(case, values, stale_after):
    """Let our engine judge one series at every minute from zero on; give its changes by minute."""
    judged = rule(
        condition=Condition(comparison=case.comparison, threshold=5),
        for_=case.for_minutes * MINUTE,
        keep_firing_for=case.keep_minutes * MINUTE,
        stale_after=stale_after,
    )
    seen = [(case.seconds * number, value) for number, value in enumerate(values) if value is not None]
    ts, found = np.array([float(when) for when, _ in seen]), np.array([float(value) for _, value in seen])
    evaluations = 60.0 * np.arange(MINUTES)
    _, transitions = advance(judged, None, Samples(labels={}, ts=ts, values=found), evaluations)
    return [(int(one.at.timestamp()) // 60, one.change) for one in transitions]


def expectations(case, stale_after):
    """Give what promtool must find at each minute, until a firing series loses its data: there we differ on purpose."""
    lives = {label: life(case, values, stale_after) for label, values in case.series.items()}
    changes = [change for one in lives.values() for change in one]
    until = min((minute for minute, change in changes if change is Change.NO_DATA), default=MINUTES)
    firing: set[str] = set()
    tests = []
    for minute in range(until):
        for label, one in lives.items():
            firing |= {label for when, change in one if when == minute and change is Change.FIRING}
            firing -= {label for when, change in one if when == minute and change is Change.RESOLVED}
        expected = [{"exp_labels": {"queue": label}} for label in sorted(firing)]
        tests.append({"eval_time": f"{minute}m", "alertname": case.name, "exp_alerts": expected})
    return tests, Counter(change for minute, change in changes if minute < until)


def stale_after(promtool):
    """Five minutes; before 3.0, Prometheus let a sample speak that was exactly so old."""
    said = subprocess.run([promtool, "--version"], capture_output=True, text=True, check=True)
    version = re.search(r"version (\d+)", said.stdout + said.stderr)
    assert version
    return 5 * MINUTE + (timedelta(microseconds=1) if int(version[1]) < 3 else timedelta())


@pytest.fixture(scope="module")
def verdict(tmp_path_factory):
    """What one run of promtool finds wrong, the cases, and what happens in them."""
    promtool = program("promtool", "install Debian's package `prometheus`")
    speaks_for = stale_after(promtool)
    folder = tmp_path_factory.mktemp("promtool")
    cases = [generated(number) for number in range(CASES)]
    happened: Counter[Change] = Counter()
    groups = []
    for seconds in (30, 60):
        members = [case for case in cases if case.seconds == seconds]
        tests = [{"eval_time": "1m", "alertname": "wrong_on_purpose", "exp_alerts": []}]
        for case in members:
            expected, changes = expectations(case, speaks_for)
            tests += expected
            happened += changes
        inputs = [one for case in members for one in case.prometheus_series]
        groups.append({"interval": f"{seconds}s", "input_series": inputs, "alert_rule_test": tests})
    rules = [{"alert": "wrong_on_purpose", "expr": "vector(1)"}, *(case.prometheus_rule for case in cases)]
    (folder / "rules.yml").write_text(json.dumps({"groups": [{"name": "all", "rules": rules}]}))
    scenario = {"rule_files": ["rules.yml"], "evaluation_interval": "1m", "tests": groups}
    (folder / "tests.yml").write_text(json.dumps(scenario))
    run = subprocess.run(
        [promtool, "test", "rules", "tests.yml"], cwd=folder, capture_output=True, text=True, check=False
    )
    return run.stdout + run.stderr, happened


def test_promtool_agrees_with_our_engine_in_every_case(verdict):
    """The rule that is wrong on purpose shows that a disagreement would be seen."""
    said, _ = verdict
    assert set(re.findall(r"alertname: (\w+)", said)) == {"wrong_on_purpose"}, said[:4000]


@pytest.mark.parametrize("change", [Change.PENDING, Change.FIRING, Change.RESOLVED, Change.INACTIVE], ids=str)
def test_the_cases_are_worth_comparing(verdict, change):
    _, happened = verdict
    assert happened[change] > 200
