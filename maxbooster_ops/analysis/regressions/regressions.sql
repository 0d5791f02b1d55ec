-- What was found and kept, run by run.

-- name: is_kept
-- Grain: one row. Whether this half hour's run was kept already; $from is its beginning.
SELECT count(*) > 0 AS is_kept FROM ops.regressions WHERE ts >= $from AND batch_id = $batch_id

-- name: starts
-- Grain: one row per metric that the newest run in [$from, $until) called regressed: since when, against which baseline.
SELECT metric, baseline, started_at
FROM regressions
WHERE ts >= $from AND ts < $until AND is_significant AND started_at IS NOT NULL
QUALIFY ts = max(ts) OVER (PARTITION BY metric)

-- name: latest
-- Grain: one row per metric of the newest run in [$from, $until).
SELECT * EXCLUDE (batch_id)
FROM regressions
WHERE ts >= $from AND ts < $until
QUALIFY ts = max(ts) OVER ()
ORDER BY NOT is_significant, NOT exceeds_naive, result, abs(change_percent) DESC NULLS LAST, metric
