"""Taking every series of every rule on to the newest beat.

Belongs here: which samples go to which series. Not here: what a sample does to a series (`engine.py`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from maxbooster_ops.alerting.alert import Transition
from maxbooster_ops.alerting.evaluating.builtin_series import Watching
from maxbooster_ops.alerting.evaluating.engine import advance
from maxbooster_ops.alerting.evaluating.series_reading import News
from maxbooster_ops.alerting.evaluating.series_store import Memories
from maxbooster_ops.alerting.rule import Rule, labels_key
from maxbooster_ops.alerting.samples import Samples

_NOTHING = np.empty(0)


@dataclass(slots=True)
class Advanced:
    """What the engine made of the new samples; transitions in the order of their time."""

    memories: Memories = field(default_factory=dict)
    transitions: list[Transition] = field(default_factory=list)


def advance_all(rules: Sequence[Rule], memories: Memories, watching: Watching, news: News) -> Advanced:
    """Advance what is known and what is new: rules on the lake to each beat of `news`, those on ourselves to now."""
    result = Advanced()
    known: dict[str, list[str]] = {}
    for name, key in memories:
        known.setdefault(name, []).append(key)
    at_once = np.array([watching.now.timestamp()])
    for rule in rules:
        builtin = rule.series.builtin
        found = watching.samples(builtin, rule.labels) if builtin else news.samples.get(rule.name, ())
        evaluations = at_once if builtin else news.moments
        for key, samples in _series(found, known.get(rule.name, ())) if len(evaluations) else ():
            series = rule.name, key
            result.memories[series], transitions = advance(rule, memories.get(series), samples, evaluations)
            result.transitions += transitions
    result.transitions.sort(key=lambda transition: transition.at)
    return result


def _series(found: Iterable[Samples], known: Iterable[str]) -> Iterator[tuple[str, Samples]]:
    """Give the series that have samples, then the known ones that have none."""
    seen = set()
    for samples in found:
        key = labels_key(samples.labels)
        seen.add(key)
        yield key, samples
    for key in known:
        if key not in seen:
            yield key, Samples(labels=json.loads(key), ts=_NOTHING, values=_NOTHING)
