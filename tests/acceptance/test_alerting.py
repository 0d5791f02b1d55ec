"""The platform breaks, people hear of it, somebody takes it, it ends; and no secret shows anywhere."""

from __future__ import annotations

import json
import re

import pytest
import requests
from support.alert_receiver import alert_receiver
from support.redis_process import free_port
from support.running_up import RunningUp, eventually

from maxbooster_ops.store.home import Home
from maxbooster_ops.store.lake import open_lake

FAULTY_SECONDS = 7200
"""Ended before, as soon as somebody has taken the alert; an alert that ended by itself cannot be taken."""

EVERYWHERE = {"pagerduty", "email", "slack", "teams", "discord", "webhook"}


@pytest.fixture(scope="module")
def receiver():
    with alert_receiver() as running:
        yield running


@pytest.fixture(scope="module")
def up(tmp_path_factory, receiver):
    """One `up` with every channel configured, beats every five seconds, and a sandbox that fails for a while."""
    settings = {name.upper(): str(value) for name, value in receiver.settings().items()}
    running = RunningUp(
        home=tmp_path_factory.mktemp("alerting") / "home",
        port=free_port(),
        # No source is late here on purpose, and this machine may have other tests to do.
        variables={
            **settings,
            "MAXBOOSTER_COLLECT_INTERVAL_SECONDS": "5",
            "MAXBOOSTER_SOURCE_DEADLINE_SECONDS": "20",
        },
    ).start()
    # Not before the first run collects: the page before the errors is what they are counted from.
    eventually(lambda: beats(running) >= 3, seconds=600, what="the first scheduled beats", every=1)
    order(running, "trigger-errors", duration=FAULTY_SECONDS)
    yield running
    running.stop()


def order(up, fault, **body):
    platform = re.search(r"http://127\.0\.0\.1:\d+", up.printed.split("platform")[1]).group()
    requests.post(f"{platform}/api/test/{fault}", json=body, timeout=60).raise_for_status()


def beats(up):
    with open_lake(Home(root=up.home), read_only=True) as lake:
        return lake.query("SELECT count(*) AS beats FROM beats")[0]["beats"]


def alerts(up, *arguments):
    return json.loads(up.cli("alerts", *arguments, "--json"))


def of_rule(up, rule):
    return [alert for alert in alerts(up, "list", "--all") if alert["rule"] == rule]


@pytest.fixture(scope="module")
def error_rate(up):
    """The alert that the errors raise."""
    known = "SELECT id FROM alerts WHERE rule = 'error_rate'"
    eventually(lambda: up.is_in_state(known), seconds=600, what="the alert error_rate")
    return of_rule(up, "error_rate")[0]


def test_an_alert_says_what_how_bad_and_since_when(error_rate):
    assert (error_rate["severity"], error_rate["state"]) == ("critical", "firing")
    assert error_rate["value"] > error_rate["threshold"] == 5
    assert {"id", "rule", "labels", "state", "severity", "value", "since"} <= set(error_rate)


@pytest.mark.usefixtures("error_rate")
def test_it_reaches_every_channel(receiver):
    def told():
        return {each.vendor for each in receiver.accepted if "High Error Rate" in json.dumps(each.document)}

    eventually(lambda: told() >= EVERYWHERE, seconds=300, what=f"{EVERYWHERE} to be told")
    assert receiver.refused == []


def test_the_runbook_and_the_reasons_are_at_hand(up, error_rate):
    assert "Diagnosis" in alerts(up, "show", error_rate["id"])["runbook_text"]

    def topics():
        return [step["topic"] for step in alerts(up, "explain", error_rate["id"])["steps"]]

    assert topics()[:3] == ["rule", "value", "state"]
    # What a receiver has taken is written down a moment later.
    eventually(lambda: set(topics()) >= {"decision", "message", "delivery"}, seconds=300, what="the reasons", every=1)


def test_acknowledging_quietens_the_phone(up, receiver, error_rate):
    taken = alerts(up, "ack", error_rate["id"], "--by", "dana")
    assert (taken["state"], taken["acknowledged_by"]) == ("acknowledged", "dana")

    def actions():
        return {each.document["event_action"] for each in receiver.of("pagerduty")}

    # Not always by the time that the command ends: a tick of the sensors may have taken the message, to send it itself.
    eventually(lambda: "acknowledge" in actions(), seconds=300, what="the phone to be told")
    order(up, "reset")


def test_whoever_was_told_hears_the_end(up, receiver, error_rate):
    over = f"SELECT id FROM alerts WHERE id = '{error_rate['id']}' AND resolved_at IS NOT NULL"
    eventually(lambda: up.is_in_state(over), seconds=900, what="the errors to be over")

    def told():
        return {each.vendor for each in receiver.accepted if "esolved" in json.dumps(each.document)}

    eventually(lambda: told() >= EVERYWHERE - {"pagerduty"}, seconds=300, what="the end to be told")
    eventually(lambda: "resolve" in receiver.incidents.values(), seconds=300, what="the incident to end")


def test_the_sensors_tick_and_the_alert_is_on_the_asset_s_page(up):
    query = (
        '{sensorsOrError(repositorySelector: {repositoryName: "__repository__", repositoryLocationName: '
        '"maxbooster_ops"}) {... on Sensors {results {name sensorState {status ticks(limit: 50) {status}}}}}}'
    )
    sensors = {each["name"]: each["sensorState"] for each in up.ask(query)["sensorsOrError"]["results"]}
    assert {"alert_rules", "notifications", "run_failures"} <= set(sensors)
    assert {state["status"] for state in sensors.values()} == {"RUNNING"}
    assert not [name for name, state in sensors.items() for tick in state["ticks"] if tick["status"] == "FAILURE"]
    observed = up.ask(
        '{assetNodes(assetKeys: [{path: ["alerts"]}]) {assetObservations {metadataEntries {label ... on '
        "TextMetadataEntry {text}}}}}"
    )["assetNodes"][0]["assetObservations"]
    rules = [entry["text"] for each in observed for entry in each["metadataEntries"] if entry["label"] == "rule"]
    assert "error_rate" in rules


def test_a_test_alert_tells_what_each_channel_answered(up):
    answers = alerts(up, "test")
    assert {answer["channel"] for answer in answers if answer["delivered"]} == {*EVERYWHERE, "log"}
    assert all(answer["detail"] for answer in answers)


@pytest.mark.usefixtures("up")
def test_the_heartbeat_is_sent(receiver):
    eventually(lambda: receiver.of("heartbeat"), seconds=300, what="a heartbeat")


def test_no_secret_shows_in_files_commands_or_pages(up, error_rate):
    shown = {
        " ".join(command): up.cli(*command, check=False)
        for command in (
            ("status",),
            ("status", "--json"),
            ("alerts", "list", "--all", "--json"),
            ("alerts", "show", error_rate["id"]),
            ("alerts", "explain", error_rate["id"], "--json"),
            ("alerts", "test", "--json"),
            ("rules", "list", "--json"),
            ("health", "--json"),
        )
    }
    pages = ("", "/assets/alerts", "/locations/maxbooster_ops/sensors/notifications", "/server_info")
    shown |= {page: requests.get(f"{up.url}{page}", timeout=120).text for page in pages}
    shown["deployment"] = json.dumps(up.ask("{instance {info} version}"))
    shown |= {str(file): content.decode(errors="replace") for file, content in up.files()}
    assert len(shown) > 30
    assert [place for place, text in shown.items() if "s3cr3t" in text] == []
