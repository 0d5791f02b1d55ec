-- name: beats
-- Grain: one row, the newest beat. Bound: the last hour.
SELECT * EXCLUDE (batch_id) FROM latest_beat

-- name: last_beat_ever
-- Grain: one row. Used only when the last hour has none.
SELECT max(ts) AS ts FROM beats WHERE kind = 'beat'

-- name: queue_samples
-- Grain: one row per queue of the newest beat that saw queues.
SELECT * EXCLUDE (batch_id) FROM latest_queues

-- name: redis_samples
-- Grain: one row, the newest.
SELECT * EXCLUDE (batch_id) FROM latest_redis

-- name: host_samples
-- Grain: one row, the newest.
SELECT * EXCLUDE (batch_id) FROM latest_host

-- name: ai_cache_samples
-- Grain: one row per cache.
SELECT * EXCLUDE (batch_id) FROM latest_ai_caches

-- name: ai_cache_evictions
-- Grain: one row per eviction, the newest first. Bound: the last hour, 100 rows.
SELECT * EXCLUDE (batch_id) FROM ai_cache_evictions WHERE ts > now() - INTERVAL 1 HOUR ORDER BY ts DESC LIMIT 100

-- name: probe_results
-- Grain: one row per monitor.
SELECT * EXCLUDE (batch_id) FROM latest_probes

-- name: metric_samples
-- Grain: one row per series of the newest page.
SELECT * EXCLUDE (batch_id) FROM latest_metrics

-- name: source_failures
-- Grain: one row per source, or part of one, that could not be read in the newest beat.
SELECT * EXCLUDE (batch_id) FROM latest_failures
