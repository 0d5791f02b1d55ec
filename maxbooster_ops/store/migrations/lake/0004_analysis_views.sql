-- Views for people over what analysis reads and finds.
CREATE VIEW ops.job_executions AS
SELECT ts, if(name IS NULL OR name = queue, queue, queue || '/' || name) AS job, job_id AS run_id,
    outcome = 'completed' AS success, processing_ms AS duration_ms, wait_ms, attempts AS attempt,
    MAP {'prefix': prefix, 'queue': queue} AS metadata, reason AS error, 'bullmq' AS origin
FROM ops.queue_jobs
UNION ALL
SELECT ts, job, run_id, success, duration_ms, NULL, attempt, metadata, error, 'tracked' FROM ops.tracked_executions;
COMMENT ON VIEW ops.job_executions IS 'Every execution of every job: finished BullMQ jobs, and jobs that reported themselves.';
