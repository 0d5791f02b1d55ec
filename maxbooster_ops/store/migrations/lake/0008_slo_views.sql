-- Views for people over the objectives.
CREATE VIEW ops.latest_slo AS
SELECT * FROM ops.slo_windows WHERE ts > now() - INTERVAL 1 HOUR
QUALIFY row_number() OVER (PARTITION BY service, objective ORDER BY ts DESC) = 1
ORDER BY service, objective;
COMMENT ON VIEW ops.latest_slo IS 'Every objective as it was over the newest five minutes that were computed within the last hour.';
