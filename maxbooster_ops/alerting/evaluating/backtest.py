"""What would have fired: rules over a past range of the lake, through the very engine that runs live.

Belongs here: going through rules and series, and making episodes of transitions. Not here: judging (`engine.py`),
reading (`series_reading.py`), and who would have been told (`scenarios/`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from maxbooster_ops.alerting.alert import Change, Transition
from maxbooster_ops.alerting.evaluating.engine import advance
from maxbooster_ops.alerting.evaluating.series_memory import microsecond, microseconds
from maxbooster_ops.alerting.evaluating.series_reading import read_evaluations, read_series
from maxbooster_ops.alerting.rule import Comparison, Condition, Labels, Rule, labels_key
from maxbooster_ops.alerting.samples import Floats, Samples
from maxbooster_ops.errors import StoreBusyError, StoreError
from maxbooster_ops.store.lake import Lake


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """An alert that would have been: from firing until it resolved, None where it had not by the end of the range.

    `duration_s` goes to the last evaluation where it had not. `peak` is the value farthest beyond the threshold.
    """

    rule: str
    labels: Labels
    started: datetime
    ended: datetime | None
    duration_s: float
    peak: float


def backtest(lake: Lake, rules: Iterable[Rule], start: datetime, end: datetime) -> list[Episode]:
    """Give every episode of `rules` at the beats in [start, end), by start; each series begins inactive.

    Rules on our own watching are left out: the lake holds no past of them. Raises `StoreError` with the rule whose
    query cannot be answered.
    """
    evaluations = read_evaluations(lake, start, end)
    if not len(evaluations):
        return []
    episodes: list[Episode] = []
    for alike in _by_query(rules):
        for samples in _samples(lake, alike[0], start - alike[0].stale_after, end):
            for rule in alike:
                episodes += series_episodes(rule, samples, evaluations)
    return sorted(episodes, key=lambda episode: (episode.started, episode.rule, labels_key(episode.labels)))


def _by_query(rules: Iterable[Rule]) -> Iterable[list[Rule]]:
    """Put together the rules that read the very same samples: thresholds differ more often than series."""
    alike: dict[tuple[object, ...], list[Rule]] = defaultdict(list)
    for rule in rules:
        if rule.series.sql is not None:
            alike[rule.series.sql, labels_key(rule.labels), rule.stale_after].append(rule)
    return alike.values()


def _samples(lake: Lake, rule: Rule, start: datetime, end: datetime) -> list[Samples]:
    try:
        return read_series(lake, rule, start, end)
    except StoreBusyError:
        raise
    except StoreError as error:
        raise StoreError(
            f"The query of the rule `{rule.name}` ({rule.origin}) cannot be answered for this range: {error}. "
            "Correct it, or name the rules that you want with --rule."
        ) from error


def series_episodes(rule: Rule, samples: Samples, evaluations: Floats) -> list[Episode]:
    """Give the episodes of one series, judged at each of `evaluations`."""
    _, transitions = advance(rule, None, samples, evaluations)
    changes = [one for one in transitions if one.change in {Change.FIRING, Change.RESOLVED}]
    ends: Sequence[Transition | None] = [*changes[1::2], None]
    last = datetime.fromtimestamp(evaluations[-1], UTC)
    return [
        Episode(
            rule=rule.name,
            labels=samples.labels,
            started=began.at,
            ended=ended.at if ended else None,
            duration_s=((ended.at if ended else last) - began.at).total_seconds(),
            peak=_peak(rule.condition, samples, began.at, ended.at if ended else last),
        )
        for began, ended in zip(changes[::2], ends, strict=False)
    ]


def _peak(condition: Condition, samples: Samples, started: datetime, ended: datetime) -> float:
    """Give the worst of the values that were in force from `started` until `ended`."""
    us = microseconds(samples.ts)
    first, end = us.searchsorted([microsecond(started), microsecond(ended)], side="right")
    values = samples.values[first - 1 : end]
    breaching = values[condition.holds(values)]
    match condition.comparison:
        case Comparison.ABOVE | Comparison.AT_LEAST:
            return float(breaching.max())
        case Comparison.BELOW | Comparison.AT_MOST:
            return float(breaching.min())
        case Comparison.EQUAL | Comparison.UNEQUAL:
            return float(breaching[np.abs(breaching - condition.threshold).argmax()])
