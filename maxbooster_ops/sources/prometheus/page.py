"""One page of metrics, read line by line so that a bad line costs only itself.

Belongs here: from text to series, and what could not be read. Not here: fetching (`scrape.py`), growth (`increase.py`).
Labels, escapes, values and exemplars are parsed by `prometheus_client`. In the text format its families are not used:
its parser renames counters (`x` becomes `x_total`), while rules and dashboards name what stands on the page.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TextIO, cast

from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_fd_to_metric_families
from prometheus_client.samples import Sample

from maxbooster_ops.errors import MaxboosterError, redact

_MEMBERS = {
    "histogram": ("_bucket", "_sum", "_count"),
    "summary": ("_sum", "_count"),
    "counter": ("_total",),
    "info": ("_info",),
}
"""The series that a family consists of besides one of its own name (the last two in OpenMetrics only)."""

_KINDS = {kind: kind for kind in ("counter", "gauge", "histogram", "summary")} | dict.fromkeys(
    ("info", "stateset", "gaugehistogram"), "gauge"
)
"""OpenMetrics knows more kinds than we keep."""

_LONGEST_LINE = 16_384
"""Nobody's series is longer, and the parser's time grows with the square of a line's quotes."""

_SHOWN_PROBLEMS = 3
_SHOWN_CHARACTERS = 80


class UnreadablePageError(MaxboosterError):
    """Nothing on the page is a metric."""


class BadLinesError(MaxboosterError):
    """Some of a page could not be read; the rest was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One series under the name it has on the page."""

    name: str
    kind: str
    labels: Mapping[str, str]
    value: float

    @property
    def only_grows(self) -> bool:
        """True where the value is a count or a sum since some start, so that its growth means something."""
        return self.kind in {"counter", "histogram"} or (
            self.kind == "summary" and self.name.endswith(("_sum", "_count"))
        )


@dataclass(slots=True, kw_only=True)
class Page:
    """What was read of a page, and in `problems` what was not, each a sentence."""

    series: list[Series] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    not_finite: int = 0
    left_out: int = 0


def parse_page(text: str, *, content_type: str = "", most_series: int) -> Page:
    """Read a page; of more than `most_series` sample lines the first are read and the others counted.

    Counters that are NaN or infinite are left out and counted: no growth can follow from them. Gauges keep such values,
    where they have a meaning. Raises `UnreadablePageError` where not a single series can be read.
    """
    _refuse_markup(text, content_type)
    lines, left_out = _first_samples(text, most_series)
    page = Page(left_out=left_out)
    is_openmetrics = "openmetrics" in content_type and not left_out
    seen: set[tuple[str, frozenset[tuple[str, str]]]] = set()
    for series in _strictly(lines, page.problems) if is_openmetrics else _line_by_line(lines, page.problems):
        identity = series.name, frozenset(series.labels.items())
        if series.only_grows and not math.isfinite(series.value):
            page.not_finite += 1
        elif identity in seen:
            page.problems.append(f"`{_cut(series.name + str(series.labels))}` stands there twice; the first was kept")
        else:
            seen.add(identity)
            page.series.append(series)
    if not page.series and not page.not_finite:
        found = page.problems[0] if page.problems else "an empty page"
        raise UnreadablePageError(
            f"no series in {len(text)} characters; expected lines such as `name 1`, found {found}"
        )
    return page


def complaint(page: Page) -> BadLinesError | None:
    """Say in one error what of the page was not kept, and why; None where all was."""
    said: list[str] = []
    if page.problems:
        said.append(f"{len(page.problems)} lines cannot be read: " + "; ".join(page.problems[:_SHOWN_PROBLEMS]))
    if page.not_finite:
        said.append(f"{page.not_finite} counters are NaN or infinite")
    if page.left_out:
        said.append(f"{page.left_out} series are more than the {len(page.series)} that are kept of a page")
    return BadLinesError(". ".join(said)) if said else None


def _refuse_markup(text: str, content_type: str) -> None:
    if "html" in content_type.lower() or text.lstrip()[:1] == "<":
        beginning = " ".join(text[:_SHOWN_CHARACTERS].split())
        raise UnreadablePageError(f"expected metrics, found a page of markup: `{redact(beginning)}`")


def _first_samples(text: str, most: int) -> tuple[list[str], int]:
    """Give the lines with at most `most` samples among them, and how many samples were left out."""
    lines: list[str] = []
    samples = 0
    # Not splitlines(): a label's value may hold the other characters that Unicode calls a line's end.
    for line in map(str.strip, text.split("\n")):
        samples += _holds_sample(line)
        if samples <= most or not _holds_sample(line):
            lines.append(line)
    return lines, max(0, samples - most)


def _holds_sample(line: str) -> bool:
    return bool(line) and not line.startswith("#")


def _strictly(lines: list[str], problems: list[str]) -> Iterator[Series]:
    text = "\n".join(lines)
    try:
        families = list(openmetrics.text_string_to_metric_families(text))  # type: ignore[no-untyped-call]
    except (ValueError, IndexError) as error:
        # Also how a page that was cut off shows: it lacks `# EOF`. What is there is still true.
        problems.append(f"the page is no valid OpenMetrics ({_cut(str(error))})")
        return _line_by_line(lines, problems)
    kinds = {family.name: family.type for family in families}
    return (_one(sample, kinds) for family in families for sample in family.samples)


def _line_by_line(lines: list[str], problems: list[str]) -> Iterator[Series]:
    kinds = dict(_declared(lines))
    samples = _SampleLines(lines)
    while not samples.at_end:
        try:
            for family in text_fd_to_metric_families(cast("TextIO", samples)):
                for sample in family.samples:
                    yield _one(sample, kinds)
        except (ValueError, IndexError):
            problems.append(f"line {samples.number}: `{_cut(samples.line)}`")


class _SampleLines:
    """The sample lines, one after another; a parser that gave up on one goes on with the next."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._numbered = enumerate(lines, start=1)
        self.number = 0
        self.line = ""
        self.at_end = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        for number, line in self._numbered:
            if _holds_sample(line):
                self.number, self.line = number, line
                if len(line) > _LONGEST_LINE:
                    raise ValueError(line)
                return line
        self.at_end = True
        raise StopIteration


def _declared(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    for line in lines:
        if line.startswith("#"):
            match line.split():
                case ["#", "TYPE", name, kind, *_]:
                    yield name.strip('"'), kind


def _one(sample: Sample, kinds: Mapping[str, str]) -> Series:
    return Series(name=sample.name, kind=_kind(sample.name, kinds), labels=sample.labels, value=_float(sample.value))


def _kind(name: str, declared: Mapping[str, str]) -> str:
    if name in declared:
        return _KINDS.get(declared[name], "untyped")
    for kind, suffixes in _MEMBERS.items():
        if any(name.endswith(suffix) and declared.get(name.removesuffix(suffix)) == kind for suffix in suffixes):
            return _KINDS[kind]
    # OpenMetrics says of a counter when it began, without declaring that as a family.
    return "gauge" if name.endswith("_created") else "untyped"


def _float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:  # an integer of more than 308 digits
        return math.inf if value > 0 else -math.inf


def _cut(text: str) -> str:
    return redact(text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "…")
