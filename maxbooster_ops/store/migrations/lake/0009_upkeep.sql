-- Upkeep: the order of the rows within a file, once the upkeep writes it, and how large it makes files. In this order equal
-- values stand together, which a scraped sample needs to fit into 3 bytes, and a series is read without the others.
CALL ops.set_option('target_file_size', '4MB');

ALTER TABLE ops.queue_samples SET SORTED BY (prefix ASC, queue ASC, ts ASC);
ALTER TABLE ops.queue_jobs SET SORTED BY (prefix ASC, queue ASC, ts ASC);
ALTER TABLE ops.probe_results SET SORTED BY (monitor ASC, ts ASC);
ALTER TABLE ops.metric_samples SET SORTED BY (name ASC, labels ASC, ts ASC);
ALTER TABLE ops.ai_cache_samples SET SORTED BY (cache ASC, ts ASC);
ALTER TABLE ops.tracked_executions SET SORTED BY (job ASC, ts ASC);
ALTER TABLE ops.rollups SET SORTED BY (series ASC, labels ASC, ts ASC);
ALTER TABLE ops.regressions SET SORTED BY (series ASC, labels ASC, ts ASC);
ALTER TABLE ops.trends SET SORTED BY (series ASC, labels ASC, ts ASC);
ALTER TABLE ops.slo_windows SET SORTED BY (service ASC, objective ASC, ts ASC);
