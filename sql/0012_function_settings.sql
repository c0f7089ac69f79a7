-- Settings of every function: names mean pgq's own, rights are the caller's, and where a plan could
-- flip, the planner has no say. Each hot statement has one usable index; these settings keep it
-- there whatever the statistics are: missing, stale or fresh.
DECLARE
  f regprocedure;
  step text;
  -- Only functions with settings of their own call these, in each claim, settlement or INSERT: a
  -- setting that is made and taken back costs as much as a look into an index.
  inner_functions text[] := ARRAY[
    'pick', 'pick_suspects', 'rest_of_lanes', 'take_markers', 'lanes_passed_by', 'order_lanes',
    'order_each', 'demote_heads', 'choose_heads', 'make_heads', 'take_completed', 'take_others',
    'finish', 'put_back', 'pass_on', 'hold', 'refuse_kept', 'wake', 'wake_all'
  ];
BEGIN
  FOR f IN
    SELECT oid::regprocedure FROM pg_proc
    WHERE pronamespace = current_schema()::regnamespace AND proname <> ALL (inner_functions)
  LOOP
    -- A function that looks nothing up would only pay for it, and users' triggers would see it.
    CONTINUE WHEN f::text ~ '(set_\w+_state|begin_step|end_step|enqueue|add_job)\('
      OR f::text ~ '(lend_settings|take_settings|require_read_committed|lane_stripe)\(';
    EXECUTE format('ALTER FUNCTION %s SET search_path FROM CURRENT', f);
  END LOOP;
  -- A role that adds jobs needs no rights to what their triggers look up and write, and one that
  -- works on them owns no history. These functions change no job, and take nothing from the caller
  -- to evaluate.
  FOR f IN
    SELECT oid::regprocedure FROM pg_proc
    WHERE pronamespace = current_schema()::regnamespace AND proconfig::text LIKE '%search_path=%'
      AND (prorettype = 'trigger'::regtype OR proname LIKE 'prune\_%')
  LOOP
    EXECUTE format('ALTER FUNCTION %s SECURITY DEFINER', f);
  END LOOP;
  -- A function that lends rights could be hung on a table of the caller's. Roles are given theirs
  -- by name.
  EXECUTE format('REVOKE ALL ON ALL FUNCTIONS IN SCHEMA %I FROM PUBLIC', current_schema());
  -- Before PostgreSQL 18 a node that is off but has no alternative counts as very dear, for which
  -- JIT would compile each of these for longer than it runs.
  FOREACH step IN ARRAY ARRAY[
    'claim(text[], uuid, integer, integer, integer, boolean, bigint[], boolean)',
    'settle(uuid[], integer[], bigint[], jsonb)', 'promote(integer, boolean)', 'note_late()',
    'rescue(integer)', 'leave(uuid, boolean)', 'reconcile(uuid, uuid[])',
    'row_locked(uuid[], bigint[])',
    'heal_lanes(text, text, integer)'
  ] LOOP
    EXECUTE format(
      'ALTER FUNCTION %s SET enable_seqscan = off SET enable_bitmapscan = off '
      'SET enable_sort = off SET enable_hashjoin = off SET enable_mergejoin = off '
      'SET plan_cache_mode = force_generic_plan '
      -- A step keeps its own locks while it waits for another, which somebody may hold for long: a
      -- row, or the user's advisory lock. The worker asks again then.
      'SET jit = off SET lock_timeout = ''5s''', step
    );
  END LOOP;
  -- People wait for the rows that it holds: it gives up long before the server would end one of
  -- their statements for a deadlock.
  ALTER FUNCTION settle(uuid[], integer[], bigint[], jsonb) SET lock_timeout = '100ms';
  ALTER FUNCTION give_back_some(uuid[], boolean, integer) SET lock_timeout = '100ms';
  -- Everybody waits behind these, for as long as a reader of history takes: not as long as a
  -- settlement would.
  ALTER FUNCTION prune_completed() SET lock_timeout = '50ms' SET timezone = 'UTC';
  ALTER FUNCTION prune_failed() SET lock_timeout = '50ms' SET timezone = 'UTC';
  PERFORM prune_completed(), prune_failed();
END;
