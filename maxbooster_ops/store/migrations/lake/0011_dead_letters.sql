-- Dead letters over time: how many there were of each state, for plots and alert rules. The letters themselves are in the state.

CREATE TABLE ops.dead_letter_samples (
    batch_id VARCHAR,
    ts TIMESTAMPTZ,
    prefix VARCHAR,
    queue VARCHAR,
    pending BIGINT,
    retrying BIGINT,
    parked BIGINT,
    recovered BIGINT,
    discarded BIGINT,
    oldest_open_seconds DOUBLE,
    stuck BIGINT
);
ALTER TABLE ops.dead_letter_samples SET PARTITIONED BY (year(ts), month(ts), day(ts));
COMMENT ON TABLE ops.dead_letter_samples IS 'Dead letters of one queue at one moment, for every queue that has or had some or has stuck jobs.';
COMMENT ON COLUMN ops.dead_letter_samples.batch_id IS 'The write that brought this row; a batch is stored at most once.';
COMMENT ON COLUMN ops.dead_letter_samples.ts IS 'When they were counted.';
COMMENT ON COLUMN ops.dead_letter_samples.prefix IS 'BullMQ key prefix.';
COMMENT ON COLUMN ops.dead_letter_samples.queue IS 'Queue name.';
COMMENT ON COLUMN ops.dead_letter_samples.pending IS 'letters that wait for their next try.';
COMMENT ON COLUMN ops.dead_letter_samples.retrying IS 'letters whose job was brought back and has not finished.';
COMMENT ON COLUMN ops.dead_letter_samples.parked IS 'letters that wait for a person.';
COMMENT ON COLUMN ops.dead_letter_samples.recovered IS 'letters whose job was completed, of the last 30 days.';
COMMENT ON COLUMN ops.dead_letter_samples.discarded IS 'letters that a person or a removal ended, of the last 30 days.';
COMMENT ON COLUMN ops.dead_letter_samples.oldest_open_seconds IS 's since the oldest open letter failed; NULL where none is open.';
COMMENT ON COLUMN ops.dead_letter_samples.stuck IS 'jobs that have been active for longer than their bound, or without a lock.';
