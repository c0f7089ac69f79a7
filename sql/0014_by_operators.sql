-- How operators put jobs right: they queue finished jobs again, let waiting jobs start at once, end
-- jobs for good, and edit jobs. A leased job is left to its worker: no step here changes it.

-- Queues jobs that did not end well again, and lets jobs that wait for a later time start at once.
-- Answers for each of them in the order given:
--
-- - 'redriven': the job had ended, and is queued again. It has the same id, and so its old place
--   in its lane; no run of its earlier life counts.
-- - 'retried': the job waited for its time or its next try, or blocked its lane, and may start.
-- - 'queued', 'running': the job was ready, or behind its key; or it is leased.
-- - 'paused': a pause of its name keeps the job, until a resume.
-- - 'completed': there is nothing to do again.
-- - 'conflict': another job, the `holder`, has taken the unique key since, and nothing was changed.
--   The holder is NULL if it has ended by now.
-- - 'held': another transaction has locked the job, and nothing of it was changed. After the first
--   such job no other one is waited for.
-- - 'unknown': there is no such job, and no history of it.
CREATE FUNCTION retry(jobs bigint[]) RETURNS TABLE (id bigint, outcome text, holder bigint)
LANGUAGE plpgsql AS $$
BEGIN
  FOR id, outcome IN
    SELECT done.id, done.outcome
    FROM take_each(('retry', NULL, NULL, NULL)::step_by_hand, jobs) AS done
  LOOP
    -- A look of its own for each, which sees what the step has queued again.
    holder := CASE outcome WHEN 'conflict' THEN (
      SELECT own.id FROM (
        SELECT f.name, f.unique_key FROM finished_jobs AS f
        WHERE f.id = retry.id AND f.redriven_at IS NULL
        ORDER BY f.finished_at DESC LIMIT 1
      ) AS past CROSS JOIN LATERAL (
        SELECT j.id FROM jobs AS j
        WHERE j.name = past.name AND j.unique_key = past.unique_key
        OFFSET 0 -- idiom: fence
      ) AS own
    ) END;
    RETURN NEXT;
  END LOOP;
END $$;

-- Retries one job. Returns the answer.
CREATE FUNCTION retry(job bigint) RETURNS text LANGUAGE sql AS $$
  SELECT outcome FROM retry(ARRAY[job])
$$;

-- Queues at most `jobs_max` of the finished jobs behind `after_id` again, in the order of their
-- ids: those of a queue, of a name, with an outcome, that ended at a time or later, and whose error
-- contains a text. NULL stands for any; for the outcome it stands for 'failed' and 'crashed'.
-- `last_id` is the id to go on behind; NULL at the end. A call looks at some more than 10,000 jobs
-- at most. With `per_second`, the jobs may start one after the other, so many a second, from
-- `starts_at` on, which defaults to now; `next_at` is the time of the next one. They get the new
-- priority and the number of attempts, where one is given.
CREATE FUNCTION retry_failed(
  queue text, name text, outcome text, since timestamptz, error_like text,
  after_id bigint, jobs_max integer,
  per_second double precision DEFAULT NULL, starts_at timestamptz DEFAULT NULL,
  priority integer DEFAULT NULL, max_attempts integer DEFAULT NULL,
  OUT redriven integer, OUT conflicts integer, OUT held integer, OUT last_id bigint,
  OUT next_at timestamptz
) LANGUAGE plpgsql AS $$
DECLARE
  wanted text[] := CASE
    WHEN outcome IS NULL THEN ARRAY['failed', 'crashed'] ELSE ARRAY[outcome]
  END;
  fitting bigint[];
  looked_at integer;
  change edited_job;
BEGIN
  IF per_second <= 0 OR per_second >= 'infinity' THEN
    RAISE EXCEPTION 'per_second is %, and must be a number above 0', per_second
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  SELECT array_agg(job.id) FILTER (WHERE job.fits), max(job.id), count(*)
    INTO fitting, last_id, looked_at FROM (
      SELECT past.id, past.redriven_at IS NULL AND past.outcome = ANY (wanted)
             AND (retry_failed.queue IS NULL OR past.queue = retry_failed.queue)
             AND (retry_failed.name IS NULL OR past.name = retry_failed.name)
             AND (error_like IS NULL OR coalesce(strpos(past.error, error_like) > 0, false))
             AS fits
      FROM finished_jobs AS past
      WHERE past.outcome <> 'completed' AND past.id > after_id
        AND past.finished_at >= coalesce(since, '-infinity')
      -- A job may have several rows, which one call must see together.
      ORDER BY past.id FETCH FIRST 10000 ROWS WITH TIES
    ) AS job;
  IF looked_at < 10000 THEN last_id := NULL; END IF;
  IF cardinality(fitting) > jobs_max THEN
    fitting := fitting[:jobs_max];
    last_id := fitting[jobs_max];
  END IF;
  IF per_second IS NOT NULL THEN next_at := greatest(starts_at, clock_timestamp()); END IF;
  change.run_at := next_at;
  change.priority := priority;
  change.max_attempts := max_attempts;
  SELECT count(*) FILTER (WHERE done.outcome = 'redriven'),
         count(*) FILTER (WHERE done.outcome = 'conflict'),
         count(*) FILTER (WHERE done.outcome = 'held')
    INTO redriven, conflicts, held FROM redrive_all(fitting, change, per_second) AS done;
  next_at := next_at + make_interval(secs => redriven / per_second);
END $$;

-- Queues finished jobs again, all in one statement. If another transaction stands in the way of one
-- of them, each is a step of its own. Then no job is waited for any more: one was.
CREATE FUNCTION redrive_all(asked bigint[], change edited_job, per_second double precision)
RETURNS TABLE (id bigint, outcome text) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM require_read_committed();
  RETURN QUERY SELECT * FROM redrive(asked, true, change, per_second);
EXCEPTION
  WHEN SQLSTATE 'PGQ04' THEN
    RETURN QUERY SELECT * FROM redrive_each(asked, change, per_second, true);
  WHEN lock_not_available THEN
    RETURN QUERY SELECT * FROM redrive_each(asked, change, per_second, false);
END $$;

-- Queues finished jobs again one by one, in ascending order of their ids: two calls for the same
-- jobs wait for each other, never in a circle. A job that stays where it is takes no time of those
-- behind it.
CREATE FUNCTION redrive_each(
  asked bigint[], change edited_job, per_second double precision, waits boolean
) RETURNS TABLE (id bigint, outcome text) LANGUAGE plpgsql AS $$
BEGIN
  FOR id IN SELECT DISTINCT own.id FROM unnest(asked) AS own(id) ORDER BY 1 LOOP
    outcome := (
      SELECT done.outcome
      FROM take_one(('redrive', NULL, NULL, change)::step_by_hand, id, waits) AS done
    );
    IF outcome = 'redriven' THEN
      change.run_at := change.run_at + make_interval(secs => 1 / per_second);
    END IF;
    waits := waits AND outcome IS DISTINCT FROM 'held';
    -- Else the job is not in the history any more.
    IF outcome IS NOT NULL THEN RETURN NEXT; END IF;
  END LOOP;
END $$;

-- Ends jobs that wait, for good: they stand in the history as discarded. A lane that such a job
-- blocked goes on. Answers for each job in the order given: 'discarded', 'running', 'held' and
-- 'unknown' as above, or with `has_ended_before`, how the job had ended before.
CREATE FUNCTION discard(jobs bigint[])
RETURNS TABLE (id bigint, outcome text, has_ended_before boolean) LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY SELECT done.id, done.outcome, done.has_ended_before
    FROM take_each(('discard', NULL, NULL, NULL)::step_by_hand, jobs) AS done;
END $$;

-- Discards one job. Returns what became of it, or how it had ended before.
CREATE FUNCTION discard(job bigint) RETURNS text LANGUAGE sql AS $$
  SELECT outcome FROM discard(ARRAY[job])
$$;

-- Changes a job that is not leased. NULL leaves a value as it is; a `run_at` of '-infinity' is at
-- once, an `expires_at` of 'infinity' is never. The job keeps its queue, name and key, which are
-- its identity and order. Returns 'edited', 'running', 'held' or 'unknown', or how the job has
-- ended; or 'changed', if the job's payload is not `expected`.
CREATE FUNCTION edit(
  job bigint, priority integer DEFAULT NULL, run_at timestamptz DEFAULT NULL,
  payload jsonb DEFAULT NULL, max_attempts integer DEFAULT NULL, expected jsonb DEFAULT NULL,
  expires_at timestamptz DEFAULT NULL
) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  PERFORM require_read_committed();
  RETURN (
    SELECT done.outcome FROM take_one((
      'edit', NULL, NULL,
      (job, priority, run_at, payload, max_attempts, expected, expires_at)::edited_job
    )::step_by_hand, job, true) AS done
  );
END $$;

-- Takes a step for one job, or fails with PGQ04 if the job has come into a lease, out of it, or
-- into the history meanwhile.
CREATE FUNCTION try_to_change(
  step text, job bigint, waits boolean, change edited_job,
  OUT outcome text, OUT has_ended_before boolean
) LANGUAGE plpgsql AS $$
BEGIN
  has_ended_before := false;
  IF step IN ('retry', 'redrive') THEN
    outcome := (
      SELECT done.outcome FROM redrive(ARRAY[job], waits, change, NULL) AS done
    );
    IF step = 'redrive' OR outcome IS NOT NULL THEN RETURN; END IF;
  END IF;
  outcome := (
    SELECT held.answer FROM hold_job((SELECT queue FROM jobs WHERE id = job), job, waits) AS held
  );
  IF outcome IS NULL THEN
    outcome := CASE step
      WHEN 'retry' THEN start_now(job)
      WHEN 'discard' THEN discard_held(job)
      ELSE edit_held(job, change)
    END;
    RETURN;
  END IF;
  has_ended_before := outcome NOT IN ('running', 'unknown');
  IF step = 'retry' AND has_ended_before AND outcome <> 'completed' THEN
    RAISE EXCEPTION 'job % has ended meanwhile', job USING ERRCODE = 'PGQ04';
  END IF;
END $$;

-- Lets a job start whose row the caller has locked. The head of a lane stays the head.
CREATE FUNCTION start_now(job bigint) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  -- idiom: hidden column
  IF EXISTS (SELECT FROM jobs WHERE id = job AND state || '' IN ('ready', 'waiting')) THEN
    RETURN 'queued';
  END IF;
  -- Without that pause it may start, though no step has taken it back yet.
  IF EXISTS (
    SELECT FROM set_aside AS aside WHERE aside.job_id = job
      AND aside.name = ANY (paused_names(aside.queue))
  ) THEN
    RETURN 'paused';
  END IF;
  PERFORM run_by_hand('UPDATE %I.jobs SET run_at = NULL WHERE id = $1', job, job);
  RETURN 'retried';
END $$;

-- Ends a job whose row the caller has locked. The error of its last run stays.
CREATE FUNCTION discard_held(job bigint) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  PERFORM end_waiting(queue, id, 'discarded', NULL) FROM jobs WHERE id = job;
  RETURN 'discarded';
END $$;

-- Edits a job whose row the caller has locked.
CREATE FUNCTION edit_held(job bigint, change edited_job) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  IF change.expected <> (SELECT payload FROM jobs WHERE id = job) THEN RETURN 'changed'; END IF;
  PERFORM run_by_hand(
    'UPDATE %I.jobs SET '
    'priority = coalesce(($1).priority, priority), '
    'run_at = nullif(coalesce(($1).run_at, run_at), ''-infinity''), '
    'payload = coalesce(($1).payload, payload), '
    'max_attempts = coalesce(($1).max_attempts, max_attempts), '
    'expires_at = nullif(coalesce(($1).expires_at, expires_at), ''infinity'') WHERE id = ($1).id',
    change, job
  );
  RETURN 'edited';
END $$;

-- Finished jobs to queue again, in ascending order of their ids: when the first and the last of
-- them ended, their new values, and how many of them may start a second.
CREATE TYPE redriven_jobs AS (
  ids bigint[], first_at timestamptz, last_at timestamptz, change edited_job,
  per_second double precision
);

-- Queues finished jobs that did not complete again, with the ids and the unique keys that they had,
-- to start at a time or later; NULL is at once. They do not expire again. Answers 'redriven', or
-- 'conflict' if another job has the unique key, and says nothing of other jobs. The history keeps
-- the row of each of their lives. A settlement of an earlier life comes too late: its lease has
-- lost the job. So does a request to cancel it, which belongs to that lease.
CREATE FUNCTION redrive(
  asked bigint[], waits boolean, change edited_job, per_second double precision
) RETURNS TABLE (id bigint, outcome text) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  again redriven_jobs;
  taken bigint[];
  is_unique boolean;
BEGIN
  IF NOT waits THEN PERFORM set_config('lock_timeout', '1ms', true); END IF;
  SELECT array_agg(own.id ORDER BY own.id) FILTER (WHERE NOT own.is_taken),
         array_agg(own.id) FILTER (WHERE own.is_taken),
         min(own.finished_at), max(own.finished_at), bool_or(own.unique_key IS NOT NULL)
    INTO again.ids, taken, again.first_at, again.last_at, is_unique
    FROM (
      SELECT past.*, past.unique_key IS NOT NULL AND (
               row_number() OVER (PARTITION BY past.name, past.unique_key ORDER BY past.id) > 1
               OR EXISTS (
                 SELECT FROM jobs AS j
                 WHERE j.name = past.name AND j.unique_key = past.unique_key
                 OFFSET 0 -- idiom: fence
               )
             ) AS is_taken
      FROM (
        -- Of two redrives at once, one waits here, and finds the rows no more.
        SELECT f.id, f.name, f.unique_key, f.finished_at FROM finished_jobs AS f
        WHERE f.id = ANY (asked) AND f.outcome <> 'completed' AND f.redriven_at IS NULL
          AND NOT EXISTS (
            SELECT FROM jobs AS j WHERE j.id = f.id OFFSET 0 -- idiom: fence
          )
        ORDER BY f.id FOR UPDATE OF f
      ) AS past
    ) AS own;
  IF again.ids IS NOT NULL THEN
    again.change := change;
    again.per_second := per_second;
    IF insert_again(again, is_unique) < cardinality(again.ids) THEN
      PERFORM refuse_as_missing(again.ids);
    END IF;
  END IF;
  RETURN QUERY
    SELECT own.id, 'redriven' FROM unnest(again.ids) AS own(id)
    UNION ALL
    SELECT own.id, 'conflict' FROM unnest(taken) AS own(id);
END $$;

-- Says in the history that these jobs were queued again, and queues them. Returns their number. The
-- keys are taken in the order in which offers take theirs.
CREATE FUNCTION insert_again(again redriven_jobs, may_wait boolean) RETURNS integer
LANGUAGE plpgsql AS $$
BEGIN
  RETURN count_by_hand(
    'WITH past AS ('
    'UPDATE %1$I.finished_jobs SET redriven_at = clock_timestamp() WHERE id = ANY (($1).ids) '
    'AND outcome <> ''completed'' AND finished_at BETWEEN ($1).first_at AND ($1).last_at '
    'AND redriven_at IS NULL RETURNING *'
    ') INSERT INTO %1$I.jobs (id, created_at, run_at, priority, max_attempts, queue, name, '
    'serialization_key, payload, unique_key) OVERRIDING SYSTEM VALUE '
    'SELECT id, created_at, (($1).change).run_at + make_interval(secs => coalesce('
    '(width_bucket(id, ($1).ids) - 1) / ($1).per_second, 0)), '
    'coalesce((($1).change).priority, priority), '
    'coalesce((($1).change).max_attempts, max_attempts), '
    'queue, name, serialization_key, payload, unique_key '
    'FROM past ORDER BY name, unique_key, id '
    'ON CONFLICT (name, unique_key) WHERE unique_key IS NOT NULL DO NOTHING',
    again, may_wait
  );
END $$;

-- Fails as not all of these jobs have been queued again: with PGQ04 if another job has taken the
-- unique key of one of them meanwhile.
CREATE FUNCTION refuse_as_missing(ids bigint[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  missing bigint[] := ARRAY(
    SELECT own.id FROM unnest(ids) AS own(id)
    WHERE NOT EXISTS (
      SELECT FROM jobs AS j WHERE j.id = own.id OFFSET 0 -- idiom: fence
    ) ORDER BY 1
  );
BEGIN
  IF EXISTS (
    SELECT FROM finished_jobs AS past
    WHERE past.id = ANY (missing) AND past.outcome <> 'completed'
      AND is_taken(past.name, past.unique_key)
  ) THEN
    RAISE EXCEPTION 'the unique key of a job was taken' USING ERRCODE = 'PGQ04';
  END IF;
  PERFORM refuse_as_kept(missing[1]);
END $$;

-- Runs a statement on the row of a job as if its caller had written it: pgq's triggers for changes
-- by hand put the lane right and wake workers, and the user's triggers find the settings of their
-- session, as those of guests do. `given` is the parameter $1.
CREATE FUNCTION run_by_hand(statement text, given anycompatible, job bigint) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  IF count_by_hand(statement, given, false) = 0 THEN PERFORM refuse_as_kept(job); END IF;
END $$;

-- Runs such a statement, and returns the number of its rows. A statement that `may_wait` for
-- another transaction does so no longer than its step.
CREATE FUNCTION count_by_hand(statement text, given anycompatible, may_wait boolean)
RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  qualified text := format(statement, current_schema());
  lent json := lend();
  changed integer;
BEGIN
  IF may_wait THEN PERFORM set_config('lock_timeout', lent ->> 'lock_timeout', true); END IF;
  EXECUTE qualified USING given;
  GET DIAGNOSTICS changed = ROW_COUNT;
  PERFORM set_config(name, value, true) FROM json_each_text(lent) AS s(name, value);
  RETURN changed;
END $$;

-- Refuses a step whose statement has found the row of a job, and has not changed it.
CREATE FUNCTION refuse_as_kept(job bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'job % cannot be changed: a trigger keeps its row as it is', job
    USING ERRCODE = 'triggered_action_exception',
          HINT = 'A BEFORE trigger on jobs or finished_jobs must not return NULL.';
END $$;

-- Asks a worker to stop, by a stop mode. Its next renewal tells it, within a third of its lease. A
-- mode that is not stricter than the one that was asked for changes nothing. Answers 'asked',
-- 'already asked' or 'not found'. The worker cannot renew before the caller's transaction ends.
CREATE FUNCTION ask_to_stop(worker uuid, stop_mode text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  modes text[] := ARRAY['drain', 'finish', 'cancel'];
BEGIN
  IF array_position(modes, stop_mode) IS NULL THEN
    RAISE EXCEPTION 'a stop mode is drain, finish or cancel' USING ERRCODE = '22023';
  END IF;
  UPDATE workers SET asked = stop_mode
  WHERE id = worker
    AND coalesce(array_position(modes, asked), 0) < array_position(modes, stop_mode);
  RETURN CASE
    WHEN FOUND THEN 'asked'
    WHEN EXISTS (SELECT FROM workers WHERE id = worker) THEN 'already asked'
    ELSE 'not found'
  END;
END $$;
