-- Collection: one table per kind of fact; grain and units stand in the comments.
-- Columns follow the fact classes in `facts.py`, after `batch_id`. A day is a partition, so a bound on `ts` reads few files.

CREATE TABLE ops.lake_migrations (version INTEGER, name VARCHAR, applied_at TIMESTAMPTZ);
COMMENT ON TABLE ops.lake_migrations IS 'Versions of this lake that were applied.';
COMMENT ON COLUMN ops.lake_migrations.version IS 'Number of the migration.';
COMMENT ON COLUMN ops.lake_migrations.name IS 'What it brought.';
COMMENT ON COLUMN ops.lake_migrations.applied_at IS 'When it was applied.';

CREATE TABLE ops.beats (
    batch_id VARCHAR,
    ts TIMESTAMPTZ,
    kind VARCHAR,
    due TIMESTAMPTZ,
    duration_ms DOUBLE,
    sources BIGINT,
    failures BIGINT,
    rows BIGINT,
    collector VARCHAR
);
ALTER TABLE ops.beats SET PARTITIONED BY (year(ts), month(ts), day(ts));
COMMENT ON TABLE ops.beats IS 'One row per beat: all sources read at once, everything seen written in one transaction.';
COMMENT ON COLUMN ops.beats.batch_id IS 'The write that brought this row; a batch is stored at most once.';
COMMENT ON COLUMN ops.beats.ts IS 'When the beat was taken.';
COMMENT ON COLUMN ops.beats.kind IS 'beat; or late: answers of slow probes, stored after their beat.';
COMMENT ON COLUMN ops.beats.due IS 'The moment it was planned for.';
COMMENT ON COLUMN ops.beats.duration_ms IS 'ms; from the first read to the last answer, without the write.';
COMMENT ON COLUMN ops.beats.sources IS 'Sources that were read.';
COMMENT ON COLUMN ops.beats.failures IS 'Rows of this beat in source_failures.';
COMMENT ON COLUMN ops.beats.rows IS 'Rows of this beat in all other tables.';
COMMENT ON COLUMN ops.beats.collector IS 'Who took it: host and process id.';

CREATE TABLE ops.source_failures (
    batch_id VARCHAR,
    ts TIMESTAMPTZ,
    source VARCHAR,
    target VARCHAR,
    error VARCHAR,
    reason VARCHAR,
    hint VARCHAR
);
ALTER TABLE ops.source_failures SET PARTITIONED BY (year(ts), month(ts), day(ts));
COMMENT ON TABLE ops.source_failures IS 'A source, or a part of one, that could not be read, and why. A source without a row here and without samples was not configured.';
COMMENT ON COLUMN ops.source_failures.batch_id IS 'The write that brought this row; a batch is stored at most once.';
COMMENT ON COLUMN ops.source_failures.ts IS 'The beat in which it failed.';
COMMENT ON COLUMN ops.source_failures.source IS 'bullmq, redis, host, probes, metrics or ai_caches.';
COMMENT ON COLUMN ops.source_failures.target IS 'What was read, without credentials.';
COMMENT ON COLUMN ops.source_failures.error IS 'Kind of error.';
COMMENT ON COLUMN ops.source_failures.reason IS 'What happened, in words.';
COMMENT ON COLUMN ops.source_failures.hint IS 'What to do about it.';

CREATE TABLE ops.queue_samples (
    batch_id VARCHAR,
    ts TIMESTAMPTZ,
    prefix VARCHAR,
    queue VARCHAR,
    waiting BIGINT,
    active BIGINT,
    completed BIGINT,
    failed BIGINT,
    delayed BIGINT,
    prioritized BIGINT,
    waiting_children BIGINT,
    paused BIGINT,
    is_paused BOOLEAN,
    stalled BIGINT,
    retried BIGINT,
    completed_delta BIGINT,
    failed_delta BIGINT,
    failed_rate DOUBLE,
    processing_ms_avg DOUBLE,
    processing_ms_p50 DOUBLE,
    processing_ms_p95 DOUBLE,
    processing_ms_p99 DOUBLE,
    wait_ms_p95 DOUBLE,
    oldest_waiting_ms DOUBLE,
    workers BIGINT,
    concurrency BIGINT,
    utilization DOUBLE,
    redriven BIGINT,
    gap BOOLEAN,
    bullmq_version VARCHAR
);
ALTER TABLE ops.queue_samples SET PARTITIONED BY (year(ts), month(ts), day(ts));
COMMENT ON TABLE ops.queue_samples IS 'One BullMQ queue in one beat. Deltas and timings are of the time since the previous sample of this queue.';
COMMENT ON COLUMN ops.queue_samples.batch_id IS 'The write that brought this row; a batch is stored at most once.';
COMMENT ON COLUMN ops.queue_samples.ts IS 'The beat.';
COMMENT ON COLUMN ops.queue_samples.prefix IS 'BullMQ key prefix.';
COMMENT ON COLUMN ops.queue_samples.queue IS 'Queue name.';
COMMENT ON COLUMN ops.queue_samples.waiting IS 'jobs; as getJobCounts answers.';
COMMENT ON COLUMN ops.queue_samples.active IS 'jobs being processed.';
COMMENT ON COLUMN ops.queue_samples.completed IS 'jobs kept as completed; falls when the platform removes them.';
COMMENT ON COLUMN ops.queue_samples.failed IS 'jobs kept as failed.';
COMMENT ON COLUMN ops.queue_samples.delayed IS 'jobs waiting for their time.';
COMMENT ON COLUMN ops.queue_samples.prioritized IS 'jobs waiting with a priority.';
COMMENT ON COLUMN ops.queue_samples.waiting_children IS 'parent jobs waiting for their children.';
COMMENT ON COLUMN ops.queue_samples.paused IS 'jobs held because the queue is paused.';
COMMENT ON COLUMN ops.queue_samples.is_paused IS 'The queue is paused.';
COMMENT ON COLUMN ops.queue_samples.stalled IS 'jobs whose lock expired since the previous sample.';
COMMENT ON COLUMN ops.queue_samples.retried IS 'attempts beyond the first since the previous sample.';
COMMENT ON COLUMN ops.queue_samples.completed_delta IS 'jobs completed since the previous sample.';
COMMENT ON COLUMN ops.queue_samples.failed_delta IS 'jobs that failed for good since the previous sample.';
COMMENT ON COLUMN ops.queue_samples.failed_rate IS '0..1; failed_delta / (failed_delta + completed_delta); NULL where no job finished.';
COMMENT ON COLUMN ops.queue_samples.processing_ms_avg IS 'ms; finishedOn - processedOn of the jobs finished since the previous sample.';
COMMENT ON COLUMN ops.queue_samples.processing_ms_p50 IS 'ms; median of the same.';
COMMENT ON COLUMN ops.queue_samples.processing_ms_p95 IS 'ms; 95th percentile of the same.';
COMMENT ON COLUMN ops.queue_samples.processing_ms_p99 IS 'ms; 99th percentile of the same.';
COMMENT ON COLUMN ops.queue_samples.wait_ms_p95 IS 'ms; processedOn - timestamp - delay of the same jobs, 95th percentile.';
COMMENT ON COLUMN ops.queue_samples.oldest_waiting_ms IS 'ms; age of the oldest waiting job; NULL where none waits.';
COMMENT ON COLUMN ops.queue_samples.workers IS 'connected workers.';
COMMENT ON COLUMN ops.queue_samples.concurrency IS 'jobs; the queue''s global concurrency where one is set.';
COMMENT ON COLUMN ops.queue_samples.utilization IS '0..1; active / concurrency where that is known.';
COMMENT ON COLUMN ops.queue_samples.redriven IS 'finished jobs put back by hand or by a re-drive since the previous sample.';
COMMENT ON COLUMN ops.queue_samples.gap IS 'Events were trimmed before they were read: deltas come from BullMQ''s own counters or are NULL.';
COMMENT ON COLUMN ops.queue_samples.bullmq_version IS 'Version that wrote the queue''s meta.';

CREATE TABLE ops.queue_jobs (
    batch_id VARCHAR,
    ts TIMESTAMPTZ,
    prefix VARCHAR,
    queue VARCHAR,
    job_id VARCHAR,
    name VARCHAR,
    outcome VARCHAR,
    processing_ms DOUBLE,
    wait_ms DOUBLE,
    attempts BIGINT,
    reason VARCHAR,
    timed_by VARCHAR
);
ALTER TABLE ops.queue_jobs SET PARTITIONED BY (year(ts), month(ts), day(ts));
COMMENT ON TABLE ops.queue_jobs IS 'One finished job that was seen, once per finish.';
COMMENT ON COLUMN ops.queue_jobs.batch_id IS 'The write that brought this row; a batch is stored at most once.';
COMMENT ON COLUMN ops.queue_jobs.ts IS 'When it finished.';
COMMENT ON COLUMN ops.queue_jobs.prefix IS 'BullMQ key prefix.';
COMMENT ON COLUMN ops.queue_jobs.queue IS 'Queue name.';
COMMENT ON COLUMN ops.queue_jobs.job_id IS 'BullMQ job id.';
COMMENT ON COLUMN ops.queue_jobs.name IS 'Job name; NULL where the job was removed before it was seen.';
COMMENT ON COLUMN ops.queue_jobs.outcome IS 'completed or failed (for good).';
COMMENT ON COLUMN ops.queue_jobs.processing_ms IS 'ms; finishedOn - processedOn of the last attempt.';
COMMENT ON COLUMN ops.queue_jobs.wait_ms IS 'ms; processedOn - timestamp - delay.';
COMMENT ON COLUMN ops.queue_jobs.attempts IS 'Attempts made.';
COMMENT ON COLUMN ops.queue_jobs.reason IS 'Why it failed, at most 500 characters.';
COMMENT ON COLUMN ops.queue_jobs.timed_by IS 'job: the job''s own clock values; stream: the event stream''s, where the job was already removed.';

CREATE TABLE ops.redis_samples (
    batch_id VARCHAR,
    ts TIMESTAMPTZ,
    server VARCHAR,
    ping_ms_median DOUBLE,
    ping_ms_max DOUBLE,
    memory_used_bytes BIGINT,
    memory_max_bytes BIGINT,
    memory_ratio DOUBLE,
    hit_ratio DOUBLE,
    evicted_per_minute DOUBLE,
    connected_clients BIGINT,
    blocked_clients BIGINT,
    ops_per_second DOUBLE,
    uptime_seconds DOUBLE,
    role VARCHAR,
    version VARCHAR,
    maxmemory_policy VARCHAR,
    rdb_last_save_ok BOOLEAN,
    rdb_changes_since_save BIGINT,
    aof_enabled BOOLEAN,
    aof_last_write_ok BOOLEAN,
    loading BOOLEAN
);
ALTER TABLE ops.redis_samples SET PARTITIONED BY (year(ts), month(ts), day(ts));
COMMENT ON TABLE ops.redis_samples IS 'The Redis server behind the queues.';
COMMENT ON COLUMN ops.redis_samples.batch_id IS 'The write that brought this row; a batch is stored at most once.';
COMMENT ON COLUMN ops.redis_samples.ts IS 'The beat.';
COMMENT ON COLUMN ops.redis_samples.server IS 'host:port.';
COMMENT ON COLUMN ops.redis_samples.ping_ms_median IS 'ms; median of 5 round trips.';
COMMENT ON COLUMN ops.redis_samples.ping_ms_max IS 'ms; the slowest of them.';
COMMENT ON COLUMN ops.redis_samples.memory_used_bytes IS 'bytes; used_memory.';
COMMENT ON COLUMN ops.redis_samples.memory_max_bytes IS 'bytes; maxmemory; NULL without a limit.';
COMMENT ON COLUMN ops.redis_samples.memory_ratio IS '0..1; used / max; NULL without a limit.';
COMMENT ON COLUMN ops.redis_samples.hit_ratio IS '0..1; keyspace hits / (hits + misses) since the previous sample.';
COMMENT ON COLUMN ops.redis_samples.evicted_per_minute IS 'keys per minute since the previous sample.';
COMMENT ON COLUMN ops.redis_samples.connected_clients IS 'clients.';
COMMENT ON COLUMN ops.redis_samples.blocked_clients IS 'clients waiting in a blocking call.';
COMMENT ON COLUMN ops.redis_samples.ops_per_second IS 'commands per second, by Redis.';
COMMENT ON COLUMN ops.redis_samples.uptime_seconds IS 's since the server started.';
COMMENT ON COLUMN ops.redis_samples.role IS 'master or slave.';
COMMENT ON COLUMN ops.redis_samples.version IS 'Redis version.';
COMMENT ON COLUMN ops.redis_samples.maxmemory_policy IS 'BullMQ needs noeviction.';
COMMENT ON COLUMN ops.redis_samples.rdb_last_save_ok IS 'The last snapshot worked.';
COMMENT ON COLUMN ops.redis_samples.rdb_changes_since_save IS 'changes not yet in a snapshot.';
COMMENT ON COLUMN ops.redis_samples.aof_enabled IS 'An append-only file is written.';
COMMENT ON COLUMN ops.redis_samples.aof_last_write_ok IS 'Its last write worked.';
COMMENT ON COLUMN ops.redis_samples.loading IS 'The server is loading its data set.';

CREATE TABLE ops.host_samples (
    batch_id VARCHAR,
    ts TIMESTAMPTZ,
    host VARCHAR,
    cpu_percent DOUBLE,
    memory_used_mb DOUBLE,
    memory_total_mb DOUBLE,
    memory_percent DOUBLE,
    swap_used_mb DOUBLE,
    swap_total_mb DOUBLE,
    disk_used_percent MAP(VARCHAR, DOUBLE),
    disk_read_bytes_per_second DOUBLE,
    disk_write_bytes_per_second DOUBLE,
    network_sent_bytes_per_second DOUBLE,
    network_received_bytes_per_second DOUBLE,
    load_1m DOUBLE,
    load_5m DOUBLE,
    load_15m DOUBLE,
    uptime_seconds DOUBLE,
    open_file_descriptors BIGINT,
    process_name VARCHAR,
    process_pid BIGINT,
    process_rss_mb DOUBLE,
    process_cpu_percent DOUBLE,
    process_open_files BIGINT,
    process_uptime_seconds DOUBLE
);
ALTER TABLE ops.host_samples SET PARTITIONED BY (year(ts), month(ts), day(ts));
COMMENT ON TABLE ops.host_samples IS 'The host that the collector runs on, and the platform''s process where one is named.';
COMMENT ON COLUMN ops.host_samples.batch_id IS 'The write that brought this row; a batch is stored at most once.';
COMMENT ON COLUMN ops.host_samples.ts IS 'The beat.';
COMMENT ON COLUMN ops.host_samples.host IS 'Host name.';
COMMENT ON COLUMN ops.host_samples.cpu_percent IS '% of all cores since the previous sample.';
COMMENT ON COLUMN ops.host_samples.memory_used_mb IS 'MiB; total less available.';
COMMENT ON COLUMN ops.host_samples.memory_total_mb IS 'MiB.';
COMMENT ON COLUMN ops.host_samples.memory_percent IS '% used.';
COMMENT ON COLUMN ops.host_samples.swap_used_mb IS 'MiB.';
COMMENT ON COLUMN ops.host_samples.swap_total_mb IS 'MiB.';
COMMENT ON COLUMN ops.host_samples.disk_used_percent IS '% used by mount point.';
COMMENT ON COLUMN ops.host_samples.disk_read_bytes_per_second IS 'bytes/s since the previous sample.';
COMMENT ON COLUMN ops.host_samples.disk_write_bytes_per_second IS 'bytes/s since the previous sample.';
COMMENT ON COLUMN ops.host_samples.network_sent_bytes_per_second IS 'bytes/s since the previous sample.';
COMMENT ON COLUMN ops.host_samples.network_received_bytes_per_second IS 'bytes/s since the previous sample.';
COMMENT ON COLUMN ops.host_samples.load_1m IS 'Load average of 1 minute.';
COMMENT ON COLUMN ops.host_samples.load_5m IS 'Load average of 5 minutes.';
COMMENT ON COLUMN ops.host_samples.load_15m IS 'Load average of 15 minutes.';
COMMENT ON COLUMN ops.host_samples.uptime_seconds IS 's since the host started.';
COMMENT ON COLUMN ops.host_samples.open_file_descriptors IS 'open on the whole host; NULL where the system does not say.';
COMMENT ON COLUMN ops.host_samples.process_name IS 'Name of the watched process.';
COMMENT ON COLUMN ops.host_samples.process_pid IS 'Its process id.';
COMMENT ON COLUMN ops.host_samples.process_rss_mb IS 'MiB; its resident memory.';
COMMENT ON COLUMN ops.host_samples.process_cpu_percent IS '% of one core since the previous sample.';
COMMENT ON COLUMN ops.host_samples.process_open_files IS 'Its open file descriptors.';
COMMENT ON COLUMN ops.host_samples.process_uptime_seconds IS 's since it started.';

CREATE TABLE ops.probe_results (
    batch_id VARCHAR,
    ts TIMESTAMPTZ,
    monitor VARCHAR,
    url VARCHAR,
    monitor_class VARCHAR,
    every_seconds DOUBLE,
    outcome VARCHAR,
    up BOOLEAN,
    status_code BIGINT,
    latency_ms DOUBLE,
    body_status VARCHAR,
    tls_days_left DOUBLE,
    detail VARCHAR
);
ALTER TABLE ops.probe_results SET PARTITIONED BY (year(ts), month(ts), day(ts));
COMMENT ON TABLE ops.probe_results IS 'One request of one monitor.';
COMMENT ON COLUMN ops.probe_results.batch_id IS 'The write that brought this row; a batch is stored at most once.';
COMMENT ON COLUMN ops.probe_results.ts IS 'When the request was sent.';
COMMENT ON COLUMN ops.probe_results.monitor IS 'Name of the monitor.';
COMMENT ON COLUMN ops.probe_results.url IS 'What was asked, without credentials.';
COMMENT ON COLUMN ops.probe_results.monitor_class IS 'critical, warning or platform.';
COMMENT ON COLUMN ops.probe_results.every_seconds IS 's between requests of this monitor.';
COMMENT ON COLUMN ops.probe_results.outcome IS 'healthy, maintenance, rate_limited, server_error, unexpected_status, bad_body, timeout, unreachable, tls_error or too_large.';
COMMENT ON COLUMN ops.probe_results.up IS 'The service answers: healthy or merely rate limited.';
COMMENT ON COLUMN ops.probe_results.status_code IS 'HTTP status; NULL without an answer.';
COMMENT ON COLUMN ops.probe_results.latency_ms IS 'ms to the end of the body; NULL without an answer.';
COMMENT ON COLUMN ops.probe_results.body_status IS 'The body''s status field.';
COMMENT ON COLUMN ops.probe_results.tls_days_left IS 'days until the certificate ends; NULL without TLS.';
COMMENT ON COLUMN ops.probe_results.detail IS 'Why it is not healthy.';

CREATE TABLE ops.metric_samples (
    batch_id VARCHAR,
    ts TIMESTAMPTZ,
    source VARCHAR,
    name VARCHAR,
    kind VARCHAR,
    labels MAP(VARCHAR, VARCHAR),
    value DOUBLE,
    increase DOUBLE
);
ALTER TABLE ops.metric_samples SET PARTITIONED BY (year(ts), month(ts), day(ts));
COMMENT ON TABLE ops.metric_samples IS 'One series of a Prometheus page in one beat.';
COMMENT ON COLUMN ops.metric_samples.batch_id IS 'The write that brought this row; a batch is stored at most once.';
COMMENT ON COLUMN ops.metric_samples.ts IS 'The beat.';
COMMENT ON COLUMN ops.metric_samples.source IS 'Whose page.';
COMMENT ON COLUMN ops.metric_samples.name IS 'As on the page; a histogram has _bucket, _sum and _count.';
COMMENT ON COLUMN ops.metric_samples.kind IS 'counter, gauge, histogram, summary or unknown.';
COMMENT ON COLUMN ops.metric_samples.labels IS 'Label by name; le holds a bucket''s upper bound.';
COMMENT ON COLUMN ops.metric_samples.value IS 'As on the page, in the unit of the name.';
COMMENT ON COLUMN ops.metric_samples.increase IS 'Growth of a counter or histogram since the previous sample, resets handled as Prometheus does; NULL on first sight and for gauges.';

CREATE TABLE ops.ai_cache_samples (
    batch_id VARCHAR,
    ts TIMESTAMPTZ,
    cache VARCHAR,
    current_size BIGINT,
    max_size BIGINT,
    utilization_percent DOUBLE,
    total_loads BIGINT,
    total_evictions BIGINT,
    hit_rate_percent DOUBLE,
    average_load_ms DOUBLE,
    heap_used_mb DOUBLE,
    estimated_model_mb DOUBLE,
    estimated_total_mb DOUBLE
);
ALTER TABLE ops.ai_cache_samples SET PARTITIONED BY (year(ts), month(ts), day(ts));
COMMENT ON TABLE ops.ai_cache_samples IS 'One AI model cache of the platform.';
COMMENT ON COLUMN ops.ai_cache_samples.batch_id IS 'The write that brought this row; a batch is stored at most once.';
COMMENT ON COLUMN ops.ai_cache_samples.ts IS 'The beat.';
COMMENT ON COLUMN ops.ai_cache_samples.cache IS 'social or advertising.';
COMMENT ON COLUMN ops.ai_cache_samples.current_size IS 'models held.';
COMMENT ON COLUMN ops.ai_cache_samples.max_size IS 'models it may hold.';
COMMENT ON COLUMN ops.ai_cache_samples.utilization_percent IS '% held.';
COMMENT ON COLUMN ops.ai_cache_samples.total_loads IS 'models loaded since the platform started.';
COMMENT ON COLUMN ops.ai_cache_samples.total_evictions IS 'models put out since the platform started.';
COMMENT ON COLUMN ops.ai_cache_samples.hit_rate_percent IS '%; NULL before the first load.';
COMMENT ON COLUMN ops.ai_cache_samples.average_load_ms IS 'ms.';
COMMENT ON COLUMN ops.ai_cache_samples.heap_used_mb IS 'MB; heap of the platform''s process.';
COMMENT ON COLUMN ops.ai_cache_samples.estimated_model_mb IS 'MB; estimate for one model.';
COMMENT ON COLUMN ops.ai_cache_samples.estimated_total_mb IS 'MB; estimate for both caches.';

CREATE TABLE ops.ai_cache_evictions (
    batch_id VARCHAR,
    ts TIMESTAMPTZ,
    cache VARCHAR,
    user_id VARCHAR,
    reason VARCHAR,
    idle_ms DOUBLE
);
ALTER TABLE ops.ai_cache_evictions SET PARTITIONED BY (year(ts), month(ts), day(ts));
COMMENT ON TABLE ops.ai_cache_evictions IS 'One model that was put out of a cache, once.';
COMMENT ON COLUMN ops.ai_cache_evictions.batch_id IS 'The write that brought this row; a batch is stored at most once.';
COMMENT ON COLUMN ops.ai_cache_evictions.ts IS 'When, by the platform''s clock.';
COMMENT ON COLUMN ops.ai_cache_evictions.cache IS 'social or advertising.';
COMMENT ON COLUMN ops.ai_cache_evictions.user_id IS 'Whose model.';
COMMENT ON COLUMN ops.ai_cache_evictions.reason IS 'lru, timeout or manual.';
COMMENT ON COLUMN ops.ai_cache_evictions.idle_ms IS 'ms since it was last used.';
