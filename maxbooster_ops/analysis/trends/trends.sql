-- What keeping the trends asks of the lake.

-- name: is_kept
-- Grain: a row where the run that began at $from is there already. Bound: ts, so that only that half hour's file is read.
SELECT 1 FROM ops.trends WHERE ts >= $from AND ts < $from + INTERVAL 30 MINUTE AND batch_id = $batch_id LIMIT 1
