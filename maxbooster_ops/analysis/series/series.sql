-- Everything that was measured as one long relation: ts, series, kind, labels, value, for $from <= ts < $until. A value that
-- is not known has no row. The name of a series is its table's prefix and the column; a scraped one keeps its own name.

-- name: samples
-- Grain: one row per series and moment; kind gauge, or rate for the growth per second of a scraped counter, or of a
-- summary's sum and count.
SELECT ts, 'queue_' || name AS series, 'gauge' AS kind, MAP {'prefix': prefix, 'queue': queue} AS labels, value
FROM (UNPIVOT (
    SELECT ts, prefix, queue, waiting::DOUBLE AS waiting, active::DOUBLE AS active, delayed::DOUBLE AS delayed,
        failed::DOUBLE AS failed, prioritized::DOUBLE AS prioritized, paused::DOUBLE AS paused,
        waiting_children::DOUBLE AS waiting_children, stalled::DOUBLE AS stalled, retried::DOUBLE AS retried,
        completed_delta::DOUBLE AS completed_delta, failed_delta::DOUBLE AS failed_delta, failed_rate,
        oldest_waiting_ms, workers::DOUBLE AS workers, utilization
    FROM queue_samples WHERE ts >= $from AND ts < $until
) ON COLUMNS(* EXCLUDE (ts, prefix, queue)))
UNION ALL
SELECT ts, 'redis_' || name, 'gauge', MAP {'server': server}, value
FROM (UNPIVOT (
    SELECT ts, server, ping_ms_median, ping_ms_max, memory_used_bytes::DOUBLE AS memory_used_bytes, memory_ratio,
        hit_ratio, evicted_per_minute, connected_clients::DOUBLE AS connected_clients,
        blocked_clients::DOUBLE AS blocked_clients, ops_per_second
    FROM redis_samples WHERE ts >= $from AND ts < $until
) ON COLUMNS(* EXCLUDE (ts, server)))
UNION ALL
SELECT ts, if(name LIKE 'process_%', name, 'host_' || name), 'gauge', MAP {'host': host}, value
FROM (UNPIVOT (
    SELECT ts, host, cpu_percent, memory_used_mb, memory_percent, swap_used_mb, disk_read_bytes_per_second,
        disk_write_bytes_per_second, network_sent_bytes_per_second, network_received_bytes_per_second, load_1m,
        open_file_descriptors::DOUBLE AS open_file_descriptors, process_rss_mb, process_cpu_percent,
        process_open_files::DOUBLE AS process_open_files
    FROM host_samples WHERE ts >= $from AND ts < $until
) ON COLUMNS(* EXCLUDE (ts, host)))
UNION ALL
SELECT ts, 'host_disk_used_percent', 'gauge', MAP {'host': host, 'mount': disk.key}, disk.value
FROM (SELECT ts, host, unnest(map_entries(disk_used_percent)) AS disk
      FROM host_samples WHERE ts >= $from AND ts < $until)
UNION ALL
SELECT ts, 'probe_' || name, 'gauge', MAP {'monitor': monitor}, value
FROM (UNPIVOT (
    SELECT ts, monitor, latency_ms, up::INTEGER::DOUBLE AS up, tls_days_left
    FROM probe_results WHERE ts >= $from AND ts < $until
) ON COLUMNS(* EXCLUDE (ts, monitor)))
UNION ALL
SELECT ts, 'ai_cache_' || name, 'gauge', MAP {'cache': cache}, value
FROM (UNPIVOT (
    SELECT ts, cache, current_size::DOUBLE AS current_size, utilization_percent, hit_rate_percent, average_load_ms,
        heap_used_mb, estimated_total_mb
    FROM ai_cache_samples WHERE ts >= $from AND ts < $until
) ON COLUMNS(* EXCLUDE (ts, cache)))
UNION ALL
SELECT ts, name, 'gauge', labels, value
FROM metric_samples
WHERE ts >= $from AND ts < $until AND kind NOT IN ('counter', 'histogram') AND isfinite(value)
    AND NOT (kind = 'summary' AND regexp_matches(name, '_(sum|count)$'))
UNION ALL
SELECT ts, name, 'rate', labels, increase / seconds
FROM metric_samples
JOIN (
    SELECT source, ts, epoch(ts - lag(ts) OVER (PARTITION BY source ORDER BY ts)) AS seconds
    FROM (SELECT DISTINCT source, ts FROM metric_samples WHERE ts >= $from - INTERVAL 10 MINUTE AND ts < $until)
) AS pages USING (source, ts)
WHERE ts >= $from AND ts < $until AND kind IN ('counter', 'summary') AND increase IS NOT NULL AND seconds > 0

-- name: observations
-- Grain: one row per finished job; ts is when it finished, so rows of a window may come after its end.
SELECT ts, 'queue_processing_ms' AS series, 'observations' AS kind, MAP {'prefix': prefix, 'queue': queue} AS labels,
    processing_ms AS value
FROM queue_jobs WHERE ts >= $from AND ts < $until AND processing_ms IS NOT NULL
UNION ALL
SELECT ts, 'queue_wait_ms', 'observations', MAP {'prefix': prefix, 'queue': queue}, wait_ms
FROM queue_jobs WHERE ts >= $from AND ts < $until AND wait_ms IS NOT NULL
UNION ALL
SELECT ts, 'job_duration_ms', 'observations', MAP {'job': job}, duration_ms
FROM job_executions WHERE ts >= $from AND ts < $until AND duration_ms IS NOT NULL

-- name: values
-- Grain: one row per series whose name is in $series, its values in the order of time. Words in braces are the two above. What
-- is no number, or infinite, is as good as not known: one such value must not stop the judgement of all series.
SELECT series, labels, list(epoch(ts) ORDER BY ts) AS moments, list(value ORDER BY ts) AS values
FROM ({samples} UNION ALL {observations})
WHERE series IN (SELECT unnest(from_json($series, '["VARCHAR"]'))) AND isfinite(value)
GROUP BY series, labels
