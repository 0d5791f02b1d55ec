-- A month as the daily maintenance leaves it, one day after another: every row of a day in the order of its series.

-- name: ticks
-- Grain: one row per beat of the day. `wave` is how busy this time of the day is, 0..1.
CREATE OR REPLACE TEMP TABLE ticks AS
SELECT
    'beat-' || strftime($day + to_seconds(30 * tick), '%Y%m%dT%H%M%S.%f') || 'Z' AS batch_id,
    $day + to_seconds(30 * tick) + to_milliseconds(hash(tick, $day) % 8) AS ts,
    $day + to_seconds(30 * tick) AS due,
    tick,
    0.5 - 0.4 * cos(2 * pi() * tick / 2880) AS wave
FROM range(2880) AS numbers (tick)

-- name: page
-- Grain: one row per series of the page: 203 of histograms, 27 counters, 20 gauges.
CREATE OR REPLACE TEMP TABLE page AS
WITH histograms AS (
    SELECT 'http_request_duration_ms' AS base, MAP {'method': 'GET', 'route': '/api/' || n, 'status_code': '200'} AS labels,
        [10, 50, 100, 200, 500, 1000, 2000, 5000, 'Infinity'::DOUBLE] AS bounds, 20.0 + 10 * n AS busy, 90.0 AS mean
    FROM range(10) AS numbers (n)
    UNION ALL
    SELECT 'db_query_duration_ms', MAP {'query_type': type},
        [1, 5, 10, 25, 50, 100, 200, 500, 1000, 'Infinity'::DOUBLE], 400, 12
    FROM (VALUES ('select'), ('insert'), ('update'), ('delete')) AS types (type)
    UNION ALL
    SELECT 'cache_operation_duration_ms', MAP {'operation': operation},
        [0.5, 1, 2, 5, 10, 20, 50, 100, 'Infinity'::DOUBLE], 900, 1.5
    FROM (VALUES ('get'), ('set')) AS operations (operation)
    UNION ALL
    SELECT 'forecast_job_duration_seconds', MAP {}, [1, 2, 5, 8, 10, 15, 20, 30, 60, 'Infinity'::DOUBLE], 6, 7
    UNION ALL
    SELECT 'db_connection_wait_time_ms', MAP {}, [1, 5, 10, 25, 50, 100, 250, 500, 'Infinity'::DOUBLE], 400, 4
)
SELECT base || '_bucket' AS name, 'histogram' AS kind,
    map_concat(MAP {'le': if(isinf(bound), '+Inf', bound::VARCHAR)}, labels) AS labels,
    busy, mean, 1 - exp(-bound / mean) AS share, hash(base, labels) AS seed
FROM (SELECT *, unnest(bounds) AS bound FROM histograms)
UNION ALL
SELECT base || suffix, 'histogram', labels, busy, mean, if(suffix = '_sum', NULL, 1), hash(base, labels)
FROM histograms, (VALUES ('_sum'), ('_count')) AS suffixes (suffix)
UNION ALL
SELECT 'http_requests_total', 'counter', MAP {'method': 'GET', 'route': '/api/' || n, 'status_code': status},
    if(status = '200', 20.0 + 10 * n, 0.2), 0, 1, hash(n, status)
FROM range(10) AS numbers (n), (VALUES ('200'), ('500')) AS statuses (status)
UNION ALL
SELECT 'forecasts_generated_total', 'counter', MAP {'tier': 'tier-' || n}, 2.0, 0, 1, hash(n)
FROM range(7) AS numbers (n)
UNION ALL
SELECT 'application_gauge_' || n, if(n % 2 = 0, 'gauge', 'untyped'), MAP {}, 40.0 * (n + 1), 0, NULL, hash(n, 7)
FROM range(20) AS numbers (n)

-- name: metric_samples
-- Counters begin anew on each day. Every fourth gauge has a value of full precision, the others count something.
INSERT INTO ops.metric_samples BY NAME
SELECT * FROM (
    WITH seen AS (
        SELECT ticks.batch_id, ticks.ts, tick, name, kind, labels, share, busy, seed, mean,
            floor(busy * wave * (0.5 + (hash(tick, seed) % 1000) / 1000)) AS events,
            (hash(tick, seed, 'walk') % 1000) / 1000 - 0.5 AS step
        FROM ticks, page
    ), grown AS (
        SELECT *, CASE
                WHEN kind IN ('gauge', 'untyped') THEN NULL
                WHEN share IS NULL THEN events * mean * (0.9 + step / 5)
                ELSE round(events * share)
            END AS increase
        FROM seen
    )
    SELECT batch_id, ts, 'platform' AS source, name, kind, labels,
        CASE
            WHEN increase IS NOT NULL THEN 1000 + sum(increase) OVER walk
            WHEN seed % 4 = 0 THEN busy + sum(step) OVER walk
            ELSE round(busy + sum(step) OVER walk)
        END AS value,
        if(tick = 0, NULL, increase) AS increase
    FROM grown
    WINDOW walk AS (PARTITION BY name, labels ORDER BY tick)
)
ORDER BY name, labels, ts

-- name: queue_samples
INSERT INTO ops.queue_samples BY NAME
SELECT batch_id, ts, 'bull' AS prefix, 'queue-' || queue AS queue,
    floor(100 * wave * (hash(tick, queue) % 1000) / 1000)::BIGINT AS waiting, (hash(tick, queue) % 5)::BIGINT AS active,
    100 AS completed, (hash(tick // 100, queue) % 20)::BIGINT AS failed, 0 AS delayed, 0 AS prioritized,
    0 AS waiting_children, 0 AS paused, false AS is_paused, 0 AS stalled, 0 AS retried,
    (hash(tick, queue) % 4)::BIGINT AS completed_delta, 0 AS failed_delta,
    if(hash(tick, queue) % 4 = 0, NULL, 0.0) AS failed_rate,
    if(hash(tick, queue) % 4 = 0, NULL, 100.0 + hash(tick, queue, 'ms') % 900) AS processing_ms_avg,
    if(hash(tick, queue) % 4 = 0, NULL, 100.0 + hash(tick, queue, 'ms') % 900) AS processing_ms_p50,
    if(hash(tick, queue) % 4 = 0, NULL, 200.0 + hash(tick, queue, 'p95') % 1800) AS processing_ms_p95,
    if(hash(tick, queue) % 4 = 0, NULL, 200.0 + hash(tick, queue, 'p99') % 2800) AS processing_ms_p99,
    if(hash(tick, queue) % 4 = 0, NULL, 0.0 + hash(tick, queue, 'wait') % 5000) AS wait_ms_p95,
    if(wave < 0.3, NULL, 0.0 + hash(tick, queue, 'age') % 60000) AS oldest_waiting_ms,
    4 AS workers, false AS gap, '5.81.5' AS bullmq_version
FROM ticks, range($queues) AS queues (queue)
ORDER BY prefix, queue, ts

-- name: queue_jobs
-- Two finished jobs per queue and beat.
INSERT INTO ops.queue_jobs BY NAME
SELECT batch_id, ts - to_milliseconds(hash(tick, queue, n) % 30000) AS ts, 'bull' AS prefix, 'queue-' || queue AS queue,
    (dayofyear($day) * 10000 + tick * 2 + n)::VARCHAR AS job_id, 'job' AS name,
    if(hash(tick, queue, n) % 50 = 0, 'failed', 'completed') AS outcome,
    100.0 + hash(tick, queue, n, 'ms') % 900 AS processing_ms, 0.0 + hash(tick, queue, n, 'wait') % 5000 AS wait_ms,
    1 AS attempts, if(hash(tick, queue, n) % 50 = 0, 'timed out', NULL) AS reason, 'job' AS timed_by
FROM ticks, range($queues) AS queues (queue), range(2) AS jobs (n)
WHERE tick > 0
ORDER BY prefix, queue, ts

-- name: redis_samples
INSERT INTO ops.redis_samples BY NAME
SELECT batch_id, ts, '127.0.0.1:6379' AS server, 0.2 + (hash(tick) % 100) / 500 AS ping_ms_median,
    0.5 + (hash(tick) % 100) / 100 AS ping_ms_max, (20000000 + hash(tick) % 1000000)::BIGINT AS memory_used_bytes,
    0.9 + (hash(tick) % 100) / 1000 AS hit_ratio, 0.0 AS evicted_per_minute, 40 AS connected_clients,
    30 AS blocked_clients, 300.0 + hash(tick) % 100 AS ops_per_second, 30.0 * tick AS uptime_seconds, 'master' AS role,
    '7.0.15' AS version, false AS loading
FROM ticks
ORDER BY ts

-- name: beats
INSERT INTO ops.beats BY NAME
SELECT batch_id, ts, 'beat' AS kind, due, 80.0 + hash(tick) % 40 AS duration_ms, 7 AS sources, 0 AS failures,
    250 + 3 * $queues AS rows, 'host:1' AS collector
FROM ticks
ORDER BY ts
