-- name: evaluations
-- Grain: one row per beat: the moments at which rules are judged. Late batches are none: they only bring samples.
SELECT epoch_us(ts) AS ts FROM beats WHERE kind = 'beat' AND ts >= $from AND ts < $to ORDER BY ts

-- name: samples
-- Grain: one row per sample of one rule, sorted as the reader takes them apart. NaN is no sample.
SELECT epoch_us(ts) AS ts, CAST(value AS DOUBLE) AS value, * EXCLUDE (ts, value)
FROM ({query})
WHERE value IS NOT NULL AND NOT isnan(CAST(value AS DOUBLE))
ORDER BY ts
