-- name: queues_with_failures
-- Grain: one row per queue that kept failed jobs in one of its samples of the last hour. Bound: [$until - 1 h, $until].
SELECT DISTINCT prefix, queue
FROM queue_samples
WHERE ts > $until - INTERVAL 1 HOUR AND ts <= $until AND failed > 0
ORDER BY prefix, queue

-- name: failures
-- Grain: one row per job that failed for good, its newest failure. Bound: ($since, $until].
SELECT prefix, queue, job_id, name, reason, attempts, ts
FROM queue_jobs
WHERE ts > $since AND ts <= $until AND outcome = 'failed'
QUALIFY row_number() OVER (PARTITION BY prefix, queue, job_id ORDER BY ts DESC) = 1

-- name: outcomes
-- Grain: one row per job that finished, its newest finish. Bound: ($since, $until].
SELECT prefix, queue, job_id, outcome, reason, ts
FROM queue_jobs
WHERE ts > $since AND ts <= $until
QUALIFY row_number() OVER (PARTITION BY prefix, queue, job_id ORDER BY ts DESC) = 1
