"""The state's and the logs' upkeep: what is long over goes with everything that is only about it."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta

import pytest
import sqlalchemy as sa
from support.facts import NOON

from maxbooster_ops.store.alert_tables import (
    alert_decisions,
    alert_transitions,
    alerts,
    deliveries,
    outbox,
    outbox_alerts,
)
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.maintenance.log_files import rotate
from maxbooster_ops.store.maintenance.state_upkeep import state_steps
from maxbooster_ops.store.state import open_state

LINE = NOON - timedelta(days=30)
INSTANT = timedelta(microseconds=1)
_PLAIN = {sa.String: "", sa.Text: "", sa.Integer: 0, sa.Double: 0.0, sa.Boolean: False}


@pytest.fixture
def state(tmp_path):
    with open_state(Home(root=tmp_path / "home")) as opened:
        yield opened


def row(table, **known):
    """Give a row; what must be there and is not named is empty, zero or noon."""
    needed = {column.name: _PLAIN.get(type(column.type), NOON) for column in table.columns if not column.nullable}
    return {**{name: value for name, value in needed.items() if name != "id"}, **known}


def write(state, table, **known):
    with state.writing() as connection:
        connection.execute(sa.insert(table).values(**row(table, **known)))


def count(state, table):
    with state.reading() as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(table))


def tell(state, alert, *, resolved_at, settled=True):
    """An alert with one row in every table that speaks of it."""
    write(state, alerts, id=alert, labels=alert, resolved_at=resolved_at, settled=settled, since=LINE)
    write(state, alert_transitions, alert_id=alert, ts=LINE)
    write(state, alert_decisions, alert_id=alert, ts=LINE)
    write(state, outbox, key=alert, ts=LINE - INSTANT, delivered_at=LINE)
    write(state, outbox_alerts, key=alert, alert_id=alert)
    write(state, deliveries, key=alert, ts=LINE)


def clean(state):
    steps = state_steps(state, now=NOON, resolved_alert_days=30)
    return sum(freed.rows for step in steps.values() for freed in step())


ABOUT = (alerts, alert_transitions, alert_decisions, outbox, outbox_alerts, deliveries)


@pytest.mark.parametrize(
    ("resolved_at", "settled", "kept"),
    [
        pytest.param(LINE - INSTANT, True, 0, id="ended before the line"),
        pytest.param(LINE, True, 1, id="ended at the line"),
        pytest.param(None, False, 1, id="still firing"),
        pytest.param(LINE - INSTANT, False, 1, id="ended, but somebody was not told yet"),
    ],
)
def test_an_alert_goes_with_all_that_is_about_it(state, resolved_at, settled, kept):
    tell(state, "a", resolved_at=resolved_at, settled=settled)
    clean(state)
    assert [count(state, table) for table in ABOUT] == [kept] * len(ABOUT)


def test_a_message_stays_while_one_of_its_alerts_does(state):
    tell(state, "over", resolved_at=LINE - INSTANT)
    tell(state, "open", resolved_at=None)
    write(state, outbox_alerts, key="over", alert_id="open")
    clean(state)
    assert (count(state, alerts), count(state, outbox), count(state, deliveries)) == (1, 2, 2)


def test_a_message_that_is_still_on_its_way_stays(state):
    write(state, outbox, key="waiting", ts=LINE - INSTANT)
    assert clean(state) == 0
    assert count(state, outbox) == 1


def test_many_alerts_go_slice_by_slice_until_none_is_left(state):
    with state.writing() as connection:
        connection.execute(
            sa.insert(alerts),
            [row(alerts, id=str(n), labels=str(n), resolved_at=LINE - INSTANT, settled=True) for n in range(1201)],
        )
    assert clean(state) == 1201


def test_a_log_is_emptied_while_its_program_writes_to_it(tmp_path):
    home = Home(root=tmp_path).prepare()
    log = home.logs / "daemon.log"
    with log.open("ab") as output:
        script = "import sys\nfor line in sys.stdin: print(line * 50, end='', flush=True)"
        with subprocess.Popen(
            [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=output, text=True
        ) as program:
            program.stdin.write("before\n")
            program.stdin.flush()
            while log.stat().st_size < 350:
                pass
            (freed,) = rotate(home, largest=100)
            program.stdin.write("after\n")
            program.stdin.close()
    assert log.read_text() == "after\n" * 50
    assert log.with_name("daemon.log.1").read_text() == "before\n" * 50
    assert freed.subject == "daemon.log"
    assert list(rotate(home, largest=300)) == []
