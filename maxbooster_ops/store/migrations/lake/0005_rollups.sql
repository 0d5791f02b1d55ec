-- How files are written, and rollups as people read them.

-- Sorted by series, a day of scraped samples takes 2.1 bytes a row this way; 6.8 with DuckDB's own choice (docs/benchmarks.md).
-- One row group holds a day of 340 series: values of one series compress best when they are not cut apart.
CALL ops.set_option('parquet_compression', 'zstd');
CALL ops.set_option('parquet_version', '2');
CALL ops.set_option('parquet_row_group_size', '983040');

CREATE VIEW ops.rollups_1m AS SELECT * EXCLUDE (batch_id, width) FROM ops.rollups WHERE width = '1m';
COMMENT ON VIEW ops.rollups_1m IS 'Every series by the minute.';

CREATE VIEW ops.rollups_30m AS SELECT * EXCLUDE (batch_id, width) FROM ops.rollups WHERE width = '30m';
COMMENT ON VIEW ops.rollups_30m IS 'Every series by the half hour.';

CREATE VIEW ops.rollups_1d AS SELECT * EXCLUDE (batch_id, width) FROM ops.rollups WHERE width = '1d';
COMMENT ON VIEW ops.rollups_1d IS 'Every series by the day (UTC).';

CREATE VIEW ops.series AS
SELECT series, kind, labels, max(ts) AS newest, arg_max(count, ts) AS count, arg_max(avg, ts) AS avg,
    arg_max(p95, ts) AS p95
FROM ops.rollups
WHERE width = '30m' AND ts > now() - INTERVAL 2 DAY
GROUP BY series, kind, labels
ORDER BY series, labels;
COMMENT ON VIEW ops.series IS 'Every series of the last two days, and its newest half hour.';
