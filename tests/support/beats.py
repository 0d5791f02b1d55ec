"""Beats of two series with known values in a real lake: the platform's memory and the latency of its Redis."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from maxbooster_ops.store.facts import BeatTaken, HostSample, RedisSample
from maxbooster_ops.store.lake import Lake
from support.facts import fact

BEAT = timedelta(seconds=30)


def store_beats(
    lake: Lake, until: datetime, memory_mb: Sequence[float], hit_ratio: Sequence[float] | None = None
) -> datetime:
    """Store a beat per value, the last one just before `until`; give the moment of the first."""
    first = until - len(memory_mb) * BEAT
    moments = [first + number * BEAT for number in range(len(memory_mb))]
    ratios = hit_ratio or [0.9] * len(memory_mb)
    batch_id = f"beats-{first:%Y%m%dT%H%M%S}"

    def write(transaction):
        transaction.insert([fact(BeatTaken, ts=ts, due=ts, kind="beat") for ts in moments], batch_id=batch_id)
        transaction.insert(
            [
                fact(HostSample, ts=ts, host="web", process_rss_mb=float(value))
                for ts, value in zip(moments, memory_mb, strict=True)
            ],
            batch_id=batch_id,
        )
        transaction.insert(
            [
                fact(RedisSample, ts=ts, server="db:6379", ping_ms_median=1.0, hit_ratio=float(ratio))
                for ts, ratio in zip(moments, ratios, strict=True)
            ],
            batch_id=batch_id,
        )

    lake.write(write)
    return first
