-- What drills saw and what came of them. Burn-ins that are under way are in the state.

CREATE TABLE ops.burn_in_checks (
    batch_id VARCHAR,
    ts TIMESTAMPTZ,
    session_id VARCHAR,
    number BIGINT,
    due TIMESTAMPTZ,
    duration_ms DOUBLE,
    ok BOOLEAN,
    queue_health VARCHAR,
    ai_caches VARCHAR,
    system_health VARCHAR,
    memory VARCHAR,
    redis VARCHAR,
    failed_jobs VARCHAR,
    problems VARCHAR[],
    redis_latency_ms DOUBLE,
    health_latency_ms DOUBLE,
    memory_mb DOUBLE,
    memory_low_mb DOUBLE,
    host_memory_percent DOUBLE,
    open_files BIGINT,
    queues BIGINT,
    waiting BIGINT,
    active BIGINT,
    delayed BIGINT,
    completed_delta BIGINT,
    failed_delta BIGINT,
    stalled_delta BIGINT,
    cache_utilization_percent DOUBLE,
    cache_evictions BIGINT,
    pool_utilization_percent DOUBLE,
    pool_wait_ms_p95 DOUBLE,
    redis_clients BIGINT,
    requests_delta DOUBLE,
    errors_delta DOUBLE,
    request_ms_p95 DOUBLE,
    platform_uptime_seconds DOUBLE,
    redis_uptime_seconds DOUBLE
);
ALTER TABLE ops.burn_in_checks SET PARTITIONED BY (year(ts), month(ts), day(ts));
COMMENT ON TABLE ops.burn_in_checks IS 'One row a check of a burn-in.';
COMMENT ON COLUMN ops.burn_in_checks.batch_id IS 'The write that brought this row; a batch is stored at most once.';
COMMENT ON COLUMN ops.burn_in_checks.ts IS 'When it was taken.';
COMMENT ON COLUMN ops.burn_in_checks.session_id IS 'The burn-in that it belongs to.';
COMMENT ON COLUMN ops.burn_in_checks.number IS 'Counts the checks of a burn-in from 1; a missed one has no row and no number.';
COMMENT ON COLUMN ops.burn_in_checks.due IS 'When it was due.';
COMMENT ON COLUMN ops.burn_in_checks.duration_ms IS 'ms that it took.';
COMMENT ON COLUMN ops.burn_in_checks.ok IS 'Whether no part failed, and none that the plan asks for is missing.';
COMMENT ON COLUMN ops.burn_in_checks.queue_health IS 'ok, warning, failed or missing: backlog, stalled jobs and paused queues.';
COMMENT ON COLUMN ops.burn_in_checks.ai_caches IS 'ok, warning, failed or missing: utilization of the AI model caches.';
COMMENT ON COLUMN ops.burn_in_checks.system_health IS 'ok, warning, failed or missing: the health endpoints.';
COMMENT ON COLUMN ops.burn_in_checks.memory IS 'ok, warning, failed or missing: memory of the process of the platform and of the host.';
COMMENT ON COLUMN ops.burn_in_checks.redis IS 'ok, warning, failed or missing: latency and state of Redis.';
COMMENT ON COLUMN ops.burn_in_checks.failed_jobs IS 'ok, warning, failed or missing: jobs that failed for good so far.';
COMMENT ON COLUMN ops.burn_in_checks.problems IS 'What was wrong, a sentence each, redacted.';
COMMENT ON COLUMN ops.burn_in_checks.redis_latency_ms IS 'ms of a PING, median of several.';
COMMENT ON COLUMN ops.burn_in_checks.health_latency_ms IS 'ms until the health endpoint had answered.';
COMMENT ON COLUMN ops.burn_in_checks.memory_mb IS 'MB resident memory of the process of the platform.';
COMMENT ON COLUMN ops.burn_in_checks.memory_low_mb IS 'MB; the least of it since the previous check.';
COMMENT ON COLUMN ops.burn_in_checks.host_memory_percent IS 'Percent of the host memory in use.';
COMMENT ON COLUMN ops.burn_in_checks.open_files IS 'Open file descriptors of the process of the platform.';
COMMENT ON COLUMN ops.burn_in_checks.queues IS 'Queues seen.';
COMMENT ON COLUMN ops.burn_in_checks.waiting IS 'Waiting, prioritized and paused jobs of all queues.';
COMMENT ON COLUMN ops.burn_in_checks.active IS 'Active jobs of all queues.';
COMMENT ON COLUMN ops.burn_in_checks.delayed IS 'Delayed jobs of all queues.';
COMMENT ON COLUMN ops.burn_in_checks.completed_delta IS 'Jobs completed since the previous check; NULL where nobody knows.';
COMMENT ON COLUMN ops.burn_in_checks.failed_delta IS 'Jobs that failed for good since the previous check; NULL where nobody knows.';
COMMENT ON COLUMN ops.burn_in_checks.stalled_delta IS 'Stalls since the previous check; NULL where nobody knows.';
COMMENT ON COLUMN ops.burn_in_checks.cache_utilization_percent IS 'Percent; of the fullest AI model cache.';
COMMENT ON COLUMN ops.burn_in_checks.cache_evictions IS 'Models put out of all caches since the platform started.';
COMMENT ON COLUMN ops.burn_in_checks.pool_utilization_percent IS 'Percent of the database connections in use.';
COMMENT ON COLUMN ops.burn_in_checks.pool_wait_ms_p95 IS 'ms; p95 of waiting for a database connection since the previous check.';
COMMENT ON COLUMN ops.burn_in_checks.redis_clients IS 'Clients connected to Redis.';
COMMENT ON COLUMN ops.burn_in_checks.requests_delta IS 'Requests that the platform answered since the previous check.';
COMMENT ON COLUMN ops.burn_in_checks.errors_delta IS 'Those of them that were answered 5xx.';
COMMENT ON COLUMN ops.burn_in_checks.request_ms_p95 IS 'ms; p95 of these requests.';
COMMENT ON COLUMN ops.burn_in_checks.platform_uptime_seconds IS 's since the process of the platform started; falls where it was restarted.';
COMMENT ON COLUMN ops.burn_in_checks.redis_uptime_seconds IS 's since Redis started; falls where it was restarted.';

CREATE TABLE ops.drill_results (
    batch_id VARCHAR,
    ts TIMESTAMPTZ,
    drill VARCHAR,
    drill_id VARCHAR,
    scenario VARCHAR,
    target VARCHAR,
    started_at TIMESTAMPTZ,
    verdict VARCHAR,
    valid_for_release BOOLEAN,
    reasons VARCHAR[],
    numbers MAP(VARCHAR, DOUBLE),
    report VARCHAR
);
ALTER TABLE ops.drill_results SET PARTITIONED BY (year(ts), month(ts), day(ts));
COMMENT ON TABLE ops.drill_results IS 'One row a drill that ended, and one a scenario of it.';
COMMENT ON COLUMN ops.drill_results.batch_id IS 'The write that brought this row; a batch is stored at most once.';
COMMENT ON COLUMN ops.drill_results.ts IS 'When it ended.';
COMMENT ON COLUMN ops.drill_results.drill IS 'burn_in or chaos.';
COMMENT ON COLUMN ops.drill_results.drill_id IS 'The session or the drill.';
COMMENT ON COLUMN ops.drill_results.scenario IS 'One scenario of a chaos drill; empty for a drill as a whole.';
COMMENT ON COLUMN ops.drill_results.target IS 'What was drilled, without secrets.';
COMMENT ON COLUMN ops.drill_results.started_at IS 'When it began.';
COMMENT ON COLUMN ops.drill_results.verdict IS 'PASS, CONDITIONAL PASS, FAIL or PARTIAL; ready, review, not ready or partial; of a scenario passed, failed or not run.';
COMMENT ON COLUMN ops.drill_results.valid_for_release IS 'Whether a release may rest on it.';
COMMENT ON COLUMN ops.drill_results.reasons IS 'Why, a sentence each.';
COMMENT ON COLUMN ops.drill_results.numbers IS 'What was measured, by name with the unit in it.';
COMMENT ON COLUMN ops.drill_results.report IS 'Path of the report without its ending, below the home; NULL where none was written.';
