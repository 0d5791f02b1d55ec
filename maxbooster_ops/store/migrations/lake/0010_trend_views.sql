-- Views for people over the trends.
CREATE VIEW ops.latest_trends AS
SELECT * FROM ops.trends
WHERE ts = (SELECT max(ts) FROM ops.trends WHERE ts > now() - INTERVAL 1 DAY) AND ts > now() - INTERVAL 1 DAY
ORDER BY verdict, abs(change_percent_per_day) DESC, metric;
COMMENT ON VIEW ops.latest_trends IS 'Where every series is going, as found last within a day.';
