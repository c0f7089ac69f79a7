-- The settings and rights of each function: the one place that lists them.
--
-- CREATE OR REPLACE FUNCTION drops all settings of a function. Therefore this file has no number:
-- each `migrate` applies it after the last migration, and `pgq schema` prints it at the end.
--
-- The file is a query. It answers with a row for each function of the schema: the settings that the
-- function must have, whether it must run with the rights of its owner, and whether all that is so.
-- `migrate` alters the functions that differ, and no other one. `pgq check` names them.
--
-- A release that changes this file adds a migration, too. An older pgq finds a migration that it
-- does not know, and leaves all settings as they are.
WITH groups (functions, settings) AS (VALUES
  -- Hot steps. Each of their statements has one usable index; without a choice, the planner stays
  -- with that index whatever the statistics are: missing, stale or fresh. Before PostgreSQL 18 a
  -- node that is off but has no alternative counts as very dear, and JIT would compile for longer
  -- than the step runs.
  (ARRAY['claim', 'jobs_below', 'settle', 'promote', 'note_late', 'rescue', 'leave', 'reconcile',
         'row_locked', 'heal_lanes', 'unpause', 'cancel', 'cancel_some', 'retry', 'retry_failed',
         'retry_as_new', 'discard', 'edit', 'expire', 'offer_many', 'offer_apart', 'why',
         'why_queue', 'report', 'complete_at_commit', 'settled', 'await_ends', 'figures_due',
          'sample', 'run_operation', 'undo_operation', 'queues_seen', 'health_of'],
   ARRAY['enable_seqscan=off', 'enable_bitmapscan=off', 'enable_sort=off', 'enable_hashjoin=off',
         'enable_mergejoin=off', 'plan_cache_mode=force_generic_plan', 'jit=off']),
  -- A step keeps its locks while it waits for another one, which may stay locked for long: a row of
  -- an open transaction, the user's advisory lock. The step gives up, and its caller asks again.
  (ARRAY['claim', 'promote', 'note_late', 'rescue', 'leave', 'reconcile', 'row_locked',
         'heal_lanes', 'unpause', 'pause', 'resume', 'set_objective',
         'ask_to_stop', 'expire', 'offer_many', 'complete_at_commit', 'settled'],
   ARRAY['lock_timeout=5s']),
  -- Open transactions wait for rows that these steps lock. PostgreSQL ends a statement for a
  -- deadlock after one second (deadlock_timeout); these steps give up long before that.
  (ARRAY['settle'], ARRAY['lock_timeout=100ms']),
  -- A report that is late is of little use, and a later one takes its place.
  (ARRAY['report'], ARRAY['lock_timeout=100ms']),
  (ARRAY['give_back_some'], ARRAY['lock_timeout=100ms']),
  -- Its jobs are of many callers, and an offer waits for each transaction that has its key.
  (ARRAY['offer_apart'], ARRAY['lock_timeout=100ms']),
  (ARRAY['cancel', 'cancel_some', 'retry', 'retry_failed', 'retry_as_new', 'discard', 'edit',
         'steer_operation', 'run_operation', 'undo_operation'],
   ARRAY['lock_timeout=500ms']),
  -- A fingerprint does not depend on the session that takes it.
  (ARRAY['fingerprint'], ARRAY['TimeZone=UTC']),
  -- The history of completed jobs has an index that only a bitmap scan can use. No caller's
  -- settings may lead to a walk through the history.
  (ARRAY['ended_as', 'ends_of', 'why_ended', 'job_log', 'states_of', 'job_like', 'plan_operation',
         'jobs_to_plan'],
   ARRAY['enable_bitmapscan=on', 'enable_seqscan=off', 'enable_sort=on']),
  -- All settlements wait behind a prune for as long as a reader of history takes. So a prune waits
  -- for a shorter time than a settlement does. Days are those of UTC.
  (ARRAY['prune_completed', 'prune_failed', 'prune_dropped', 'prune_runs', 'prune_logs'],
   ARRAY['lock_timeout=50ms', 'TimeZone=UTC']),
  -- Their transition tables are as large as a statement of the user's, and a plan outlives the
  -- statement for which it was made: a plan that hashes is good for any number of rows.
  (ARRAY['mark_changed', 'mark_deleted', 'clear_leases'],
   ARRAY['enable_nestloop=off', 'enable_mergejoin=off'])
), unpinned (functions) AS (VALUES
  -- Functions that look up no name. A search path would only cost time, and triggers of users would
  -- see it.
  (ARRAY['set_first_state', 'set_next_state', 'begin_step', 'end_step', 'enqueue', 'add_job',
         'lend_settings', 'lend', 'take_settings', 'require_read_committed', 'lane_stripe']),
  -- Inner functions, which are called only by functions with settings of their own, in each claim,
  -- settlement or INSERT. To set a setting and to take it back costs as much as a look into an
  -- index.
  (ARRAY['lock_queues', 'take_by_turns', 'take_jobs', 'pick', 'pick_above', 'add_suspects',
         'pick_suspects', 'rest_of_lanes', 'take_markers', 'lanes_passed_by', 'order_lanes',
         'order_each', 'demote_heads', 'choose_heads', 'make_heads', 'lock_to_settle',
         'take_completed', 'take_others', 'heed_requests', 'record_runs', 'keep_results',
         'move_to_history', 'put_back', 'pass_heads_on', 'lock_jobs', 'refuse_if_kept', 'wake',
         'wake_all', 'open_queues', 'paused_names', 'set_paused_aside', 'check_pause',
         'report_failures', 'report_blocked', 'failure_of', 'tell_awaited'])
)
SELECT p.oid::regprocedure AS function, p.proname::text AS name, wanted.settings,
       wanted.is_definer,
       wanted.settings = ARRAY(SELECT unnest(p.proconfig) COLLATE "C" ORDER BY 1)
         AND wanted.is_definer = p.prosecdef
         -- A function that lends rights could be hung on a table of the caller's. Roles are given
         -- their functions by name.
         AND NOT EXISTS (
           SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner)))
           WHERE grantee = 0
         ) AS is_set
FROM pg_proc AS p
CROSS JOIN LATERAL (
  SELECT NOT EXISTS (SELECT FROM unpinned WHERE p.proname = ANY (functions)) AS is_pinned
) AS own
CROSS JOIN LATERAL (
  SELECT ARRAY(
           SELECT 'search_path=' || quote_ident(current_schema()) || ', pg_temp' COLLATE "C"
           WHERE is_pinned
           UNION ALL
           SELECT unnest(groups.settings) FROM groups WHERE p.proname = ANY (groups.functions)
           ORDER BY 1
         ) AS settings,
         -- A producer needs no rights to the tables that the triggers look up and write, a worker
         -- owns no history, an operator locks a lease but changes none, and who offers jobs needs
         -- ids. These functions change no job, and evaluate nothing that the caller chose.
         -- A commit that completes a job fires triggers of users, so no right is lent to it.
         is_pinned AND proname <> 'complete_at_commit'
           AND (prorettype = 'trigger'::regtype OR proname LIKE 'prune\_%'
                OR proname IN ('request_cancel', 'draw_ids')) AS is_definer
) AS wanted
WHERE p.pronamespace = current_schema()::regnamespace
