"""The verdict on a burn-in: every kind of evidence, weighed.

Belongs here: which kinds there are and how they add up. Not here: any one of them (the modules beside this one).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from maxbooster_ops.readiness.burn_in.judgement import Course, Judgement, Reason, Verdict, Weight
from maxbooster_ops.readiness.burn_in.plan import Plan, Thresholds
from maxbooster_ops.readiness.burn_in.verdict.caches import weigh_caches
from maxbooster_ops.readiness.burn_in.verdict.connections import weigh_connections
from maxbooster_ops.readiness.burn_in.verdict.evidence import note
from maxbooster_ops.readiness.burn_in.verdict.jobs import weigh_jobs
from maxbooster_ops.readiness.burn_in.verdict.latency import weigh_latency
from maxbooster_ops.readiness.burn_in.verdict.memory import weigh_memory
from maxbooster_ops.readiness.burn_in.verdict.outages import weigh_outages
from maxbooster_ops.readiness.burn_in.verdict.success import weigh_success
from maxbooster_ops.readiness.burn_in.verdict.timeline import Timeline
from maxbooster_ops.readiness.report.wording import counted, span
from maxbooster_ops.store.findings import BurnInCheck

_HEAVIEST_FIRST = (Weight.FAILS, Weight.CONDITIONAL, Weight.NOTE)


def judge(checks: Sequence[BurnInCheck], plan: Plan, course: Course) -> Judgement:
    """Judge a burn-in by its checks, in whatever order they come.

    The heaviest reason decides; without any that weighs, it is a PASS. One that was ended early is PARTIAL, with all
    the reasons that there are by then. It fails closed: what is not known does not speak for a release.
    """
    timeline = Timeline.of(checks, plan, course)
    success, memory = weigh_success(timeline), weigh_memory(timeline)
    others = [weigh(timeline) for weigh in (weigh_latency, weigh_jobs, weigh_caches, weigh_connections)]
    listed = [success, weigh_outages(timeline), memory, *others]
    # Without a check, every kind of evidence would say the same: nothing is known.
    heard = listed if timeline.checks else [success]
    reasons = sorted(chain(*(each.reasons for each in heard)), key=lambda reason: _HEAVIEST_FIRST.index(reason.weight))
    verdict = _verdict(reasons)
    figures = tuple(chain(*(each.figures for each in listed)))
    failed = timeline.total(lambda check: check.failed_delta)
    return Judgement(
        verdict=Verdict.PARTIAL if course.ended_early else verdict,
        reasons=(*reasons, *_on_course(timeline, verdict)),
        checks=len(timeline.checks),
        expected_checks=timeline.expected_checks,
        success_rate=success.success_rate,
        coverage=success.coverage,
        gaps=success.gaps,
        memory_growth_mb=memory.growth_mb,
        memory_growth_mb_per_day=memory.growth_mb_per_day,
        leak=memory.leak,
        redis_latency_avg_ms=timeline.mean(lambda check: check.redis_latency_ms),
        failed_jobs=None if failed is None else int(failed),
        figures=figures,
        drifts=tuple(chain(*(each.drifts for each in listed))),
        is_rehearsal=plan.is_rehearsal,
    )


def _verdict(reasons: Sequence[Reason]) -> Verdict:
    weights = {reason.weight for reason in reasons}
    if Weight.FAILS in weights:
        return Verdict.FAIL
    return Verdict.CONDITIONAL_PASS if Weight.CONDITIONAL in weights else Verdict.PASS


def _on_course(timeline: Timeline, verdict: Verdict) -> list[Reason]:
    course, plan = timeline.course, timeline.plan
    reasons = []
    if course.ended_early:
        ran = f"ended after {span(course.ended_at - course.started_at)} of {span(plan.duration)}"
        said = f"not valid for a release: {ran}, {counted(len(timeline.checks), 'check')} of {plan.expected_checks:,}"
        reasons.append(note("partial", f"{said}; what there is would be a {verdict}"))
    elif plan.is_rehearsal:
        reasons.append(
            note("rehearsal", f"not valid for a release: a rehearsal of {span(plan.duration)} instead of 24 h")
        )
    if changed := _unlike_the_promise(plan):
        reasons.append(note("thresholds", f"judged by thresholds of its own: {', '.join(changed)}"))
    if course.takeovers:
        times = counted(course.takeovers, "time")
        reasons.append(note("takeovers", f"taken up again {times} after the process that worked on it had died"))
    return reasons


def _unlike_the_promise(plan: Plan) -> list[str]:
    asked, promised = plan.thresholds.model_dump(), Thresholds().model_dump()
    return [f"{name} {asked[name]:g} instead of {promised[name]:g}" for name in asked if asked[name] != promised[name]]
