-- Rollups: computed into temporary tables outside of any write transaction, then exchanged for what the lake has.
-- Everything that is added up is sorted first: sums of the same values are then the same to the last bit, whatever order
-- the lake's files have, and rolling up again finds nothing to change. {samples} and {observations} are those of series.sql.

-- name: read_values
-- Grain: one row per value of every series with $from <= ts < $until, read once for all widths. ts in microseconds.
CREATE OR REPLACE TEMP TABLE rollup_values AS
SELECT epoch_us(ts) AS us, series, kind, labels, value
FROM ({samples} UNION ALL {observations})
WHERE isfinite(value)

-- name: read_histograms
-- Grain: one row per series of a histogram and moment with $from <= ts < $until. What grew before first sight is not known.
CREATE OR REPLACE TEMP TABLE rollup_histograms AS
SELECT epoch_us(ts) AS us, name, labels, increase
FROM metric_samples
WHERE ts >= $from AND ts < $until AND kind = 'histogram' AND isfinite(increase)

-- name: computed
-- The rows of `rollups` of one stretch, to be filled width by width.
CREATE OR REPLACE TEMP TABLE rollup_computed AS
FROM rollups LIMIT 0

-- name: compute_values
-- Grain: one row per series and window of $length_us that begins in [$from, $until); they end by then.
INSERT INTO rollup_computed BY NAME
SELECT 'rollups-' || $width || '-' || strftime(ts, '%Y%m%d') AS batch_id, ts, $width AS width, series, kind, labels,
    len(sorted) AS count, list_sum(sorted) / len(sorted) AS avg, sorted[1] AS min, sorted[-1] AS max,
    quantiles[1] AS p50, quantiles[2] AS p75, quantiles[3] AS p95, quantiles[4] AS p99, quantiles[5] AS p999
FROM (
    SELECT make_timestamptz(us // $length_us * $length_us) AS ts, series, kind, labels,
        list_sort(list(value)) AS sorted, quantile_cont(value, [0.5, 0.75, 0.95, 0.99, 0.999]) AS quantiles
    FROM rollup_values
    WHERE us >= epoch_us($from) AND us < epoch_us($until)
    GROUP BY ALL
)

-- name: compute_histograms
-- Grain: one row per histogram and window with observations. Prometheus' histogram_quantile over the growth of the buckets
-- within the window: linear inside a bucket, the first one begins at 0, beyond the last finite bound it is that bound;
-- counts that fall from one bucket to the next are levelled; without a bucket +Inf, or with no other, there is no quantile.
INSERT INTO rollup_computed BY NAME
WITH grown AS (
    SELECT make_timestamptz(us // $length_us * $length_us) AS ts, name, labels,
        list_sum(list_sort(list(increase))) AS growth
    FROM rollup_histograms
    WHERE us >= epoch_us($from) AND us < epoch_us($until)
    GROUP BY ALL
), buckets AS (
    SELECT ts, name[:-8] AS series,
        map_from_entries(list_filter(map_entries(labels), lambda label: label.key <> 'le')) AS labels,
        TRY_CAST(labels['le'] AS DOUBLE) AS bound, list_sum(list_sort(list(growth))) AS growth
    FROM grown
    WHERE name LIKE '%\_bucket' ESCAPE '\' AND TRY_CAST(labels['le'] AS DOUBLE) IS NOT NULL
    GROUP BY ALL
), levelled AS (
    SELECT ts, series, labels, bound, max(growth) OVER up_to_here AS count, lag(bound) OVER of_histogram AS lower
    FROM buckets
    WINDOW of_histogram AS (PARTITION BY ts, series, labels ORDER BY bound), up_to_here AS (of_histogram)
), stacked AS (
    SELECT *, lag(count, 1, 0) OVER (PARTITION BY ts, series, labels ORDER BY bound) AS below,
        max(count) OVER whole AS total, isinf(max(bound) OVER whole) AND count(*) OVER whole > 1 AS is_whole
    FROM levelled
    WINDOW whole AS (PARTITION BY ts, series, labels)
), found AS (
    SELECT ts, series, labels, quantile, min_by(
            CASE
                WHEN isinf(bound) THEN lower
                WHEN lower IS NULL AND bound <= 0 THEN bound
                ELSE coalesce(lower, 0) + (bound - coalesce(lower, 0)) * (quantile * total - below) / (count - below)
            END, bound) AS value
    FROM stacked, (SELECT unnest([0.5, 0.75, 0.95, 0.99, 0.999]) AS quantile)
    WHERE is_whole AND total > 0 AND count >= quantile * total
    GROUP BY ALL
), quantiles AS (
    SELECT ts, series, labels, list(value ORDER BY quantile) AS quantiles
    FROM found
    GROUP BY ALL
), totals AS (
    SELECT ts, regexp_replace(name, '_(sum|count)$', '') AS series, labels,
        any_value(growth) FILTER (WHERE name LIKE '%\_count' ESCAPE '\') AS count,
        any_value(growth) FILTER (WHERE name LIKE '%\_sum' ESCAPE '\') AS sum
    FROM grown
    WHERE name LIKE '%\_count' ESCAPE '\' OR name LIKE '%\_sum' ESCAPE '\'
    GROUP BY ALL
)
SELECT 'rollups-' || $width || '-' || strftime(ts, '%Y%m%d') AS batch_id, ts, $width AS width, series,
    'histogram' AS kind, labels, round(count)::BIGINT AS count, sum / count AS avg, NULL AS min, NULL AS max,
    quantiles[1] AS p50, quantiles[2] AS p75, quantiles[3] AS p95, quantiles[4] AS p99, quantiles[5] AS p999
FROM totals LEFT JOIN quantiles USING (ts, series, labels)
WHERE count > 0

-- name: stored
-- Grain: one row; how many windows of a series of one width the lake has that begin in [$from, $until).
SELECT count(*) AS rows FROM rollups WHERE width = $width AND ts >= $from AND ts < $until

-- name: fresh
-- What is to be written where the lake has nothing yet.
CREATE OR REPLACE TEMP TABLE rollup_fresh AS
FROM rollup_computed WHERE width = $width AND ts >= $from AND ts < $until

-- name: changed
-- What is to be written where it has: rows that the lake has not, or not just so.
CREATE OR REPLACE TEMP TABLE rollup_fresh AS
FROM rollup_computed WHERE width = $width AND ts >= $from AND ts < $until
EXCEPT
FROM rollups WHERE width = $width AND ts >= $from AND ts < $until

-- name: stale
-- What is to go: rows that the lake has and that were not computed so.
CREATE OR REPLACE TEMP TABLE rollup_stale AS
FROM rollups WHERE width = $width AND ts >= $from AND ts < $until
EXCEPT
FROM rollup_computed WHERE width = $width AND ts >= $from AND ts < $until

-- name: nothing_stale
-- The same where the lake has nothing yet.
CREATE OR REPLACE TEMP TABLE rollup_stale AS
FROM rollups LIMIT 0

-- name: delete
-- By identity, so that two processes that write the same windows leave each row once.
DELETE FROM ops.rollups
WHERE width = $width AND ts >= $from AND ts < $until AND EXISTS (
    SELECT 1
    FROM (SELECT ts, series, kind, labels FROM rollup_fresh
          UNION SELECT ts, series, kind, labels FROM rollup_stale) AS gone
    WHERE gone.ts = rollups.ts AND gone.series = rollups.series AND gone.kind = rollups.kind
        AND gone.labels = rollups.labels
)

-- name: insert
-- In the order in which the files of a finished day are kept: values of one series compress best side by side.
INSERT INTO ops.rollups BY NAME
SELECT * FROM rollup_fresh ORDER BY series, labels, ts

-- name: series
-- Grain: one row; how many series were computed.
SELECT count(*) AS series FROM (SELECT DISTINCT series, kind, labels FROM rollup_computed)

-- name: first_moment
-- Grain: one row; when the first beat was taken. For the first run only, since it looks at all days.
SELECT min(ts) AS ts FROM beats

-- name: newest_batches
-- Grain: one row; the least id of the batches of beats from $since on. Ids sort by time, so the days that no such batch
-- reached are passed over by the catalog's bounds alone.
SELECT min(batch_id) AS least FROM beats WHERE ts >= $since

-- name: late_half_hours
-- Grain: one row per half hour before $before to which a beat from $since on brought rows: jobs that finished long before
-- they were seen, answers of slow probes, executions reported late. All other rows have the time of their beat.
SELECT DISTINCT make_timestamptz(epoch_us(ts) // 1800000000 * 1800000000) AS half_hour
FROM (
    SELECT batch_id, ts FROM queue_jobs WHERE ts < $before AND batch_id >= $least
    UNION ALL
    SELECT batch_id, ts FROM probe_results WHERE ts < $before AND batch_id >= $least
    UNION ALL
    SELECT batch_id, ts FROM tracked_executions WHERE ts < $before AND batch_id >= $least
) SEMI JOIN (SELECT batch_id FROM beats WHERE ts >= $since) USING (batch_id)
