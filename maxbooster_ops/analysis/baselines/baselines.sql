-- Baselines as they are kept. The table is small, a row per series and baseline, but its column `quantiles` is wide: what
-- need not read it does not.

-- name: is_kept
-- Grain: one row. Whether a batch is there already.
SELECT count(*) > 0 AS is_kept FROM ops.baselines WHERE ts = $ts AND batch_id = $batch_id

-- name: versions
-- Grain: one row per saved baseline until $until, the newest first; `values` are those of all its series.
SELECT name, kind, ts, min(start) AS start, max(until) AS until, count(*) AS series, sum(count)::BIGINT AS values
FROM baselines
WHERE ts < $until
GROUP BY name, kind, ts
ORDER BY ts DESC, name

-- name: metrics
-- Grain: one row per series of one saved baseline.
SELECT * EXCLUDE (batch_id) FROM baselines WHERE ts = $ts AND name = $name ORDER BY series, labels::VARCHAR

-- name: references
-- Grain: one row per series: which of the baselines in [$from, $until) is the one to hold it against. One that was taken on
-- purpose or weekly comes before an automatic one, a newer one before an older, and last one with fewer independent values
-- than any comparison needs.
SELECT series, labels, batch_id
FROM baselines
WHERE ts >= $from AND ts < $until
QUALIFY row_number() OVER (PARTITION BY series, labels ORDER BY effective_count < $least, kind = 'automatic', ts DESC, batch_id) = 1

-- name: of_batches
-- Grain: one row per series and batch in [$from, $until).
SELECT * FROM baselines
WHERE ts >= $from AND ts < $until AND batch_id IN (SELECT unnest(from_json($batches, '["VARCHAR"]')))

-- name: beats
-- Grain: one row: how many beats [$from, $until) holds, and the first of them.
SELECT count(*) AS beats, min(ts) AS first FROM beats WHERE ts >= $from AND ts < $until AND kind = 'beat'

-- name: jobs_to_measure
-- Grain: one row per job that ended lately, since $lately, and has no automatic baseline since $from.
SELECT DISTINCT job
FROM job_executions
WHERE ts >= $lately AND ts < $until AND duration_ms IS NOT NULL
    AND job NOT IN (SELECT labels['job'] FROM baselines WHERE kind = 'automatic' AND ts >= $from AND ts < $until)
ORDER BY job

-- name: first_executions
-- Grain: one row per execution in [$from, $until): the first $executions of each of $jobs, in the order of time.
SELECT job, ts, duration_ms
FROM job_executions
WHERE ts >= $from AND ts < $until AND duration_ms IS NOT NULL
    AND job IN (SELECT unnest(from_json($jobs, '["VARCHAR"]')))
QUALIFY row_number() OVER (PARTITION BY job ORDER BY ts, run_id) <= $executions
ORDER BY job, ts, run_id

-- name: last_executions
-- Grain: one row per execution in [$from, $until): the last $executions of each of $jobs, in the order of time.
SELECT job, ts, duration_ms
FROM job_executions
WHERE ts >= $from AND ts < $until AND duration_ms IS NOT NULL
    AND job IN (SELECT unnest(from_json($jobs, '["VARCHAR"]')))
QUALIFY row_number() OVER (PARTITION BY job ORDER BY ts DESC, run_id DESC) <= $executions
ORDER BY job, ts, run_id
