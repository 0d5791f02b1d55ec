-- name: stuck_jobs
-- Grain: one row; the stuck jobs of all queues as last counted. Bound: [$until - 10 min, $until].
SELECT coalesce(sum(stuck), 0) AS stuck
FROM (
    SELECT arg_max(stuck, ts) AS stuck
    FROM dead_letter_samples
    WHERE ts > $until - INTERVAL 10 MINUTE AND ts <= $until
    GROUP BY prefix, queue
)
