"""Holding what a drill of dead letters left against what the jobs themselves saw.

Belongs here: the audit. What ran is known from sets in Redis to which every run of a job added itself, so nothing is
taken from the letters that are judged. Not here: the drill (`dead_letter_kills.py`).
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from maxbooster_ops.dead_letters.deciding import MOST_TRIES
from maxbooster_ops.dead_letters.letter import Letter, LetterState
from maxbooster_ops.dead_letters.letter_store import chosen
from maxbooster_ops.dead_letters.selecting import Selection
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.opening import open_store
from support.dead_letter_kills import QUEUES, LetterDrill


@dataclass(kw_only=True)
class LetterAudit:
    """What was counted, and what is wrong, each fault in words."""

    counts: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def expect(self, what: str, *, found: object, expected: object) -> None:
        if found != expected:
            self.faults.append(f"{what}: {found}, expected {expected}")

    def lines(self) -> list[str]:
        counted = [f"{count:>8}  {what}" for what, count in self.counts.items()]
        return [*counted, f"{len(self.faults):>8}  violations", *(f"          {fault}" for fault in self.faults[:20])]


def audit_letters(drill: LetterDrill) -> LetterAudit:
    """Judge everything that the drill left."""
    found = LetterAudit()
    with open_store(Home(root=drill.root / "home")) as store, store.state.reading() as connection:
        letters = chosen(connection, Selection())
    of_job: dict[tuple[str, str], list[Letter]] = defaultdict(list)
    for letter in letters:
        of_job[letter.job.queue, letter.job.job_id].append(letter)
    for queue in QUEUES:
        _audit_queue(drill, queue, of_job, found)
    found.counts["letters"] = len(letters)
    found.expect("letters", found=len(letters), expected=drill.jobs)
    return found


def _audit_queue(
    drill: LetterDrill, queue: str, of_job: dict[tuple[str, str], list[Letter]], found: LetterAudit
) -> None:
    mortal, mendable = drill.mortal.get(queue, set()), drill.mendable.get(queue, set())
    runs, marks = _runs(drill, f"runs:{queue}"), _runs(drill, f"marks:{queue}")
    with drill.redis.client() as client:
        failed = {job.decode() for job in client.zrange(f"bull:{queue}:failed", 0, -1)}
        completed = {job.decode() for job in client.zrange(f"bull:{queue}:completed", 0, -1)}
        elsewhere = sum(
            client.llen(f"bull:{queue}:{part}") if kind == "list" else client.zcard(f"bull:{queue}:{part}")
            for part, kind in {"wait": "list", "active": "list", "prioritized": "zset", "delayed": "zset"}.items()
        )
    found.counts["jobs"] += len(failed) + len(completed)
    found.counts["jobs dead for ever"] += len(failed)
    found.counts["jobs recovered"] += len(completed)
    found.counts["runs of jobs"] += sum(len(each) for each in runs.values())
    found.expect(f"{queue}: dead for ever", found=failed, expected=mortal)
    found.expect(f"{queue}: recovered", found=completed, expected=mendable)
    found.expect(f"{queue}: neither", found=elsewhere, expected=0)
    for job in mortal | mendable:
        letters = of_job[queue, job]
        found.expect(f"{queue}/{job}: letters", found=len(letters), expected=1)
        if letters:
            _audit_job(letters[0], runs[job], marks[job], drill, found)


def _audit_job(letter: Letter, runs: list[dict], marks: list[dict], drill: LetterDrill, found: LetterAudit) -> None:
    job, allowed = letter.job, drill.attempts[letter.job.queue, letter.job.job_id]
    name = f"{job.queue}/{job.job_id}"
    is_mortal = job.job_id in drill.mortal.get(job.queue, set())
    by_token = Counter(run["token"] for run in runs)
    tries = sorted(int(token.split(":")[1]) for token in by_token if token)
    found.counts["tries of letters"] += letter.tries
    found.counts[f"letters {letter.state}"] += 1
    found.expect(f"{name}: tries", found=tries, expected=list(range(1, letter.tries + 1)))
    expected = LetterState.PARKED if is_mortal else LetterState.RECOVERED
    found.expect(f"{name}: state", found=letter.state, expected=expected)
    if is_mortal:
        found.expect(f"{name}: tries before it was parked", found=letter.tries, expected=MOST_TRIES)
        found.expect(f"{name}: side effects", found=len(marks), expected=0)
    # A run that BullMQ itself repeats since the worker lost its lock carries a count of stalls; one of ours does not.
    stalled = Counter(run["token"] for run in runs if run["stalled"])
    found.counts["runs that BullMQ repeated (stalled)"] += sum(stalled.values())
    for token, count in by_token.items():
        if count - stalled[token] > allowed:
            found.faults.append(
                f"{name}: {count} runs in try {token}, {stalled[token]} after a stall; {allowed} allowed"
            )
    if not is_mortal:
        repeated = sum(1 for mark in marks if mark["stalled"])
        found.counts["side effects"] += len(marks)
        found.counts["side effects that BullMQ repeated (stalled)"] += max(len(marks) - 1, 0) if repeated else 0
        if not marks or (len(marks) > 1 and len(marks) - repeated > 1):
            found.faults.append(f"{name}: {len(marks)} side effects, of which {repeated} in a run after a stall")
        found.counts["recovered jobs with exactly one side effect"] += len(marks) == 1


def _runs(drill: LetterDrill, key: str) -> dict[str, list[dict]]:
    runs: dict[str, list[dict]] = defaultdict(list)
    with drill.redis.client() as client:
        for member in client.smembers(key):
            run = json.loads(member)
            runs[run["id"]].append(run)
    return runs
