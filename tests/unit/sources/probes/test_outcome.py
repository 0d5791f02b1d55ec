from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maxbooster_ops.sources.http_fetch import (
    BrokenResponseError,
    FetchError,
    FetchTimeoutError,
    TlsError,
    TooLargeError,
    UnreachableError,
)
from maxbooster_ops.sources.probes.body import FieldRule, JsonType
from maxbooster_ops.sources.probes.outcome import Judgement, Outcome, judge, judge_failure

CHECKED = (FieldRule(field="status", none_of=("error",)), FieldRule(field="checks.cache", one_of=("ok",)))


def judged(status_code: int, body: object = None, *, expected=frozenset({200}), rules=()) -> Judgement:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return judge(status_code, content, expected=expected, rules=rules)


@pytest.mark.parametrize(
    ("status_code", "expected"),
    [
        (199, Outcome.UNEXPECTED_STATUS),
        (200, Outcome.HEALTHY),
        (201, Outcome.UNEXPECTED_STATUS),
        (302, Outcome.UNEXPECTED_STATUS),
        (404, Outcome.UNEXPECTED_STATUS),
        (428, Outcome.UNEXPECTED_STATUS),
        (429, Outcome.RATE_LIMITED),
        (430, Outcome.UNEXPECTED_STATUS),
        (499, Outcome.UNEXPECTED_STATUS),
        (500, Outcome.SERVER_ERROR),
        (502, Outcome.SERVER_ERROR),
        (503, Outcome.MAINTENANCE),
        (504, Outcome.SERVER_ERROR),
        (599, Outcome.SERVER_ERROR),
    ],
)
def test_a_status_means_one_outcome(status_code: int, expected: Outcome):
    judgement = judged(status_code)
    assert judgement.outcome is expected
    assert judgement.detail == (None if status_code == 200 else f"answered {status_code}; expected 200")


def test_any_status_that_is_expected_is_healthy():
    assert judged(503, expected=frozenset({401, 503})).outcome is Outcome.HEALTHY
    assert judged(200, expected=frozenset({401, 503})).detail == "answered 200; expected 401 or 503"


@given(st.integers(100, 599))
def test_only_healthy_and_rate_limited_endpoints_are_up(status_code: int):
    assert judged(status_code).outcome.up == (status_code in {200, 429})


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        pytest.param({"status": "ok", "checks": {"cache": "ok"}}, None, id="as it should be"),
        pytest.param({"status": "fine", "checks": {"cache": "ok"}, "more": 1}, None, id="more than asked for"),
        pytest.param(
            {"status": "error", "checks": {"cache": "ok"}},
            "`status` is 'error'; expected anything but 'error'",
            id="bad",
        ),
        pytest.param(
            {"status": "ok", "checks": {"cache": "down"}}, "`checks.cache` is 'down'; expected 'ok'", id="bad inside"
        ),
        pytest.param({"status": "ok", "checks": {}}, "the body has no `checks.cache`", id="a field is missing"),
        pytest.param({"status": "ok", "checks": None}, "the body has no `checks.cache`", id="nothing to look into"),
        pytest.param(b"", "the body is empty; expected JSON", id="empty"),
        pytest.param(b"<html>", "the body is no JSON object but begins with '<html>'", id="HTML"),
        pytest.param([], "the body is no JSON object but begins with '[]'", id="a list"),
        pytest.param(b"[" * 100_000, f"the body is no JSON object but begins with '{'[' * 60}'", id="endlessly nested"),
    ],
)
def test_a_body_is_held_against_its_rules(body: object, detail: str | None):
    judgement = judged(200, body, rules=CHECKED)
    assert judgement.outcome is (Outcome.BAD_BODY if detail else Outcome.HEALTHY)
    assert judgement.detail == detail


def test_without_rules_a_body_may_be_anything():
    assert judged(200, b"<html>").outcome is Outcome.HEALTHY


def test_the_body_s_own_status_is_kept_whatever_the_outcome():
    assert judged(503, {"status": "draining"}).body_status == "draining"
    assert judged(200, {"status": "x" * 1000}).body_status == "x" * 100
    assert judged(200, {"status": 7}).body_status is None


@pytest.mark.parametrize(
    ("kind", "value", "fits"),
    [
        (JsonType.STRING, "a", True),
        (JsonType.STRING, 1, False),
        (JsonType.NUMBER, 1.5, True),
        (JsonType.NUMBER, 1, True),
        (JsonType.NUMBER, True, False),
        (JsonType.NUMBER, "1", False),
        (JsonType.INTEGER, 1, True),
        (JsonType.INTEGER, 1.5, False),
        (JsonType.INTEGER, False, False),
        (JsonType.BOOLEAN, False, True),
        (JsonType.BOOLEAN, 0, False),
        (JsonType.OBJECT, {}, True),
        (JsonType.LIST, [], True),
        (JsonType.LIST, {}, False),
        (JsonType.STRING, None, False),
    ],
)
def test_a_type_is_json_s_type_and_not_python_s(kind: JsonType, value: object, *, fits: bool):
    judgement = judged(200, {"field": value}, rules=[FieldRule(field="field", type=kind)])
    assert (judgement.outcome is Outcome.HEALTHY) == fits


def test_true_is_not_one():
    assert judged(200, {"a": True}, rules=[FieldRule(field="a", one_of=(1,))]).outcome is Outcome.BAD_BODY
    assert judged(200, {"a": 1}, rules=[FieldRule(field="a", one_of=(1.0,))]).outcome is Outcome.HEALTHY


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (FetchTimeoutError("late"), Outcome.TIMEOUT),
        (UnreachableError("refused"), Outcome.UNREACHABLE),
        (TlsError("expired"), Outcome.TLS_ERROR),
        (TooLargeError("huge"), Outcome.TOO_LARGE),
        (BrokenResponseError("cut"), Outcome.BAD_BODY),
        (FetchError("else"), Outcome.UNREACHABLE),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, FetchError) else None,
)
def test_every_way_to_have_no_answer_is_an_outcome_that_is_not_up(error: FetchError, expected: Outcome):
    judgement = judge_failure(error)
    assert (judgement.outcome, judgement.detail, judgement.outcome.up) == (expected, str(error), False)
