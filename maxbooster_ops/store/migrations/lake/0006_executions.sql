-- How jobs, HTTP routes and database queries do. Macros take the two ends of a window, start <= ts < until; the views
-- without an end in their name are the last seven days. A window reads the files of its days only.

COMMENT ON COLUMN ops.source_failures.source IS 'bullmq, redis, host, probes, metrics, ai_caches or executions.';

-- The class that an error's text begins with, where it says more than `Error`; else the text with its numbers and ids taken
-- out, so that alike ones are equal.
CREATE MACRO ops.error_class(error) AS coalesce(
    nullif(regexp_extract(error, '^([A-Za-z_.]+(Error|Exception|Timeout|Interrupt|Exit))\b', 1), ''),
    left(regexp_replace(error, '\b[0-9a-f-]*[0-9][0-9a-f-]*\b', '#', 'g'), 80)
);

-- Grain: one row per job. ms; a job that was removed before it was timed has no duration.
CREATE MACRO ops.job_metrics_over(start, until) AS TABLE
SELECT job, count(*) AS executions, count(*) FILTER (success) AS successes, count(*) FILTER (NOT success) AS failures,
    avg(success::INTEGER) AS success_rate, count(duration_ms) AS timed, avg(duration_ms) AS avg_ms,
    quantile_cont(duration_ms, 0.5) AS p50_ms, quantile_cont(duration_ms, 0.95) AS p95_ms,
    quantile_cont(duration_ms, 0.99) AS p99_ms, max(duration_ms) AS slowest_ms,
    quantile_cont(wait_ms, 0.95) AS wait_ms_p95, max(ts) AS last_run,
    arg_max(error, ts) FILTER (NOT success) AS last_error
FROM ops.job_executions
WHERE ts >= start AND ts < until
GROUP BY job;

CREATE VIEW ops.job_metrics AS
FROM ops.job_metrics_over(now() - INTERVAL 7 DAY, now() + INTERVAL 1 HOUR) ORDER BY executions DESC, job;
COMMENT ON VIEW ops.job_metrics IS 'Every job over the last seven days: executions, success rate (0..1), durations in ms. job_metrics_over(start, until) is the same for another window.';

-- Grain: one row per execution, the slowest first.
CREATE MACRO ops.slowest_operations_over(start, until) AS TABLE
SELECT job, run_id, duration_ms, wait_ms, success, attempt, error, ts AS ended_at, origin
FROM ops.job_executions
WHERE ts >= start AND ts < until AND duration_ms IS NOT NULL
ORDER BY duration_ms DESC, ts
LIMIT 20;

CREATE VIEW ops.slowest_operations AS
FROM ops.slowest_operations_over(now() - INTERVAL 7 DAY, now() + INTERVAL 1 HOUR);
COMMENT ON VIEW ops.slowest_operations IS 'The twenty slowest executions of the last seven days. slowest_operations_over(start, until) is the same for another window.';

-- Grain: one row per HTTP route and per type of query that was seen. The quantiles are Prometheus' histogram_quantile over
-- the growth of the buckets: linear inside a bucket, beyond the last finite bound that bound, none without a bucket +Inf.
CREATE MACRO ops.timed_requests_over(start, until) AS TABLE
WITH growths AS (
    SELECT if(name = 'db_query_duration_ms_bucket', 'query', 'route') AS kind,
        if(name = 'db_query_duration_ms_bucket', 'query ' || coalesce(labels['query_type'], '?'),
            concat_ws(' ', labels['method'], coalesce(labels['route'], '?'))) AS operation,
        labels['le']::DOUBLE AS bound, coalesce(labels['status_code'] >= '500', false) AS is_error, sum(increase) AS growth
    FROM ops.metric_samples
    WHERE ts >= start AND ts < until AND name IN ('http_request_duration_ms_bucket', 'db_query_duration_ms_bucket')
    GROUP BY ALL
), buckets AS (
    SELECT kind, operation, bound, sum(growth) AS growth, sum(growth) FILTER (is_error) AS errors FROM growths GROUP BY ALL
), levelled AS (
    SELECT kind, operation, bound, errors, max(coalesce(growth, 0)) OVER below AS count
    FROM buckets
    WINDOW below AS (PARTITION BY kind, operation ORDER BY bound)
), steps AS (
    SELECT *, lag(bound, 1, if(isinf(bound), NULL, least(bound, 0))) OVER below AS lower, lag(count, 1, 0) OVER below AS count_below,
        max(count) FILTER (isinf(bound)) OVER (PARTITION BY kind, operation) AS total
    FROM levelled
    WINDOW below AS (PARTITION BY kind, operation ORDER BY bound)
), quantiles AS (
    SELECT kind, operation, share, arg_min(
        if(isinf(bound), lower, lower + (bound - lower) * (share * total - count_below) / (count - count_below)), bound
    ) AS value
    FROM steps, (VALUES (0.5), (0.95)) AS shares (share)
    WHERE count >= share * total AND count > count_below
    GROUP BY ALL
)
SELECT kind, operation, max(total) AS requests, coalesce(max(errors) FILTER (isinf(bound)), 0) AS errors,
    max(value) FILTER (share = 0.5) AS p50_ms, max(value) FILTER (share = 0.95) AS p95_ms
FROM steps JOIN quantiles USING (kind, operation)
WHERE total > 0
GROUP BY kind, operation;

-- Grain: one row per operation that is too slow. A job is judged by its slowest execution, more than 60 s is medium and more
-- than 120 s high; a route and a query by its p95 (1 s and 2 s, 500 ms and 1 s), since a histogram hides its extremes.
CREATE MACRO ops.bottlenecks_over(start, until) AS TABLE
WITH operations AS (
    SELECT 'job' AS kind, job AS operation, count(*) AS executions, count(*) FILTER (NOT success) AS failures,
        count(*) FILTER (attempt > 1) AS retried, count(*) FILTER (duration_ms > 60000) AS too_slow,
        quantile_cont(duration_ms, 0.5) AS p50_ms, quantile_cont(duration_ms, 0.95) AS p95_ms,
        max(duration_ms) AS slowest_ms, quantile_cont(wait_ms, 0.95) AS wait_ms_p95,
        mode(ops.error_class(error)) FILTER (NOT success) AS frequent_error, 60000::DOUBLE AS limit_ms
    FROM ops.job_executions
    WHERE ts >= start AND ts < until
    GROUP BY job
    UNION ALL
    SELECT kind, operation, round(requests)::BIGINT, round(errors)::BIGINT, 0, NULL, p50_ms, p95_ms, NULL, NULL, NULL,
        if(kind = 'route', 1000, 500)::DOUBLE
    FROM ops.timed_requests_over(start, until)
), changes AS (
    SELECT labels['job'] AS operation, min(started_at) AS regressed_since, max(change_percent) AS regressed_percent
    FROM (
        SELECT * FROM ops.regressions WHERE ts >= start AND ts < until AND series = 'job_duration_ms'
        QUALIFY ts = max(ts) OVER (PARTITION BY labels['job'])
    )
    WHERE is_significant
    GROUP BY ALL
)
SELECT kind, operation, if(coalesce(slowest_ms, p95_ms) > 2 * limit_ms, 'high', 'medium') AS severity,
    operations.* EXCLUDE (kind, operation), regressed_since, regressed_percent
FROM operations LEFT JOIN (SELECT 'job' AS kind, * FROM changes) USING (kind, operation)
WHERE coalesce(slowest_ms, p95_ms) > limit_ms;

CREATE VIEW ops.bottlenecks AS
FROM ops.bottlenecks_over(now() - INTERVAL 7 DAY, now() + INTERVAL 1 HOUR)
ORDER BY coalesce(slowest_ms, p95_ms) / limit_ms DESC;
COMMENT ON VIEW ops.bottlenecks IS 'Jobs, HTTP routes and database queries that were too slow within the last seven days, and what is known of each; maxbooster-ops jobs --bottlenecks adds a recommendation. bottlenecks_over(start, until) is the same for another window.';
