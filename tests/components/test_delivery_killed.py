"""A process that is killed between sending and writing it down loses nothing: it is sent again, under the same key."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from support.facts import NOON
from support.messages import message
from support.scripted_channel import Clock

from maxbooster_ops.alerting.channels.registry import build_channels
from maxbooster_ops.alerting.delivering import outbox
from maxbooster_ops.alerting.delivering.delivery import deliver_due
from maxbooster_ops.processes.waiting import wait_for
from maxbooster_ops.settings import Settings
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.state import open_state

TESTS = Path(__file__).resolve().parents[1]
SENDER = """
import os, signal, sys
from datetime import timedelta
from pathlib import Path
from support.scripted_channel import Clock
from maxbooster_ops.alerting.channels.registry import build_channels
from maxbooster_ops.alerting.delivering.delivery import deliver_due
from maxbooster_ops.settings import Settings
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.state import open_state

class Mortal:
    name = "webhook"
    def __init__(self, channel, when):
        self.channel, self.when = channel, when
    def send(self, message):
        if self.when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        self.channel.send(message)
        os.kill(os.getpid(), signal.SIGKILL)

settings = Settings(_env_file=None, alert_webhook_url=sys.argv[2], alert_allow_private_webhooks=True)
with open_state(Home(root=Path(sys.argv[1]))) as state:
    channel = Mortal(build_channels(settings).usable[0], sys.argv[3])
    deliver_due(state, [channel], now=Clock(), budget=timedelta(minutes=1))
"""


@pytest.fixture
def receiver(tmp_path):
    """The receiver as a program of its own; gives its address and what it took."""
    port_file, log = tmp_path / "port", tmp_path / "accepted.jsonl"
    program = [sys.executable, str(TESTS / "support" / "alert_receiver.py"), str(port_file), str(log)]
    with subprocess.Popen(program) as running:
        try:
            wait_for(port_file.exists, seconds=120, what="the receiver's port")
            yield f"http://127.0.0.1:{port_file.read_text()}/webhook", log
        finally:
            running.kill()


@pytest.mark.parametrize(
    ("when", "times"),
    [pytest.param("before", 1, id="before it sent"), pytest.param("after", 2, id="after it sent")],
)
def test_a_killed_sender_loses_nothing_and_repeats_under_the_same_key(tmp_path, receiver, when, times):
    url, log = receiver
    home = Home(root=tmp_path / "home")
    with open_state(home) as state, state.writing() as connection:
        outbox.put(connection, [message(notices=())], NOON)
    environment = {**os.environ, "PYTHONPATH": f"{TESTS}:{TESTS.parent}"}
    killed = subprocess.run([sys.executable, "-c", SENDER, str(home.root), url, when], env=environment, check=False)
    assert killed.returncode == -signal.SIGKILL

    usable = build_channels(Settings(_env_file=None, alert_webhook_url=url, alert_allow_private_webhooks=True)).usable
    with open_state(home) as state:
        assert deliver_due(state, usable, now=Clock(NOON + timedelta(seconds=59)), budget=timedelta(minutes=1)) == []
        (again,) = deliver_due(state, usable, now=Clock(NOON + timedelta(seconds=60)), budget=timedelta(minutes=1))
    assert (again.attempt, again.delivered) == (2, True)
    assert [json.loads(line)["key"] for line in log.read_text().splitlines()] == ["k1"] * times
