"""The source that scrapes a page of metrics.

Belongs here: one scrape, from the address to rows. Not here: the format (`page.py`) or the arithmetic (`increase.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from maxbooster_ops.errors import MaxboosterError
from maxbooster_ops.sources.http_fetch import FetchError, fetch_page
from maxbooster_ops.sources.prometheus.increase import increase, series_key
from maxbooster_ops.sources.prometheus.page import Page, UnreadablePageError, complaint, parse_page
from maxbooster_ops.sources.source import Moment, Reading
from maxbooster_ops.store.facts import MetricSample, SourceFailure

_PAGE_LIMIT_BYTES = 10 * 1024 * 1024
_DEADLINE_SECONDS = 4.0
_MOST_SERIES = 20_000
_ACCEPT = "text/plain;version=0.0.4, application/openmetrics-text;version=1.0.0;q=0.5, */*;q=0.1"


class PrometheusScrape:
    """The series on one page of metrics, whose full address is `url`; rows carry `source` as the page's owner."""

    name = "metrics"

    def __init__(self, url: str, *, source: str = "platform") -> None:
        self._url = url
        self._source = source

    def read(self, moment: Moment) -> Reading | SourceFailure:
        """Scrape once: every good series, its growth since the previous scrape, and one failure about bad lines."""
        try:
            fetched = fetch_page(
                self._url, limit_bytes=_PAGE_LIMIT_BYTES, deadline_seconds=_DEADLINE_SECONDS, accept=_ACCEPT
            )
            text = fetched.body.decode("utf-8", errors="replace")
            page = parse_page(text, content_type=fetched.content_type, most_series=_MOST_SERIES)
        except FetchError as error:
            hint = "check PLATFORM_URL, and that the platform serves its metrics at this address"
            return self._failure(error, at=moment.at, hint=hint)
        except UnreadablePageError as error:
            hint = "is this the address of the metrics? A login or error page with status 200 looks like this"
            return self._failure(error, at=moment.at, hint=hint)
        return self._reading(page, moment)

    def close(self) -> None:
        """Hold nothing between readings."""

    def _reading(self, page: Page, moment: Moment) -> Reading:
        before: Mapping[str, float] = moment.memory.get("values", {})
        values: dict[str, float] = {}
        rows: list[MetricSample] = []
        for series in page.series:
            grown = None
            if series.only_grows:
                key = series_key(series.name, series.labels)
                values[key] = series.value
                grown = increase(before.get(key), series.value)
            rows.append(
                MetricSample(
                    ts=moment.at,
                    source=self._source,
                    name=series.name,
                    kind=series.kind,
                    labels=series.labels,
                    value=series.value,
                    increase=grown,
                )
            )
        return Reading(rows=rows, memory={"values": values}, failures=self._complaints(page, at=moment.at))

    def _complaints(self, page: Page, *, at: datetime) -> list[SourceFailure]:
        error = complaint(page)
        hint = "correct the platform's metrics; all good lines of the page were kept"
        return [self._failure(error, at=at, hint=hint)] if error else []

    def _failure(self, error: MaxboosterError, *, at: datetime, hint: str) -> SourceFailure:
        return SourceFailure.of(self.name, error, at=at, target=self._url, hint=hint)
