-- Views for people and for our own commands: the newest of everything, within the last hour so that only today's files are read.
CREATE VIEW ops.latest_beat AS
SELECT * FROM ops.beats WHERE kind = 'beat' AND ts > now() - INTERVAL 1 HOUR ORDER BY ts DESC LIMIT 1;
COMMENT ON VIEW ops.latest_beat IS 'The newest beat of the last hour.';

CREATE VIEW ops.latest_queues AS
SELECT * FROM ops.queue_samples
WHERE ts = (SELECT max(ts) FROM ops.queue_samples WHERE ts > now() - INTERVAL 1 HOUR) AND ts > now() - INTERVAL 1 HOUR
ORDER BY prefix, queue;
COMMENT ON VIEW ops.latest_queues IS 'Every queue as it was in the newest beat that saw queues.';

CREATE VIEW ops.latest_redis AS
SELECT * FROM ops.redis_samples WHERE ts > now() - INTERVAL 1 HOUR ORDER BY ts DESC LIMIT 1;
COMMENT ON VIEW ops.latest_redis IS 'The newest sample of the Redis server.';

CREATE VIEW ops.latest_host AS
SELECT * FROM ops.host_samples WHERE ts > now() - INTERVAL 1 HOUR ORDER BY ts DESC LIMIT 1;
COMMENT ON VIEW ops.latest_host IS 'The newest sample of the host.';

CREATE VIEW ops.latest_ai_caches AS
SELECT * FROM ops.ai_cache_samples
WHERE ts = (SELECT max(ts) FROM ops.ai_cache_samples WHERE ts > now() - INTERVAL 1 HOUR) AND ts > now() - INTERVAL 1 HOUR
ORDER BY cache;
COMMENT ON VIEW ops.latest_ai_caches IS 'Both AI model caches as last seen.';

-- A monitor that was not asked for two of its intervals and a minute was switched off or renamed: it is no longer shown.
CREATE VIEW ops.latest_probes AS
SELECT * FROM ops.probe_results WHERE ts > now() - INTERVAL 2 DAY
QUALIFY row_number() OVER (PARTITION BY monitor ORDER BY ts DESC) = 1 AND ts > now() - to_seconds(2 * every_seconds + 60)
ORDER BY monitor_class, monitor;
COMMENT ON VIEW ops.latest_probes IS 'The newest result of every monitor.';

CREATE VIEW ops.latest_metrics AS
SELECT * FROM ops.metric_samples
WHERE ts = (SELECT max(ts) FROM ops.metric_samples WHERE ts > now() - INTERVAL 1 HOUR) AND ts > now() - INTERVAL 1 HOUR
ORDER BY source, name;
COMMENT ON VIEW ops.latest_metrics IS 'Every scraped series as it was in the newest beat that saw any.';

CREATE VIEW ops.latest_failures AS
SELECT * FROM ops.source_failures
WHERE ts = (SELECT max(ts) FROM ops.beats WHERE kind = 'beat' AND ts > now() - INTERVAL 1 HOUR) AND ts > now() - INTERVAL 1 HOUR
ORDER BY source;
COMMENT ON VIEW ops.latest_failures IS 'What could not be read in the newest beat.';
