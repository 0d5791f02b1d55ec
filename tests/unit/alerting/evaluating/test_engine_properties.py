"""The engine against an evaluation that anybody can follow, and what must hold whatever the samples are."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from support.rules import at, rule, samples, seconds

from maxbooster_ops.alerting.alert import Change
from maxbooster_ops.alerting.evaluating.engine import SeriesMemory, advance

UNIT = 10
"""Seconds between the moments that are generated: coarse, so that the edges are met often."""

durations = st.sampled_from([0, 1, 2, 3, 6]).map(lambda units: timedelta(seconds=UNIT * units))
rules = st.builds(
    lambda for_, keep, stale, consecutive: rule(
        above=5, for_=for_, keep_firing_for=keep, stale_after=stale, consecutive=consecutive
    ),
    durations,
    durations,
    st.sampled_from([1, 2, 3, 5]).map(lambda units: timedelta(seconds=UNIT * units)),
    st.sampled_from([1, 1, 2, 3]),
)
moments = st.integers(0, 60).map(lambda units: UNIT * units)
values_at = st.dictionaries(moments, st.sampled_from([1.0, 5.0, 9.0]), max_size=40).map(
    lambda d: dict(sorted(d.items()))
)
evaluated_at = st.sets(moments, min_size=1, max_size=40).map(sorted)


@dataclass
class Plain:
    """One series, one evaluation at a time: slow and obvious."""

    judged: object
    values: dict
    state: str = "inactive"
    active: float = 0.0
    clearing: float | None = None
    no_data: bool = False
    told: list = field(default_factory=list)

    def evaluate(self, now):
        seen = [moment for moment in self.values if moment <= now]
        if not seen or now - seen[-1] >= self.judged.stale_after.total_seconds():
            self.without_data(now)
            return
        newest = [self.values[moment] for moment in seen[-self.judged.consecutive :]]
        if self.no_data:
            self.no_data = False
            self.told.append((now, Change.DATA_AGAIN, newest[-1]))
        if len(newest) == self.judged.consecutive and all(value > 5 for value in newest):
            self.true(now, newest[-1])
        else:
            self.false(now, newest[-1])

    def without_data(self, now):
        if self.state == "pending":
            self.state = "inactive"
            self.told.append((now, Change.INACTIVE, None))
        elif self.state == "firing" and not self.no_data:
            self.no_data, self.clearing = True, None
            self.told.append((now, Change.NO_DATA, None))

    def true(self, now, value):
        self.clearing = None
        if self.state == "inactive":
            self.state, self.active = "pending", now
            if self.judged.for_:
                self.told.append((now, Change.PENDING, value))
        if self.state == "pending" and now - self.active >= self.judged.for_.total_seconds():
            self.state = "firing"
            self.told.append((now, Change.FIRING, value))

    def false(self, now, value):
        if self.state == "pending":
            self.state = "inactive"
            self.told.append((now, Change.INACTIVE, value))
        elif self.state == "firing":
            self.clearing = now if self.clearing is None else self.clearing
            if now - self.clearing >= self.judged.keep_firing_for.total_seconds():
                self.state, self.clearing = "inactive", None
                self.told.append((now, Change.RESOLVED, value))


@settings(max_examples=400, deadline=None)
@given(judged=rules, values=values_at, evaluations=evaluated_at)
def test_it_agrees_with_an_evaluation_step_by_step(judged, values, evaluations):
    plain = Plain(judged, values)
    for now in evaluations:
        plain.evaluate(now)
    _, transitions = advance(judged, None, samples(values), seconds(*evaluations))
    assert [(one.at, one.change, one.value) for one in transitions] == [
        (at(now), change, value) for now, change, value in plain.told
    ]


@settings(max_examples=300, deadline=None)
@given(judged=rules, values=values_at, evaluations=evaluated_at, data=st.data())
def test_any_chunks_give_the_same_transitions_and_memory(judged, values, evaluations, data):
    """Also through JSON, with older samples given once more, and with samples of the future among them."""
    whole_memory, whole = advance(judged, None, samples(values), seconds(*evaluations))
    cuts = data.draw(st.lists(st.integers(1, len(evaluations)), max_size=5).map(sorted), label="cuts")
    memory, parts, evaluated = None, [], -UNIT
    for start, end in pairwise([0, *cuts, len(evaluations)]):
        chunk = evaluations[start:end]
        oldest = evaluated - UNIT * data.draw(st.integers(0, 8), label="units given once more")
        newest = (chunk[-1] if chunk else evaluated) + UNIT * data.draw(st.integers(0, 8), label="units of the future")
        given_now = {moment: value for moment, value in values.items() if oldest < moment <= newest}
        memory, transitions = advance(judged, memory, samples(given_now), seconds(*chunk))
        memory = SeriesMemory.from_json(memory.to_json())
        parts += transitions
        evaluated = chunk[-1] if chunk else evaluated
    assert parts == whole
    assert memory == whole_memory


@settings(max_examples=200, deadline=None)
@given(judged=rules, values=values_at, evaluations=evaluated_at)
def test_changes_follow_each_other_as_a_life_does(judged, values, evaluations):
    """Nothing resolves that did not fire, and without data nothing resolves at all."""
    before = {
        Change.PENDING: {None, Change.INACTIVE, Change.RESOLVED},
        Change.INACTIVE: {Change.PENDING},
        Change.FIRING: {Change.PENDING} if judged.for_ else {None, Change.RESOLVED},
        Change.NO_DATA: {Change.FIRING, Change.DATA_AGAIN},
        Change.DATA_AGAIN: {Change.NO_DATA},
        Change.RESOLVED: {Change.FIRING, Change.DATA_AGAIN},
    }
    _, transitions = advance(judged, None, samples(values), seconds(*evaluations))
    previous = None
    for one in transitions:
        assert previous in before[one.change], f"{previous} before {one.change}"
        previous = one.change
    assert [one.at for one in transitions] == sorted(one.at for one in transitions)
    assert all(
        (one.value is None) == (one.change is Change.NO_DATA)
        for one in transitions
        if one.change is not Change.INACTIVE
    )
