"""The sandbox's posts service as a client meets it; that it survives a kill is what a chaos scenario is for."""

from __future__ import annotations

import pytest
import requests

POST = {"text": "Good morning", "at": "2027-01-15T08:00:00+01:00"}


@pytest.fixture
def url(sandbox):
    return sandbox.endpoints.posts_url


def schedule(url, **changes):
    return requests.post(f"{url}/api/posts/schedule", json={**POST, **changes}, timeout=60)


def test_a_scheduled_post_is_found_until_it_is_removed(url):
    before = requests.get(f"{url}/health", timeout=60).json()["posts"]
    answer = schedule(url)
    assert (answer.status_code, answer.json()["text"], answer.json()["at"]) == (201, POST["text"], POST["at"])
    where = f"{url}{answer.headers['location']}"
    assert requests.get(where, timeout=60).json() == answer.json()
    assert requests.get(f"{url}/health", timeout=60).json()["posts"] == before + 1
    assert [requests.delete(where, timeout=60).status_code for _ in range(2)] == [204, 404]
    assert requests.get(where, timeout=60).status_code == 404
    assert schedule(url).json()["id"] > answer.json()["id"], "an id is never given twice"


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        pytest.param({"text": ""}, "text: String should have at least 1 character", id="nothing to say"),
        pytest.param({"at": "2027-01-15T08:00:00"}, "at: Input should have timezone info", id="a time of nowhere"),
        pytest.param({"at": "soon"}, "at: Input should be a valid datetime", id="no time"),
        pytest.param({"colour": "red"}, "colour: Extra inputs are not permitted", id="an unknown field"),
    ],
)
def test_an_order_that_makes_no_sense_is_refused_with_the_reason(url, order, reason):
    answer = schedule(url, **order)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert reason in answer.json()["detail"]


def test_a_web_page_of_another_origin_cannot_schedule_anything(url):
    plain = requests.post(f"{url}/api/posts/schedule", data='{"text": "x"}', timeout=60)
    assert (plain.status_code, "application/json" in plain.json()["detail"]) == (415, True)
    assert requests.get(f"{url}/health", headers={"Host": "evil.example"}, timeout=60).status_code == 400
