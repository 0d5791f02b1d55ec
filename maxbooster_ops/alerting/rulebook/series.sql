-- The forms that a rule's series takes when it is written as a shorthand. Words in braces are filled in by `series_sql.py`.
-- Every form but `window_quantiles` answers many series at once, each in a column of its own ("value 0", "value 1", …;
-- a space is in no label's name): ts, the labels and the values, one row per label set and moment, for $from <= ts < $to.
-- A series that was not seen at a moment is NULL there. A form reads back from $from by `look_back_ms`, the longest of
-- its series. A window ends at the moment that it is given for, which belongs to it. It begins half a second late: beats
-- come some milliseconds early or late, and the one that is a whole window old is outside.

-- name: table_series
-- Grain: one row per label set and moment at which any of the series was seen. What one beat saw is made one row before
-- windows are laid.
SELECT ts{labels}, {named_values}
FROM (
    SELECT ts{labels}, {values}
    FROM (
        SELECT ts{labels}, {parts}
        FROM ({rows})
        GROUP BY ALL
    )
    {windows}
)
WHERE ts >= $from AND ts < $to

-- name: window_quantiles
-- Grain: one row per label set and moment. A quantile needs every single row of the window, so none are merged before.
SELECT DISTINCT ts{labels}, value
FROM (
    SELECT ts{labels}, quantile_cont(value, {quantile}) OVER lately AS value
    FROM ({rows})
    WINDOW lately AS (
        {partition}ORDER BY ts RANGE BETWEEN INTERVAL {window_ms} MILLISECOND PRECEDING AND CURRENT ROW
    )
)
WHERE ts >= $from AND ts < $to AND value IS NOT NULL

-- name: table_rows
-- Grain: one row of the table that any of the series is made of.
SELECT {named_labels}, {columns}
FROM {table}
WHERE ts >= $from - INTERVAL {look_back_ms} MILLISECOND AND ts < $to AND ({where})

-- name: late_table_rows
-- Grain: one row of a table whose ts is not the beat that brought it: an answer that came late, a job that finished
-- before it was seen. It counts from when it was known, so that asking later does not answer otherwise; what became
-- known more than an hour late is left out.
SELECT {named_labels}, {columns}
FROM (
    SELECT facts.* REPLACE (known.ts AS ts)
    FROM {table} AS facts
    JOIN (SELECT batch_id, ts FROM beats
          WHERE ts >= $from - INTERVAL {look_back_ms} MILLISECOND AND ts < $to) AS known USING (batch_id)
    WHERE facts.ts >= $from - INTERVAL {look_back_ms} MILLISECOND - INTERVAL 1 HOUR AND facts.ts < $to + INTERVAL 1 HOUR
)
WHERE ({where})

-- name: histogram_quantiles
-- Grain: one row per label set and moment with observations in its window. Prometheus' histogram_quantile over the growth
-- of the buckets: linear inside a bucket, the first one begins at 0, beyond the last finite bound it is that bound;
-- counts that fall from one bucket to the next are levelled; without a bucket +Inf there is no quantile.
WITH buckets AS (
    SELECT "asked as", {named_labels}, CAST(labels['le'] AS DOUBLE) AS bound, sum(increase) AS growth
    FROM metric_samples JOIN (VALUES {histograms}) AS asked ("asked as", name) USING (name)
    WHERE ts >= $from - INTERVAL {look_back_ms} MILLISECOND AND ts < $to AND name IN ({names}) AND ({where})
    GROUP BY ALL
), windows AS (
    SELECT "asked as", ts{labels}, bound, sum(growth) OVER (
        PARTITION BY "asked as", bound{labels}
        ORDER BY ts RANGE BETWEEN INTERVAL {window_ms} MILLISECOND PRECEDING AND CURRENT ROW
    ) AS growth
    FROM buckets
), levelled AS (
    SELECT "asked as", ts{labels}, bound,
        max(coalesce(growth, 0)) OVER (PARTITION BY "asked as", ts{labels} ORDER BY bound) AS count
    FROM windows
    WHERE ts >= $from AND ts < $to
), ranked AS (
    SELECT *,
        {quantile} * max(count) OVER (PARTITION BY "asked as", ts{labels}) AS rank,
        max(bound) OVER (PARTITION BY "asked as", ts{labels}) AS last_bound,
        lag(bound) OVER (PARTITION BY "asked as", ts{labels} ORDER BY bound) AS lower,
        coalesce(lag(count) OVER (PARTITION BY "asked as", ts{labels} ORDER BY bound), 0) AS below
    FROM levelled
)
SELECT ts{labels}, {values}
FROM (
    SELECT "asked as", ts{labels}, CASE
            WHEN isinf(bound) THEN lower
            WHEN lower IS NULL AND bound <= 0 THEN bound
            ELSE coalesce(lower, 0) + (bound - coalesce(lower, 0)) * (rank - below) / (count - below)
        END AS quantile
    FROM ranked
    WHERE rank > 0 AND count >= rank AND isinf(last_bound)
    QUALIFY bound = min(bound) OVER (PARTITION BY "asked as", ts{labels}) AND NOT (isinf(bound) AND lower IS NULL)
)
GROUP BY ALL

-- name: events
-- Grain: one row per moment at which a page of metrics was read: how often something happened within the window, also
-- where no such counter stands on the page. A counter that was not on the page before and is now came to be with its
-- first event, so its whole value is growth; the page before must be at most ten minutes old for that.
WITH pages AS (
    SELECT source, ts, lag(ts) OVER (PARTITION BY source ORDER BY ts) AS before
    FROM (SELECT DISTINCT source, ts FROM metric_samples
          WHERE ts >= $from - INTERVAL {look_back_ms} MILLISECOND AND ts < $to)
), growth AS (
    SELECT ts, {events}
    FROM metric_samples JOIN pages USING (source, ts)
    WHERE ts >= $from - INTERVAL {look_back_ms} MILLISECOND AND ts < $to
        AND name IN ({names}) AND kind IN ('counter', 'histogram') AND ({where})
    GROUP BY ts
)
SELECT ts, {named_values}
FROM (
    SELECT ts, {values}
    FROM (SELECT DISTINCT ts FROM pages) LEFT JOIN growth USING (ts)
    {windows}
)
WHERE ts >= $from AND ts < $to
