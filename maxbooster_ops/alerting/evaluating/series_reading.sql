-- name: evaluations
-- Grain: one row per beat: the moments at which rules are judged. Late batches are none: they only bring samples.
SELECT epoch_us(ts) AS ts FROM beats WHERE kind = 'beat' AND ts >= $from AND ts < $to ORDER BY ts

-- name: samples
-- Grain: one row per moment and label set, in the order of time. What is NULL or NaN is no sample.
SELECT epoch_us(ts) AS ts, {numbers}, * EXCLUDE (ts, {columns})
FROM ({query})
ORDER BY ts
