"""One evaluation: from the newest beats to alerts, messages and decisions, in one transaction.

Belongs here: reading, asking the pure parts, writing, in that order. Not here: any decision, or sending
(`delivering/`).

The lake is read first, without a lock. Everything else happens in one write transaction of the state, so that an
evaluator that dies, or that another one overtook, leaves nothing half done: either the beats count as evaluated and
every message that follows from them is in the outbox, or neither.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np
import sqlalchemy as sa

from maxbooster_ops.alerting.alert import Alert, Change, Transition
from maxbooster_ops.alerting.delivering import outbox
from maxbooster_ops.alerting.dispatching.dispatch import dispatch
from maxbooster_ops.alerting.dispatching.policy import Policy
from maxbooster_ops.alerting.evaluating import episodes
from maxbooster_ops.alerting.evaluating.advancing import Advanced, advance_all
from maxbooster_ops.alerting.evaluating.builtin_series import Watching
from maxbooster_ops.alerting.evaluating.series_reading import News, read_news
from maxbooster_ops.alerting.evaluating.series_store import forget_rules, keep_memories, load_memories
from maxbooster_ops.alerting.message import Message
from maxbooster_ops.alerting.records import alert_store, silence_store
from maxbooster_ops.alerting.records.marks import Mark, mark, set_mark
from maxbooster_ops.alerting.rule import Rule, labels_key
from maxbooster_ops.alerting.rulebook.rulebook import Rulebook
from maxbooster_ops.store.lake import Lake
from maxbooster_ops.store.latest import last_beat_ever
from maxbooster_ops.store.state import State

EVALUATED = "evaluated"
"""The mark of the newest beat that was evaluated."""

_FIRST_LOOK = timedelta(minutes=15)
"""How far back the first evaluation goes, so that a rule with a long `for` need not wait for it again."""

_NO_NEWS = News(moments=np.empty(0), samples={})

LATENESS = timedelta(minutes=2)
"""Slow probes answer after their beat was stored; a sample that comes later than this is seen by no rule."""

_CATCH_UP = timedelta(hours=24)
"""The longest time that is evaluated after the fact."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluated:
    """What one evaluation did. `beats` is how many beats it looked at; `overtaken`: another evaluator was faster."""

    beats: int = 0
    transitions: tuple[Transition, ...] = ()
    begun: tuple[Alert, ...] = ()
    ended: tuple[Alert, ...] = ()
    open: int = 0
    messages: tuple[Message, ...] = ()
    overtaken: bool = False


def evaluate(
    lake: Lake,
    state: State,
    rulebook: Rulebook,
    policy: Policy,
    *,
    now: datetime,
    newest_beat: datetime | None = None,
) -> Evaluated:
    """Evaluate every beat since the last evaluation, decide who is told, and write all of it at once.

    Who knows the `newest_beat` of the lake may say so: where it was evaluated, the lake is not asked.
    """
    with state.reading() as connection:
        evaluated = mark(connection, EVALUATED)
        memories = load_memories(connection)
    start = max(evaluated.at, now - _CATCH_UP) if evaluated else now - _FIRST_LOOK
    has_news = evaluated is None or newest_beat is None or newest_beat > evaluated.at
    news = read_news(lake, rulebook.rules, start, now, lateness=LATENESS) if has_news else _NO_NEWS
    moments = news.moments
    reached = datetime.fromtimestamp(moments[-1], UTC) if len(moments) else start
    with state.reading() as connection:
        newest = reached if evaluated or len(moments) else last_beat_ever(lake)
        watching = Watching.read(connection, newest_beat=newest, now=now)
    advanced = advance_all(rulebook.rules, memories, watching, news)
    with state.writing() as connection:
        if mark(connection, EVALUATED) != evaluated:
            return Evaluated(overtaken=True)
        done = _decide(connection, rulebook, policy, advanced, now=now)
        keep_memories(connection, advanced.memories, memories, now=now)
        if not rulebook.problems:
            forget_rules(connection, {rule.name for rule in rulebook.rules}, memories)
        if evaluated or len(moments):
            set_mark(connection, Mark(name=EVALUATED, at=reached, ok=True, detail=f"{len(moments)} beats"))
    return replace(done, beats=len(moments))


def decide(state: State, rulebook: Rulebook, policy: Policy, *, now: datetime) -> Evaluated:
    """Decide again who is told, without new samples: after somebody acknowledged, silenced or resolved."""
    with state.writing() as connection:
        return _decide(connection, rulebook, policy, Advanced(), now=now)


def _decide(
    connection: sa.Connection, rulebook: Rulebook, policy: Policy, advanced: Advanced, *, now: datetime
) -> Evaluated:
    """Make alerts of the transitions and messages of the alerts, and write both."""
    rules = {rule.name: rule for rule in rulebook.rules}
    known = alert_store.unsettled_alerts(connection)
    told = alert_store.told_before(connection, _firing(advanced.transitions))
    followed = episodes.follow(
        known,
        advanced.transitions,
        rules=rules,
        values={key: memory.last_value for key, memory in advanced.memories.items()},
        told_before=lambda rule, labels: told.get((rule, labels_key(labels)), {}),
    )
    # Ends before beginnings: the state takes one open episode of a series, and a catch-up may bring its next one.
    alert_store.update_alerts(connection, [alert for alert in followed.changed if alert.resolved_at])
    alert_store.insert_alerts(connection, followed.begun)
    alert_store.add_transitions(connection, zip(advanced.transitions, followed.ids, strict=True))
    current = {alert.id: alert for alert in (*known, *followed.begun, *followed.changed)}
    if not rulebook.problems:  # a broken file may be the one that held the rule
        current |= {alert.id: alert for alert in _without_rule(current.values(), rules, now=now)}
    silences = silence_store.current_silences(connection, now)
    dispatched = dispatch(list(current.values()), silences, policy, outbox.recent(connection, now), now)
    current |= {alert.id: alert for alert in dispatched.alerts}
    before = {alert.id: alert for alert in (*known, *followed.begun)}
    alert_store.update_alerts(connection, [alert for alert in current.values() if alert != before[alert.id]])
    alert_store.add_decisions(connection, dispatched.decisions, at=now)
    outbox.put(connection, dispatched.messages, now)
    return Evaluated(
        transitions=tuple(advanced.transitions),
        begun=followed.begun,
        ended=tuple(alert for alert in followed.changed if alert.resolved_at),
        open=sum(alert.resolved_at is None for alert in current.values()),
        messages=dispatched.messages,
    )


def _firing(transitions: Iterable[Transition]) -> Iterator[episodes.SeriesKey]:
    """Name the series that begin to fire."""
    for transition in transitions:
        if transition.change is Change.FIRING:
            yield transition.rule, labels_key(transition.labels)


def _without_rule(alerts: Iterable[Alert], rules: Mapping[str, Rule], *, now: datetime) -> list[Alert]:
    return [replace(alert, resolved_at=now, resolved_by="rule removed") for alert in episodes.orphans(alerts, rules)]
