-- Analysis: what is found in the facts, one table per kind of finding; columns follow the classes in `findings.py`, after `batch_id`.

CREATE TABLE ops.tracked_executions (
    batch_id VARCHAR,
    ts TIMESTAMPTZ,
    job VARCHAR,
    run_id VARCHAR,
    success BOOLEAN,
    duration_ms DOUBLE,
    attempt BIGINT,
    metadata MAP(VARCHAR, VARCHAR),
    error VARCHAR
);
ALTER TABLE ops.tracked_executions SET PARTITIONED BY (year(ts), month(ts), day(ts));
COMMENT ON TABLE ops.tracked_executions IS 'One execution of a job that reported itself, once; finished BullMQ jobs are in queue_jobs, both in job_executions.';
COMMENT ON COLUMN ops.tracked_executions.batch_id IS 'The write that brought this row; a batch is stored at most once.';
COMMENT ON COLUMN ops.tracked_executions.ts IS 'When it ended.';
COMMENT ON COLUMN ops.tracked_executions.job IS 'Job id (type).';
COMMENT ON COLUMN ops.tracked_executions.run_id IS 'Which execution.';
COMMENT ON COLUMN ops.tracked_executions.success IS 'Whether it ended well.';
COMMENT ON COLUMN ops.tracked_executions.duration_ms IS 'ms.';
COMMENT ON COLUMN ops.tracked_executions.attempt IS '1 for the first.';
COMMENT ON COLUMN ops.tracked_executions.metadata IS 'What the job said about itself, as text by name.';
COMMENT ON COLUMN ops.tracked_executions.error IS 'Why it failed, at most 500 characters.';

CREATE TABLE ops.rollups (
    batch_id VARCHAR,
    ts TIMESTAMPTZ,
    width VARCHAR,
    series VARCHAR,
    kind VARCHAR,
    labels MAP(VARCHAR, VARCHAR),
    count BIGINT,
    avg DOUBLE,
    min DOUBLE,
    max DOUBLE,
    p50 DOUBLE,
    p75 DOUBLE,
    p95 DOUBLE,
    p99 DOUBLE,
    p999 DOUBLE
);
ALTER TABLE ops.rollups SET PARTITIONED BY (width, year(ts), month(ts), day(ts));
COMMENT ON TABLE ops.rollups IS 'One series over one window that has ended. Percentiles are of the raw values of that window, never of other percentiles.';
COMMENT ON COLUMN ops.rollups.batch_id IS 'The write that brought this row; a batch is stored at most once.';
COMMENT ON COLUMN ops.rollups.ts IS 'Where the window begins, UTC.';
COMMENT ON COLUMN ops.rollups.width IS '1m, 30m or 1d.';
COMMENT ON COLUMN ops.rollups.series IS 'Name of the series; see the view series.';
COMMENT ON COLUMN ops.rollups.kind IS 'gauge (samples), rate (a counter, per second), observations (single finished jobs) or histogram.';
COMMENT ON COLUMN ops.rollups.labels IS 'Label by name.';
COMMENT ON COLUMN ops.rollups.count IS 'samples, or observations.';
COMMENT ON COLUMN ops.rollups.avg IS 'mean.';
COMMENT ON COLUMN ops.rollups.min IS 'least; NULL for a histogram.';
COMMENT ON COLUMN ops.rollups.max IS 'greatest; NULL for a histogram.';
COMMENT ON COLUMN ops.rollups.p50 IS 'median.';
COMMENT ON COLUMN ops.rollups.p75 IS '75th percentile.';
COMMENT ON COLUMN ops.rollups.p95 IS '95th percentile.';
COMMENT ON COLUMN ops.rollups.p99 IS '99th percentile.';
COMMENT ON COLUMN ops.rollups.p999 IS '99.9th percentile.';

CREATE TABLE ops.baselines (
    batch_id VARCHAR,
    ts TIMESTAMPTZ,
    name VARCHAR,
    kind VARCHAR,
    start TIMESTAMPTZ,
    until TIMESTAMPTZ,
    series VARCHAR,
    labels MAP(VARCHAR, VARCHAR),
    count BIGINT,
    effective_count DOUBLE,
    avg DOUBLE,
    min DOUBLE,
    max DOUBLE,
    p50 DOUBLE,
    p95 DOUBLE,
    p99 DOUBLE,
    quantiles DOUBLE[]
);
ALTER TABLE ops.baselines SET PARTITIONED BY (year(ts));
COMMENT ON TABLE ops.baselines IS 'One series as it was while a baseline was taken.';
COMMENT ON COLUMN ops.baselines.batch_id IS 'The write that brought this row; a batch is stored at most once.';
COMMENT ON COLUMN ops.baselines.ts IS 'When it was saved.';
COMMENT ON COLUMN ops.baselines.name IS 'Name of the baseline.';
COMMENT ON COLUMN ops.baselines.kind IS 'automatic, named, weekly, pre_launch, post_launch or post_update.';
COMMENT ON COLUMN ops.baselines.start IS 'From when.';
COMMENT ON COLUMN ops.baselines.until IS 'To when.';
COMMENT ON COLUMN ops.baselines.series IS 'Name of the series.';
COMMENT ON COLUMN ops.baselines.labels IS 'Label by name.';
COMMENT ON COLUMN ops.baselines.count IS 'values.';
COMMENT ON COLUMN ops.baselines.effective_count IS 'independent values that they are worth, since neighbours resemble each other.';
COMMENT ON COLUMN ops.baselines.avg IS 'mean.';
COMMENT ON COLUMN ops.baselines.min IS 'least.';
COMMENT ON COLUMN ops.baselines.max IS 'greatest.';
COMMENT ON COLUMN ops.baselines.p50 IS 'median.';
COMMENT ON COLUMN ops.baselines.p95 IS '95th percentile.';
COMMENT ON COLUMN ops.baselines.p99 IS '99th percentile.';
COMMENT ON COLUMN ops.baselines.quantiles IS 'at most 1001 evenly spaced quantiles, from the least to the greatest.';

CREATE TABLE ops.regressions (
    batch_id VARCHAR,
    ts TIMESTAMPTZ,
    baseline VARCHAR,
    series VARCHAR,
    labels MAP(VARCHAR, VARCHAR),
    metric VARCHAR,
    statistic VARCHAR,
    unit VARCHAR,
    before DOUBLE,
    after DOUBLE,
    change_percent DOUBLE,
    count_before BIGINT,
    count_after BIGINT,
    p_value DOUBLE,
    result VARCHAR,
    is_significant BOOLEAN,
    exceeds_naive BOOLEAN,
    started_at TIMESTAMPTZ,
    reason VARCHAR
);
ALTER TABLE ops.regressions SET PARTITIONED BY (year(ts), month(ts), day(ts));
COMMENT ON TABLE ops.regressions IS 'One statistic of one series held against its baseline.';
COMMENT ON COLUMN ops.regressions.batch_id IS 'The write that brought this row; a batch is stored at most once.';
COMMENT ON COLUMN ops.regressions.ts IS 'Until when the values after it reach.';
COMMENT ON COLUMN ops.regressions.baseline IS 'Name of the baseline.';
COMMENT ON COLUMN ops.regressions.series IS 'Name of the series.';
COMMENT ON COLUMN ops.regressions.labels IS 'Label by name.';
COMMENT ON COLUMN ops.regressions.metric IS 'Series with its labels, and the statistic, as people read it.';
COMMENT ON COLUMN ops.regressions.statistic IS 'typical (shift of the whole distribution) or p95.';
COMMENT ON COLUMN ops.regressions.unit IS 'Unit of before and after.';
COMMENT ON COLUMN ops.regressions.before IS 'in the baseline.';
COMMENT ON COLUMN ops.regressions.after IS 'since.';
COMMENT ON COLUMN ops.regressions.change_percent IS '%; positive is more, whether that is better or worse.';
COMMENT ON COLUMN ops.regressions.count_before IS 'values in the baseline.';
COMMENT ON COLUMN ops.regressions.count_after IS 'values since.';
COMMENT ON COLUMN ops.regressions.p_value IS '0..1; how likely so large a difference is by chance alone.';
COMMENT ON COLUMN ops.regressions.result IS 'regressed, improved, unchanged or inconclusive.';
COMMENT ON COLUMN ops.regressions.is_significant IS 'Worse by 10 % or more and beyond noise.';
COMMENT ON COLUMN ops.regressions.exceeds_naive IS 'Worse by 10 % or more, noise or not.';
COMMENT ON COLUMN ops.regressions.started_at IS 'Estimated start of the change.';
COMMENT ON COLUMN ops.regressions.reason IS 'Why this result, in words.';

CREATE TABLE ops.trends (
    batch_id VARCHAR,
    ts TIMESTAMPTZ,
    series VARCHAR,
    labels MAP(VARCHAR, VARCHAR),
    metric VARCHAR,
    unit VARCHAR,
    hours DOUBLE,
    count BIGINT,
    level DOUBLE,
    slope_per_hour DOUBLE,
    slope_low DOUBLE,
    slope_high DOUBLE,
    change_percent_per_day DOUBLE,
    verdict VARCHAR,
    reason VARCHAR
);
ALTER TABLE ops.trends SET PARTITIONED BY (year(ts), month(ts), day(ts));
COMMENT ON TABLE ops.trends IS 'Where one series is going, over the hours that end at ts.';
COMMENT ON COLUMN ops.trends.batch_id IS 'The write that brought this row; a batch is stored at most once.';
COMMENT ON COLUMN ops.trends.ts IS 'End of the hours.';
COMMENT ON COLUMN ops.trends.series IS 'Name of the series.';
COMMENT ON COLUMN ops.trends.labels IS 'Label by name.';
COMMENT ON COLUMN ops.trends.metric IS 'Series with its labels, as people read it.';
COMMENT ON COLUMN ops.trends.unit IS 'Unit of the level.';
COMMENT ON COLUMN ops.trends.hours IS 'Length of what was looked at.';
COMMENT ON COLUMN ops.trends.count IS 'values.';
COMMENT ON COLUMN ops.trends.level IS 'Median of the newest hour.';
COMMENT ON COLUMN ops.trends.slope_per_hour IS 'unit per hour; median of the pairwise slopes.';
COMMENT ON COLUMN ops.trends.slope_low IS 'unit per hour; lower end of the 95 % confidence interval.';
COMMENT ON COLUMN ops.trends.slope_high IS 'unit per hour; upper end of it.';
COMMENT ON COLUMN ops.trends.change_percent_per_day IS '% of the level per 24 h.';
COMMENT ON COLUMN ops.trends.verdict IS 'improving, stable, degrading or unknown.';
COMMENT ON COLUMN ops.trends.reason IS 'Why this verdict, in words.';

CREATE TABLE ops.slo_windows (
    batch_id VARCHAR,
    ts TIMESTAMPTZ,
    known_at TIMESTAMPTZ,
    service VARCHAR,
    objective VARCHAR,
    target DOUBLE,
    indicator VARCHAR,
    total DOUBLE,
    bad DOUBLE,
    weight DOUBLE,
    evidence DOUBLE,
    in_maintenance BOOLEAN,
    burn_rate_5m DOUBLE,
    burn_rate_30m DOUBLE,
    burn_rate_1h DOUBLE,
    burn_rate_2h DOUBLE,
    burn_rate_6h DOUBLE,
    burn_rate_1d DOUBLE,
    burn_rate_3d DOUBLE,
    fast_burn DOUBLE,
    slow_burn DOUBLE,
    budget_minutes DOUBLE,
    spent_minutes DOUBLE
);
ALTER TABLE ops.slo_windows SET PARTITIONED BY (year(ts), month(ts), day(ts));
COMMENT ON TABLE ops.slo_windows IS 'One objective of one service over the five minutes that end at ts.';
COMMENT ON COLUMN ops.slo_windows.batch_id IS 'The write that brought this row; a batch is stored at most once.';
COMMENT ON COLUMN ops.slo_windows.ts IS 'End of the five minutes; it belongs to them, their beginning does not.';
COMMENT ON COLUMN ops.slo_windows.known_at IS 'When it was computed; rules see it from then on.';
COMMENT ON COLUMN ops.slo_windows.service IS 'Service.';
COMMENT ON COLUMN ops.slo_windows.objective IS 'availability or latency.';
COMMENT ON COLUMN ops.slo_windows.target IS '0..1; share of good events that is promised.';
COMMENT ON COLUMN ops.slo_windows.indicator IS 'What counted the events, such as requests http_requests_total; NULL where nothing did.';
COMMENT ON COLUMN ops.slo_windows.total IS 'events that count; NULL where nothing was seen.';
COMMENT ON COLUMN ops.slo_windows.bad IS 'events that broke the objective.';
COMMENT ON COLUMN ops.slo_windows.weight IS 'events that the window stands for: total, or the usual traffic where only a later indicator saw it.';
COMMENT ON COLUMN ops.slo_windows.evidence IS 'bad, in multiples of the bad events that it takes to judge.';
COMMENT ON COLUMN ops.slo_windows.in_maintenance IS 'Lies in a maintenance window and spends no budget.';
COMMENT ON COLUMN ops.slo_windows.burn_rate_5m IS 'share of bad events over 5 min / (1 - target); NULL where nothing was seen.';
COMMENT ON COLUMN ops.slo_windows.burn_rate_30m IS 'the same over 30 min.';
COMMENT ON COLUMN ops.slo_windows.burn_rate_1h IS 'the same over 1 h.';
COMMENT ON COLUMN ops.slo_windows.burn_rate_2h IS 'the same over 2 h.';
COMMENT ON COLUMN ops.slo_windows.burn_rate_6h IS 'the same over 6 h.';
COMMENT ON COLUMN ops.slo_windows.burn_rate_1d IS 'the same over 1 day.';
COMMENT ON COLUMN ops.slo_windows.burn_rate_3d IS 'the same over 3 days.';
COMMENT ON COLUMN ops.slo_windows.fast_burn IS 'burn rate in multiples of its limit, 14.4 over 1 h and 5 min or 6 over 6 h and 30 min; 0 with too little evidence, NULL where nothing was seen.';
COMMENT ON COLUMN ops.slo_windows.slow_burn IS 'the same with the limits 3 over 1 day and 2 h, 1 over 3 days and 6 h.';
COMMENT ON COLUMN ops.slo_windows.budget_minutes IS 'min of 30 days that may be bad.';
COMMENT ON COLUMN ops.slo_windows.spent_minutes IS 'min of them that were, over the last 30 days.';
