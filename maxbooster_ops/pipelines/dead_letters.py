"""Dead letters: every hour those that are due are brought back, and what stands is shown.

Belongs here: the assets, their checks, the job and its schedule. Not here: finding, which every collecting run does
(`collecting.py`), or any decision (`dead_letters/`).
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

import dagster as dg
from pydantic import Field

from maxbooster_ops.clock import utc_now
from maxbooster_ops.dead_letters.letter import LetterState
from maxbooster_ops.dead_letters.reporting import Report, report
from maxbooster_ops.dead_letters.rounds import Round
from maxbooster_ops.dead_letters.selecting import Selection, pattern_of
from maxbooster_ops.dead_letters.service import DeadLetters, open_dead_letters
from maxbooster_ops.durations import duration_of
from maxbooster_ops.pipelines.groups import DEAD_LETTERS, OWNERS
from maxbooster_ops.pipelines.refusals import is_scheduled, marking_refusals
from maxbooster_ops.pipelines.resources import OpsResource
from maxbooster_ops.pipelines.tables import markdown_table
from maxbooster_ops.watching import targets_of

_SHOWN = 50
_SHOWN_CHARACTERS = 120


class RedriveConfig(dg.Config):
    """Which dead letters a run brings back. Left as it is, it does what the schedule does: all that are due."""

    ids: list[str] = Field(default=[], description="Only these letters, due or not, parked ones as well.")
    queues: list[str] = Field(default=[], description="Only those of these queues.")
    names: list[str] = Field(default=[], description="Only those of jobs with these names.")
    reason: str = Field(default="", description="Only those whose reason this regular expression occurs in.")
    older_than: str = Field(
        default="", description="Only those that failed longer ago than this, such as `2h` or `3d`."
    )
    parked: bool = Field(default=False, description="Those that wait for a person as well, due or not: one more try.")
    ignore_backoff: bool = Field(default=False, description="Also those that are not due yet.")
    dry_run: bool = Field(default=False, description="Only tell what would be done with each, and change nothing.")
    actor: str = Field(
        default="", description="Who asks for it; kept with every letter. Left out: `schedule`, or `launchpad`."
    )
    why: str = Field(
        default="", description="Why; kept with every letter. Left out: that it was due, or that somebody asked for it."
    )

    def round(self, now: datetime, *, scheduled: bool) -> Round:
        """Give the round that is asked for, by the schedule or else by a person; raises `UsageError` for a mistake."""
        by_hand = self.parked or bool(self.ids)
        was_due = not by_hand and not self.ignore_backoff
        selection = Selection(
            ids=tuple(self.ids),
            queues=tuple(self.queues),
            names=tuple(self.names),
            reason=pattern_of("reason", self.reason) if self.reason else None,
            failed_before=now - duration_of("older_than", self.older_than) if self.older_than else None,
        )
        return Round(
            actor=self.actor or ("schedule" if scheduled else "launchpad"),
            why=self.why or ("it was due" if was_due else "by hand"),
            selection=selection,
            ignoring_backoff=self.ignore_backoff,
            by_hand=by_hand,
        )


@dg.multi_asset(
    name="bring_back",  # the asset's name is that of the job, and Dagster wants no two alike
    specs=[
        dg.AssetSpec(
            "redrive",
            group_name=DEAD_LETTERS,
            owners=OWNERS,
            kinds={"redis", "bullmq", "sqlite"},
            deps=["queue_samples", "queue_jobs"],
            description="Dead letters that were brought back: how many, what was refused and why. The launchpad takes "
            "filters.",
        )
    ],
)
def redrive(context: dg.AssetExecutionContext, config: RedriveConfig, ops: OpsResource) -> dg.MaterializeResult[None]:
    """Look, then bring back what is due; letters that ended thirty days ago are dropped."""
    settings, now = ops.settings(), utc_now()
    redis_url = targets_of(settings).redis_url
    if redis_url is None:
        return dg.MaterializeResult(metadata={"asked": 0, "note": "No Redis is watched: set REDIS_URL."})
    url = redis_url.get_secret_value()
    with ops.store() as store, open_dead_letters(store, url, redacted=settings.maxbooster_redact_keys) as dead_letters:
        with marking_refusals(context):
            asked = config.round(now, scheduled=is_scheduled(context.run))
            dead_letters.must_know(config.ids)
        if config.dry_run:
            return _foreseen(dead_letters, asked, now)
        found, _ = dead_letters.look(now)
        done = _brought_back(dead_letters, asked)
        dropped = dead_letters.purge(now)
        dead_letters.count(utc_now())
    context.log.info("%d new letters, %d dropped", found.new, dropped)
    return dg.MaterializeResult(metadata={**done, "found": found.new, "dropped": dropped})


@dg.multi_asset(
    name="dead_letters",
    specs=[
        dg.AssetSpec(
            "dead_letters",
            group_name=DEAD_LETTERS,
            owners=OWNERS,
            kinds={"sqlite", "duckdb"},
            deps=["redrive"],
            description="Jobs that used up their attempts: how many of each state, how old, how many recovered.",
        )
    ],
    check_specs=[
        dg.AssetCheckSpec("nothing_parked", asset="dead_letters", description="No dead letter waits for a person."),
        dg.AssetCheckSpec("nothing_stuck", asset="dead_letters", description="No job is stuck, as last counted."),
    ],
)
def dead_letters(ops: OpsResource) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    """Show what stands."""
    now = utc_now()
    with ops.store() as store:
        stands = report(store, now)
    yield dg.MaterializeResult(asset_key="dead_letters", metadata=_shown(stands))
    parked, stuck = stands.of(LetterState.PARKED), stands.stuck
    yield _check("nothing_parked", parked, "letters wait for a person: `maxbooster-ops dead-letters list`")
    yield _check("nothing_stuck", stuck, "jobs are stuck: `maxbooster-ops dead-letters stuck`")


redrive_job = dg.define_asset_job(
    "redrive",
    selection=dg.AssetSelection.assets(redrive, dead_letters),
    description="Bring dead letters back: those that are due, or those that the configuration picks.",
)

redrive_hourly = dg.ScheduleDefinition(
    name="redrive_hourly",
    job=redrive_job,
    cron_schedule="0 * * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Every hour the dead letters that are due are brought back.",
)


def _brought_back(dead_letters: DeadLetters, asked: Round) -> dict[str, int | str]:
    letters = asked.letters(dead_letters, utc_now())
    done = asked.run(dead_letters, letters, clock=utc_now)
    refused = {f"refused_{refusal.value}": number for refusal, number in done.refused.items()}
    held: dict[str, int | str] = {"held_by_breaker": len(done.held), "taken_by_others": done.taken_by_others}
    if done.held:
        held["why_held"] = "; ".join(sorted(set(done.held.values())))
    return {"asked": len(letters), "brought_back": done.returned, **held, **refused}


def _foreseen(dead_letters: DeadLetters, asked: Round, now: datetime) -> dg.MaterializeResult[None]:
    foreseen = asked.foresee(dead_letters, now)
    rows = ((one.letter.id, one.letter.job.queue, one.letter.name, one.what) for one in foreseen[:_SHOWN])
    return dg.MaterializeResult(
        metadata={
            "asked": len(foreseen),
            "would_be_brought_back": sum(one.returns for one in foreseen),
            "dry_run": dg.MetadataValue.md(markdown_table(("letter", "queue", "job", "what would happen"), rows)),
        }
    )


def _shown(stands: Report) -> dict[str, dg.MetadataValue | float]:
    numbers: dict[str, dg.MetadataValue | float] = {state.value: stands.of(state) for state in LetterState}
    numbers["stuck"] = stands.stuck
    if stands.oldest_open is not None:
        numbers["oldest_open_hours"] = round(stands.oldest_open / timedelta(hours=1), 2)
    if stands.recovery_rate is not None:
        numbers["recovery_rate_percent"] = round(100 * stands.recovery_rate, 1)
    states = [state.value for state in LetterState]
    queues = ((queue, *(number.get(state, 0) for state in states)) for queue, number in stands.queues.items())
    newest = (
        (one.id, one.job.queue, one.name, one.state, one.tries, one.next_try_at, one.reason[:_SHOWN_CHARACTERS])
        for one in stands.newest
    )
    days = ((f"{day.day:%Y-%m-%d}", day.found, day.recovered, day.parked, day.discarded) for day in stands.days)
    columns = ("letter", "queue", "job", "state", "tries", "next try", "reason")
    return {
        **numbers,
        "by_queue": dg.MetadataValue.md(markdown_table(("queue", *states), queues)),
        "by_day": dg.MetadataValue.md(markdown_table(("day", "found", "recovered", "parked", "discarded"), days)),
        "newest": dg.MetadataValue.md(markdown_table(columns, newest)),
    }


def _check(name: str, number: int, what: str) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name=name,
        asset_key="dead_letters",
        passed=not number,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{number} {what}" if number else None,
        metadata={"number": number},
    )
