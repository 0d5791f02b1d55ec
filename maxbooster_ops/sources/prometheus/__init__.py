"""The application's own metrics, scraped from a page in the Prometheus text format or in OpenMetrics.

`page` reads a page, `increase` follows counters through restarts, `scrape` is the source. Not here: what a series means
for the platform (`analysis/`), or series that somebody pushes to us.
"""

from maxbooster_ops.sources.prometheus.scrape import PrometheusScrape

__all__ = ["PrometheusScrape"]
