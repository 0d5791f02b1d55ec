-- What `store/migrations/lake/0006_executions.sql` defines, asked for a window $from <= ts < $until, and in a settled order.

-- name: job_metrics
-- Grain: one row per job, the busiest first.
FROM job_metrics_over($from, $until) ORDER BY executions DESC, job

-- name: slowest_operations
-- Grain: one row per execution, the slowest first, at most twenty.
FROM slowest_operations_over($from, $until) ORDER BY duration_ms DESC, ended_at

-- name: bottlenecks
-- Grain: one row per operation that is too slow, the one furthest beyond its limit first.
FROM bottlenecks_over($from, $until) ORDER BY coalesce(slowest_ms, p95_ms) / limit_ms DESC, operation
