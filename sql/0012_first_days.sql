-- The first partitions of history: that of today, and then those of the next days. Maintenance
-- makes all later ones. Days are those of UTC.
DECLARE
  timezone_before text := current_setting('timezone');
BEGIN
  PERFORM set_config('timezone', 'UTC', true);
  PERFORM prune_completed(), prune_failed(), prune_dropped(), prune_runs(), prune_logs()
  FROM generate_series(1, 2);
  PERFORM set_config('timezone', timezone_before, true);
END;
