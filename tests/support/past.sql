-- Rows of a made-up past, table by table, from the beats in `ticks`.

-- name: ticks
-- Grain: one row per beat. `noise` is 0..1 and the same for the same beat; in `trouble` everything
-- is bad.
CREATE OR REPLACE TEMP TABLE ticks AS
SELECT
    'beat-' || strftime(ts, '%Y%m%dT%H%M%S') AS batch_id,
    ts,
    tick,
    (hash(tick) % 10000) / 10000 AS noise,
    {trouble} AS trouble
FROM (SELECT tick, $start + to_seconds(30 * tick) AS ts FROM range($first, $last) AS numbers (tick))

-- name: beats
SELECT batch_id, ts, 'beat' AS kind, ts AS due FROM ticks

-- name: queue_samples
SELECT batch_id, ts, 'bull' AS prefix, 'queue-' || queue AS queue,
    (20 + 40 * noise + if(trouble AND queue < 2, 200 + 1000 * noise, 0))::BIGINT AS waiting,
    3 AS active, tick * 5 AS completed, (10 * noise)::BIGINT AS failed, 0 AS delayed, 0 AS prioritized,
    0 AS waiting_children, 0 AS paused, false AS is_paused, 0 AS stalled, 0 AS retried, 5 AS completed_delta,
    if(trouble AND queue = 3, 2, 0) AS failed_delta, if(trouble AND queue = 3, 2 / 7, 0) AS failed_rate,
    80 + 50 * noise AS processing_ms_avg, 200 + 90 * noise AS processing_ms_p95, 1000 * noise AS oldest_waiting_ms,
    4 AS workers, 0.5 AS utilization, false AS gap
FROM ticks, range($queues) AS queues (queue)

-- name: queue_jobs
SELECT batch_id, ts, 'bull' AS prefix, 'queue-' || queue AS queue, tick::VARCHAR AS job_id, 'job' AS name,
    if(trouble, 'failed', 'completed') AS outcome, 1000 * noise AS processing_ms, 10.0 AS wait_ms
FROM ticks, range(4) AS queues (queue)

-- name: redis_samples
SELECT batch_id, ts, '127.0.0.1:6379' AS server, 1 + noise + if(trouble, 150, 0) AS ping_ms_median,
    2 + noise AS ping_ms_max, 1000000 AS memory_used_bytes, 2000000 AS memory_max_bytes,
    0.5 + if(trouble, 0.42, 0) AS memory_ratio, 0.9 AS hit_ratio, 0 AS evicted_per_minute,
    10 AS connected_clients, 0 AS blocked_clients, 300 * noise AS ops_per_second
FROM ticks

-- name: host_samples
SELECT batch_id, ts, 'host' AS host, 100 * noise AS cpu_percent, 1500 + 400 * noise AS process_rss_mb,
    50.0 AS memory_percent
FROM ticks

-- name: ai_cache_samples
SELECT batch_id, ts, cache, (70 * noise)::BIGINT AS current_size, 100 AS max_size,
    if(trouble, 95, 70 * noise) AS utilization_percent, tick + 100 AS total_loads, 0 AS total_evictions,
    80 - if(trouble, 60, 0) AS hit_rate_percent, 900 + 100 * noise AS heap_used_mb
FROM ticks, (VALUES ('social'), ('advertising')) AS caches (cache)

-- name: probe_results
SELECT batch_id, ts, monitor, 'http://127.0.0.1' AS url, 'critical' AS monitor_class, 300.0 AS every_seconds,
    if(trouble, 'timeout', 'healthy') AS outcome, NOT trouble AS up, if(trouble, NULL, 200) AS status_code,
    50 * noise AS latency_ms
FROM ticks, (VALUES ('API Health Check'), ('Database Connection'), ('AI Generation Service'),
    ('Authentication Service'), ('Frontend Application')) AS monitors (monitor)
WHERE tick % 10 = 0

-- name: metric_samples
SELECT batch_id, ts, 'platform' AS source, 'http_request_duration_ms_bucket' AS name, 'histogram' AS kind,
    MAP {'le': le, 'method': 'GET', 'route': route} AS labels, tick * 10.0 AS value,
    10.0 * rank - if(trouble AND le <> '+Inf', 9 * rank, 0) AS increase
FROM ticks, (VALUES ('10', 1), ('50', 2), ('100', 4), ('200', 8), ('500', 16), ('1000', 17), ('2000', 18), ('5000', 19),
    ('+Inf', 19)) AS buckets (le, rank), (VALUES ('/a'), ('/b')) AS routes (route)
UNION ALL
SELECT batch_id, ts, 'platform', 'http_requests_total', 'counter',
    MAP {'status_code': status, 'method': 'GET', 'route': '/a'}, tick * 10.0,
    if(status = '500', if(trouble, 9, 0), 40)
FROM ticks, (VALUES ('200'), ('404'), ('500')) AS statuses (status)
UNION ALL
SELECT batch_id, ts, 'platform', gauge, 'gauge', MAP {}, usual + if(trouble, extra, 0) + noise, NULL
FROM ticks, (VALUES ('db_active_connections', 40, 110), ('db_pool_utilization_percent', 50, 45),
    ('cache_memory_usage_bytes', 1e9, 1e9), ('cache_hit_rate_percent', 90, -30), ('forecast_queue_depth', 20, 300),
    ('forecast_worker_utilization_percent', 60, 38), ('active_users_concurrent', 300, 10),
    ('cache_eviction_rate_per_sec', 0.5, 10)) AS gauges (gauge, usual, extra)
