-- What the file of a baseline shows besides its name. A moment is a beat. The memory and the uptime are those of the watched
-- process of the platform where one is named, else the platform's own account of its heap, else the host's: one of them for
-- the whole time. What was not seen is NULL, never 0.

-- name: moments
-- Grain: one row per beat in [$from, $until).
SELECT ts, queues.waiting, queues.active, queues.failed, redis.latency, caches.social, caches.advertising,
    CASE
        WHEN count(host.process_mb) OVER () > 0 THEN host.process_mb
        WHEN count(caches.heap_mb) OVER () > 0 THEN caches.heap_mb
        ELSE host.memory_mb
    END AS memory_mb,
    CASE WHEN count(host.process_uptime) OVER () > 0 THEN host.process_uptime ELSE host.uptime END AS uptime
FROM (SELECT ts FROM beats WHERE ts >= $from AND ts < $until AND kind = 'beat')
LEFT JOIN (
    SELECT ts, sum(waiting)::BIGINT AS waiting, sum(active)::BIGINT AS active, sum(failed_delta)::BIGINT AS failed
    FROM queue_samples WHERE ts >= $from AND ts < $until GROUP BY ts
) AS queues USING (ts)
LEFT JOIN (
    SELECT ts, max(ping_ms_median) AS latency FROM redis_samples WHERE ts >= $from AND ts < $until GROUP BY ts
) AS redis USING (ts)
LEFT JOIN (
    SELECT ts, max(utilization_percent) FILTER (cache = 'social') AS social,
        max(utilization_percent) FILTER (cache = 'advertising') AS advertising, max(heap_used_mb) AS heap_mb
    FROM ai_cache_samples WHERE ts >= $from AND ts < $until GROUP BY ts
) AS caches USING (ts)
LEFT JOIN (
    SELECT ts, sum(memory_used_mb) AS memory_mb, max(uptime_seconds) AS uptime, sum(process_rss_mb) AS process_mb,
        max(process_uptime_seconds) AS process_uptime
    FROM host_samples WHERE ts >= $from AND ts < $until GROUP BY ts
) AS host USING (ts)

-- name: summary
-- Grain: one row over all moments of [$from, $until).
SELECT avg(waiting) AS waiting, avg(latency) AS latency, sum(failed)::BIGINT AS failed, avg(social) AS social,
    avg(advertising) AS advertising, avg(memory_mb) AS memory_mb, max(memory_mb) AS memory_max_mb
FROM ({moments})

-- name: snapshots
-- Grain: one row per $step_seconds of [$from, $until) that has a beat: the last beat of each.
SELECT * FROM ({moments})
QUALIFY row_number() OVER (PARTITION BY epoch(ts)::BIGINT // $step_seconds ORDER BY ts DESC) = 1
ORDER BY ts
