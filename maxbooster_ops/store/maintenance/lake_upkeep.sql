-- Questions and orders of the lake's upkeep. `__ducklake_metadata_ops` is DuckLake's own catalog.

-- name: tables
-- Grain: one row per table of the lake that has rows or had some.
SELECT DISTINCT table_name AS name
FROM __ducklake_metadata_ops.ducklake_table JOIN __ducklake_metadata_ops.ducklake_table_stats USING (table_id)
WHERE record_count > 0 AND end_snapshot IS NULL
ORDER BY name

-- name: files
-- Grain: one row. Files of a table that hold its rows now, and their bytes.
SELECT count(*) AS files, coalesce(sum(file_size_bytes), 0)::BIGINT AS bytes
FROM __ducklake_metadata_ops.ducklake_data_file AS file
JOIN __ducklake_metadata_ops.ducklake_table AS named USING (table_id)
WHERE named.table_name = $table AND named.end_snapshot IS NULL AND file.end_snapshot IS NULL

-- name: expired_days
-- Grain: one row per day that has rows before $before. Bound: everything before $before, none of which should be left
-- from the day before.
SELECT DISTINCT date_trunc('day', ts) AS day FROM ops.{table} WHERE ts < $before ORDER BY day

-- name: expired_rows
-- Grain: one row. Bound: as above.
SELECT count(*) AS rows FROM ops.{table} WHERE ts < $before

-- name: drop_day
-- One day of a table, whole: DuckLake ends its files instead of rewriting them.
DELETE FROM ops.{table} WHERE ts >= $day AND ts < $next_day

-- name: inlined
-- Grain: one row per table of the catalog that may hold rows of $table, one per version of its columns.
SELECT held.table_name AS name
FROM __ducklake_metadata_ops.ducklake_inlined_data_tables AS held
JOIN __ducklake_metadata_ops.ducklake_table AS named USING (table_id)
WHERE named.table_name = $table AND named.end_snapshot IS NULL

-- name: has_rows
-- Grain: one row where there is any.
SELECT 1 AS found FROM __ducklake_metadata_ops.{inlined} LIMIT 1

-- name: threads
-- Grain: one row. How many threads DuckDB has.
SELECT current_setting('threads') AS threads

-- name: set_threads
SET threads = {threads}

-- name: flush
-- Rows that DuckLake keeps in its catalog go into a file. Without a table it would flush all at once, which is not safe.
CALL ducklake_flush_inlined_data('ops', table_name => $table)

-- name: merge
-- Adjacent files of one partition become one, in the table's order; one file per call.
CALL ducklake_merge_adjacent_files('ops', $table, max_compacted_files => 1, max_file_size => $largest)

-- name: snapshots
-- Grain: one row per snapshot older than $before, oldest first. Unit: moment of its commit.
SELECT snapshot_time AS moment FROM ducklake_snapshots('ops') WHERE snapshot_time < $before ORDER BY snapshot_id

-- name: expire
-- Snapshots before $before are forgotten, except the newest of all. Nobody asks for an older one by number or time.
CALL ducklake_expire_snapshots('ops', older_than => $before)

-- name: unneeded_files
-- Grain: one row per file that no snapshot has any more, since before $before. Unit: moment since when.
SELECT schedule_start::TIMESTAMPTZ AS moment FROM __ducklake_metadata_ops.ducklake_files_scheduled_for_deletion
WHERE schedule_start::TIMESTAMPTZ < $before ORDER BY moment

-- name: clean
-- Those files are removed from the disk.
CALL ducklake_cleanup_old_files('ops', older_than => $before)

-- name: found_orphans
-- Grain: one row per file that no catalog knows, last written before $before.
FROM ducklake_delete_orphaned_files('ops', dry_run => true, older_than => $before)

-- name: orphans
-- Files that no catalog knows, last written before $before: somebody died, or was refused, before the commit.
CALL ducklake_delete_orphaned_files('ops', older_than => $before)
