-- name: queues_at_work
-- Grain: one row per queue that had active jobs in one of its samples of the last ten minutes. Bound: [$until - 10 min, $until].
SELECT DISTINCT prefix, queue
FROM queue_samples
WHERE ts > $until - INTERVAL 10 MINUTE AND ts <= $until AND active > 0
ORDER BY prefix, queue
