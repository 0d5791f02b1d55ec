-- Views for people over baselines and what is held against them.
CREATE VIEW ops.latest_baselines AS
SELECT name, kind, ts, start, until, series, labels, count, avg, min, max, p50, p95, p99
FROM ops.baselines
QUALIFY rank() OVER (PARTITION BY name ORDER BY ts DESC) = 1
ORDER BY name, series;
COMMENT ON VIEW ops.latest_baselines IS 'The newest version of every baseline, a row per series.';

CREATE VIEW ops.latest_regressions AS
SELECT * FROM ops.regressions
WHERE ts = (SELECT max(ts) FROM ops.regressions WHERE ts > now() - INTERVAL 1 DAY) AND ts > now() - INTERVAL 1 DAY
ORDER BY NOT is_significant, result, metric;
COMMENT ON VIEW ops.latest_regressions IS 'What the newest run of the last day found, regressed ones first.';
