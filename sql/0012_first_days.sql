-- The first partitions of history. Maintenance makes all later ones. Days are those of UTC.
DECLARE
  timezone_before text := current_setting('timezone');
BEGIN
  PERFORM set_config('timezone', 'UTC', true);
  PERFORM prune_completed(), prune_failed(), prune_dropped(), prune_runs(),
          prune_logs();
  PERFORM set_config('timezone', timezone_before, true);
END;
