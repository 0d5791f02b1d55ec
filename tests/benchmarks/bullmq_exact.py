"""The whole proof that samples add up to the truth: both npm versions, every way of keeping jobs, fast and slow.

Run it from the checkout: `python tests/benchmarks/bullmq_exact.py [--jobs 600]`. The component tests run the same with
fewer jobs.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from statistics import fmean

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.bullmq_truth import CRASHED_JOBS, MODES, run_busy_queue
from support.redis_process import RedisProcess

PACES_SECONDS = (0.25, 10.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=600)
    jobs = parser.parse_args().jobs
    columns = ("npm", "mode", "every s", "samples", "completed", "failed", "retried", "stalled", "mean ms", "exact")
    print(" | ".join(columns))
    for pace in PACES_SECONDS:
        for major in (6, 5):
            for mode in MODES:
                print(" | ".join([str(major), mode, str(pace), *run(major, mode, pace, jobs)]), flush=True)


def run(major: int, mode: str, pace: float, jobs: int) -> list[str]:
    """Run once on a server of its own and put what was sampled beside what was written down."""
    with tempfile.TemporaryDirectory() as folder:
        server = RedisProcess(folder=Path(folder)).start()
        try:
            truth_file = Path(folder) / "truth"
            collector, truth, counts = run_busy_queue(
                server, truth_file, major=major, mode=mode, jobs=jobs, every_seconds=pace
            )
        finally:
            server.kill()
    sampled = [collector.total(column) for column in ("completed_delta", "failed_delta", "retried", "stalled")]
    written = [*(truth.outcomes[outcome] for outcome in ("completed", "failed", "retried")), CRASHED_JOBS]
    mean_ms = fmean(job.processing_ms for job in collector.jobs if job.processing_ms is not None)
    held = {state: getattr(collector.latest, state.replace("-", "_")) for state in counts}
    is_exact = sampled == written and held == counts and abs(mean_ms / truth.mean_processing_ms - 1) < 0.01
    pairs = [f"{ours}/{theirs}" for ours, theirs in zip(sampled, written, strict=True)]
    return [str(len(collector.samples)), *pairs, f"{mean_ms:.3f}/{truth.mean_processing_ms:.3f}", str(is_exact)]


if __name__ == "__main__":
    main()
