-- The events of one indicator in windows of five minutes, for $from < ts <= $until; a window has its end and not its
-- beginning, since what a sample says is about the time before it. $from is where a window begins. A window in which nothing
-- was seen has no row.

-- name: requests
-- Grain: one row per window.
SELECT $from + to_seconds(300 * ceil(epoch(ts - $from) / 300)::BIGINT) AS ends, sum(grown)::DOUBLE AS total,
    coalesce(sum(grown) FILTER (labels[$status_label] LIKE '5%'), 0)::DOUBLE AS bad
FROM ({growth})
GROUP BY ends
HAVING total > 0
ORDER BY ends

-- name: histogram
-- Grain: one row per window and bucket, all label sets together. `le` is the bucket's upper bound, in the histogram's unit.
SELECT $from + to_seconds(300 * ceil(epoch(ts - $from) / 300)::BIGINT) AS ends, labels['le']::DOUBLE AS le,
    sum(grown)::DOUBLE AS grown
FROM ({growth})
GROUP BY ends, le
ORDER BY ends, le

-- name: jobs
-- Grain: one row per window. Without a limit a job that failed for good is bad; with one ($limit_ms), whoever was processed
-- for longer.
SELECT $from + to_seconds(300 * ceil(epoch(ts - $from) / 300)::BIGINT) AS ends, count(*)::DOUBLE AS total,
    (count(*) FILTER (if($limit_ms IS NULL, outcome = 'failed', processing_ms > $limit_ms)))::DOUBLE AS bad
FROM queue_jobs
WHERE ts > $from AND ts <= $until AND queue = $name AND ($limit_ms IS NULL OR processing_ms IS NOT NULL)
GROUP BY ends
ORDER BY ends

-- name: probe
-- Grain: one row per window. Without a limit a monitor that is not up is bad; with one, an answer later than the limit, and
-- none within the time-out; an answer that is wrong says nothing on how fast right ones are.
SELECT $from + to_seconds(300 * ceil(epoch(ts - $from) / 300)::BIGINT) AS ends, count(*)::DOUBLE AS total,
    (count(*) FILTER (if($limit_ms IS NULL, NOT up, outcome = 'timeout' OR latency_ms > $limit_ms)))::DOUBLE AS bad
FROM probe_results
WHERE ts > $from AND ts <= $until AND monitor = $name
    AND ($limit_ms IS NULL OR outcome = 'timeout' OR (up AND latency_ms IS NOT NULL))
GROUP BY ends
ORDER BY ends

-- name: growth
-- Grain: one row per sample of $name, of those series whose labels include all of $labels, a JSON object. A label set that
-- appears for the first time on a page that was read before counts from zero: the first error of a kind is an error too.
SELECT ts, labels, grown
FROM (
    SELECT ts, labels, coalesce(increase, if(ts > min(ts) OVER (PARTITION BY source), value, NULL)) AS grown
    FROM metric_samples
    WHERE ts > $from - INTERVAL 10 MINUTE AND ts <= $until AND name = $name
)
WHERE ts > $from AND grown IS NOT NULL AND len(list_filter(
    map_entries($labels::JSON::MAP(VARCHAR, VARCHAR)), lambda pair: labels[pair.key] IS DISTINCT FROM pair.value
)) = 0

-- name: history
-- Grain: one row per objective: its windows of $after < ts <= $until in which something was seen, in the order of time.
SELECT service, objective, list(epoch(ts) ORDER BY ts) AS ends, list(weight ORDER BY ts) AS weights,
    list(bad / total ORDER BY ts) AS bad_shares, list(evidence ORDER BY ts) AS evidences
FROM slo_windows
WHERE ts > $after AND ts <= $until AND NOT in_maintenance AND total > 0
GROUP BY ALL

-- name: first_beat
-- Grain: one row: the first beat after $after.
SELECT min(ts) AS ts FROM beats WHERE kind = 'beat' AND ts > $after AND ts <= $until

-- name: stored
-- Grain: one row per stored window of $from < ts <= $until, and whether nothing was seen in it.
SELECT ts, service, objective, total IS NULL AS is_empty FROM slo_windows WHERE ts > $from AND ts <= $until

-- name: remove_empty
-- The windows of $from < ts <= $until in which nothing was seen.
DELETE FROM ops.slo_windows WHERE ts > $from AND ts <= $until AND total IS NULL

-- name: newest
-- Grain: one row: the end of the newest window of $after < ts <= $until.
SELECT max(ts) AS ts FROM slo_windows WHERE ts > $after AND ts <= $until
