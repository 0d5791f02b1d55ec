"""The growth of counters between two scrapes.

Belongs here: pure arithmetic and the key a series is remembered by. Not here: reading a page (`page.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b


def increase(before: float | None, now: float) -> float | None:
    """Give how much a counter grew; None on first sight.

    A counter that fell was started again from zero, so all of its value is growth: the rule of Prometheus' `increase`,
    without its extrapolation to the edges of a window.
    """
    if before is None:
        return None
    return now if now < before else now - before


def series_key(name: str, labels: Mapping[str, str]) -> str:
    """Name a series in 16 characters, in whatever order its labels stand.

    Label sets of a hundred characters times 20 000 series would be megabytes of memory per scrape. With 64 bits, two of
    20 000 series share a key once in 10^11 pages.
    """
    digest = blake2b(name.encode(), digest_size=8)
    for label, value in sorted(labels.items()):
        digest.update(f"\0{label}\0{value}".encode())
    return digest.hexdigest()
