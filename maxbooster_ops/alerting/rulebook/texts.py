"""The texts of an alert, from the templates of its rule.

Belongs here: rendering, and the filters that templates may use. Not here: how a channel shows a text.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from jinja2 import StrictUndefined, Template, TemplateError
from jinja2.sandbox import SandboxedEnvironment

from maxbooster_ops.alerting.rule import Labels, Rule

_NO_DATA = "no data"


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """What happens, in one sentence with its figures, and what it means."""

    summary: str
    description: str


def render(rule: Rule, labels: Labels, value: float | None) -> Texts:
    """Render both texts for one series; a template that cannot be rendered gives way to plain words, never to an error.

    An alert must be told even where its text is broken, so what fails here is only ever found when the file is read.
    """
    try:
        return _rendered(rule, labels, value)
    except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError):
        return Texts(summary=_plain(rule, labels, value), description=rule.title)


def broken_template(rule: Rule, label_names: Iterable[str] | None) -> tuple[str, str] | None:
    """Give the field whose template cannot be rendered, and why; None where both can, with a value and without one.

    Any label is accepted where `label_names` is None.
    """
    names = _AnyLabel() if label_names is None else dict.fromkeys(label_names, "sample")
    for field in ("summary", "description"):
        for value in (rule.condition.threshold, None):
            try:
                _text(getattr(rule, field), rule, names, value)
            except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as error:
                return field, str(error)
    return None


def _rendered(rule: Rule, labels: Labels, value: float | None) -> Texts:
    return Texts(
        summary=_text(rule.summary, rule, labels, value), description=_text(rule.description, rule, labels, value)
    )


def _text(template: str, rule: Rule, labels: Labels, value: float | None) -> str:
    rendered = _compiled(template).render(
        labels=labels,
        value=value,
        threshold=rule.condition.threshold,
        value_name=rule.value_name,
        unit=rule.unit,
        title=rule.title,
        severity=rule.severity.word,
        rule=rule.name,
    )
    return " ".join(rendered.split())


def _plain(rule: Rule, labels: Labels, value: float | None) -> str:
    where = ", ".join(f"{name}={text}" for name, text in sorted(labels.items()))
    figures = f"{rule.value_name} is {_number(value)} {rule.unit}".rstrip()
    return f"{rule.title}{f' ({where})' if where else ''}: {figures} (threshold: {_number(rule.condition.threshold)})"


def _number(value: float | None, digits: int = 2) -> str:
    """Write a figure with at most so many decimals and no thousands marks: `150`, `12.35`."""
    if value is None or math.isnan(value):
        return _NO_DATA
    if math.isinf(value):
        return "infinite"
    text = f"{value:.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _duration(seconds: float | None) -> str:
    """Write seconds as people say them: `45 s`, `5 min`, `2 h 30 min`."""
    if seconds is None or not math.isfinite(seconds):
        return _NO_DATA
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{minutes} min {rest} s" if minutes and rest else f"{minutes} min" if minutes else f"{_number(seconds)} s"


def _megabytes(size_bytes: float | None) -> str:
    return _NO_DATA if size_bytes is None else f"{_number(size_bytes / 1024**2, 0)} MB"


@lru_cache(maxsize=1024)
def _compiled(template: str) -> Template:
    """Compile a template once: a storm renders the same one a thousand times."""
    return _ENVIRONMENT.from_string(template)


class _AnyLabel(dict[str, str]):
    """Labels of which every name is there, to try a template whose labels only its SQL knows."""

    def __missing__(self, name: str) -> str:
        return name


def _environment() -> SandboxedEnvironment:
    environment = SandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
    environment.filters |= {"number": _number, "duration": _duration, "megabytes": _megabytes}
    return environment


_ENVIRONMENT = _environment()
