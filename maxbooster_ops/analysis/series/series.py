"""A series: a name, labels, and numbers over time.

Belongs here: what identifies a series, what its values are. Not here: which there are (`catalog.py`), reading them
(`reading.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class SeriesKey:
    """Which series: its name, and its labels sorted by name."""

    name: str
    labels: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, name: str, labels: Mapping[str, str]) -> SeriesKey:
        """Name a series; the order of the labels does not matter."""
        return cls(name=name, labels=tuple(sorted(labels.items())))

    def __str__(self) -> str:
        """Write it as people read it: `queue_waiting{queue="forecast"}`; BullMQ's default prefix is left out."""
        shown = [f'{name}="{value}"' for name, value in self.labels if (name, value) != ("prefix", "bull")]
        return f"{self.name}{{{', '.join(shown)}}}" if shown else self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Values:
    """The values of one series in the order of time; both arrays have the same length, and no value is NaN.

    `moments` are seconds since 1970 (UTC).
    """

    moments: npt.NDArray[np.float64]
    values: npt.NDArray[np.float64]

    def __len__(self) -> int:
        """Give how many there are."""
        return len(self.values)
