"""`maxbooster-ops queues`: every queue as last seen."""

from __future__ import annotations

from maxbooster_ops.cli.options import HomeOption, JsonOption, settings_for
from maxbooster_ops.cli.output import console, milliseconds, print_json, print_table
from maxbooster_ops.store.facts import QueueSample
from maxbooster_ops.store.lake import open_lake
from maxbooster_ops.store.latest import latest
from maxbooster_ops.watching import home_of

_COLUMNS = ("queue", "wait", "active", "delay", "failed", "done", "fail %", "avg", "p95", "oldest")


def run(json: JsonOption = False, home: HomeOption = None) -> None:
    """Show every BullMQ queue: counts now, and what finished since the sample before (done, failed %, avg, p95).

    `--json` has every field of the table `queue_samples`.
    """
    with open_lake(home_of(settings_for(home)), read_only=True) as lake:
        samples = latest(lake, QueueSample)
    if json:
        print_json(samples)
    elif not samples:
        console.print(
            "No queue was seen within the last hour. `maxbooster-ops status` says what is watched and what failed."
        )
    else:
        print_table(f"Queues at {samples[0].ts:%Y-%m-%d %H:%M:%S} UTC", _COLUMNS, map(_row, samples))


def _row(sample: QueueSample) -> tuple[object, ...]:
    return (
        f"{sample.queue} (paused)" if sample.is_paused else sample.queue,
        sample.waiting,
        sample.active,
        sample.delayed,
        sample.failed,
        sample.completed_delta,
        None if sample.failed_rate is None else 100 * sample.failed_rate,
        milliseconds(sample.processing_ms_avg),
        milliseconds(sample.processing_ms_p95),
        milliseconds(sample.oldest_waiting_ms),
    )
