-- name: kept_rows
-- Grain: one row; how many rows there are of the drill $batch_id, which began at $since.
SELECT count(*) AS kept FROM ops.drill_results WHERE ts >= $since AND batch_id = $batch_id

-- name: newest_whole
-- Grain: at most one row; the newest chaos drill that says anything about a release.
SELECT ts, drill_id, verdict, valid_for_release, numbers['passed'] AS passed, numbers['total'] AS total
FROM drill_results
WHERE drill = 'chaos' AND scenario = '' AND verdict <> 'partial'
ORDER BY ts DESC
LIMIT 1
