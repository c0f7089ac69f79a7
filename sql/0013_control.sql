-- How people and applications end jobs before their time. A job that waits ends at once. A leased
-- job is asked to stop: by a row of cancel_requests, which its worker, a settlement and a rescue
-- look at.

-- Cancels jobs, and answers for each of them in the order given:
--
-- - 'cancelled': the job waited, and has ended.
-- - 'stopping': the job is leased to the worker `worker_id`. It never starts again. It ends as
--   cancelled, unless its run completes or fails for good before.
-- - with `has_ended_before`, how the job had ended before.
-- - 'held': another transaction has locked the job, and nothing of it was changed. After the first
--   such job no other one is waited for.
-- - 'unknown': there is no such job, and no history of it.
CREATE FUNCTION cancel(jobs bigint[], reason text DEFAULT NULL)
RETURNS TABLE (id bigint, outcome text, has_ended_before boolean, worker_id uuid)
LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY SELECT * FROM take_each(
    ('cancel', reason, ARRAY['waiting', 'running'], NULL)::step_by_hand, jobs
  );
END $$;

-- Cancels one job. Returns what became of it, or how it had ended before.
CREATE FUNCTION cancel(job bigint, reason text DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
  SELECT outcome FROM cancel(ARRAY[job], reason)
$$;

-- Cancels at most `jobs_max` of the jobs behind `after_id`, in the order of their ids: those of a
-- queue, of a name, of a key, and in one of the states 'waiting' (in no lease) and 'running' (in a
-- lease). NULL stands for any. `last_id` is the id to go on behind; NULL at the end. A call looks
-- at 10,000 jobs at most.
CREATE FUNCTION cancel_some(
  queue text, name text, key text, states text[], after_id bigint, jobs_max integer, reason text,
  OUT cancelled integer, OUT stopping integer, OUT held integer, OUT last_id bigint
) LANGUAGE plpgsql AS $$
DECLARE
  wanted text[] := coalesce(states, ARRAY['waiting', 'running']);
  -- NULL where it does not matter which jobs are leased.
  leased bigint[] := CASE WHEN states IS NOT NULL THEN ARRAY(
    SELECT unnest(job_ids) FROM leases
  ) END;
  fitting bigint[];
  looked_at integer;
BEGIN
  SELECT array_agg(job.id) FILTER (WHERE job.fits), max(job.id), count(*)
    INTO fitting, last_id, looked_at FROM (
      SELECT j.id, (cancel_some.queue IS NULL OR j.queue = cancel_some.queue)
             AND (cancel_some.name IS NULL OR j.name = cancel_some.name)
             AND (key IS NULL OR j.serialization_key IS NOT DISTINCT FROM key)
             AND CASE WHEN j.id NOT IN (SELECT unnest(leased)) THEN 'waiting' ELSE 'running' END
                 = ANY (wanted) AS fits
      FROM jobs AS j WHERE j.id > after_id ORDER BY j.id LIMIT 10000
    ) AS job;
  IF looked_at < 10000 THEN last_id := NULL; END IF;
  IF cardinality(fitting) > jobs_max THEN
    fitting := fitting[:jobs_max];
    last_id := fitting[jobs_max];
  END IF;
  SELECT count(*) FILTER (WHERE answer.outcome = 'cancelled' AND NOT answer.has_ended_before),
         count(*) FILTER (WHERE answer.outcome = 'stopping'),
         count(*) FILTER (WHERE answer.outcome = 'held')
    INTO cancelled, stopping, held
    FROM take_each(('cancel', reason, wanted, NULL)::step_by_hand, fitting) AS answer;
END $$;

-- How a job has ended: its outcome, 'unfinished' if it has not, or 'unknown' if there is neither a
-- job nor a history of it. A row of a job that was queued again does not say how the job has ended.
CREATE FUNCTION ended_as(job bigint) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN EXISTS (SELECT FROM jobs WHERE id = job) THEN 'unfinished' ELSE coalesce((
    SELECT outcome FROM finished_jobs WHERE id = job AND redriven_at IS NULL
    ORDER BY finished_at DESC LIMIT 1
  ), 'unknown') END
$$;

-- Says of each of these jobs how it has ended, in one look: a job that ends meanwhile is seen as
-- unfinished or as ended, never as unknown. Of unfinished jobs it names only the `fresh` ones, with
-- their queue and their key. A completed job without a result has `has_result` false.
CREATE FUNCTION ends_of(asked bigint[], fresh bigint[])
RETURNS TABLE (
  id bigint, name text, outcome text, has_result boolean, value jsonb, error text, failure jsonb,
  queue text, key text
) LANGUAGE sql STABLE AS $$
  SELECT a.id, coalesce(j.name, r.name, past.name),
         CASE
           WHEN j.name IS NOT NULL THEN 'unfinished'
           WHEN r.name IS NOT NULL THEN 'completed'
           ELSE coalesce(past.outcome, 'unknown')
         END,
         r.name IS NOT NULL, r.value, coalesce(r.error, past.error), past.failure,
         j.queue, j.serialization_key
  FROM (
    SELECT old.id, false AS is_fresh FROM unnest(asked) AS old(id)
    UNION ALL
    SELECT new.id, true FROM unnest(fresh) AS new(id)
  ) AS a
  LEFT JOIN LATERAL (
    SELECT jobs.name, jobs.queue, serialization_key FROM jobs
    WHERE jobs.id = a.id OFFSET 0 -- idiom: fence
  ) AS j ON true
  LEFT JOIN LATERAL (
    SELECT results.* FROM results
    WHERE j.name IS NULL AND results.job_id = a.id OFFSET 0 -- idiom: fence
  ) AS r ON true
  LEFT JOIN LATERAL (
    SELECT f.name, f.outcome, f.error, f.failure FROM finished_jobs AS f
    WHERE j.name IS NULL AND r.name IS NULL AND f.id = a.id AND f.redriven_at IS NULL
    ORDER BY f.finished_at DESC LIMIT 1
  ) AS past ON true
  WHERE a.is_fresh OR j.name IS NULL
$$;

-- Has the ends of these jobs told by NOTIFY, for five minutes. An end before this commits is told
-- to nobody: a process that waits has to look at the jobs afterwards.
CREATE FUNCTION await_ends(jobs bigint[]) RETURNS void LANGUAGE sql AS $$
  INSERT INTO awaited (job_id, until)
  SELECT DISTINCT job.id, clock_timestamp() + interval '5 minutes' FROM unnest(jobs) AS job(id)
  -- Two calls for the same jobs never wait for each other in a circle.
  ORDER BY job.id
  ON CONFLICT (job_id) DO UPDATE SET until = EXCLUDED.until
$$;

-- Deletes some rows of those who wait no more, or died.
CREATE FUNCTION forget_awaited() RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  dropped integer;
BEGIN
  DELETE FROM awaited WHERE ctid = ANY (ARRAY( -- idiom: by place
    SELECT ctid FROM awaited WHERE until < clock_timestamp() LIMIT 5000
  ));
  GET DIAGNOSTICS dropped = ROW_COUNT;
  RETURN dropped;
END $$;

-- The new values of a job. NULL leaves a value as it is.
CREATE TYPE edited_job AS (
  id bigint, priority integer, run_at timestamptz, payload jsonb, max_attempts integer,
  expected jsonb, expires_at timestamptz
);

-- A step for jobs by hand: 'cancel', 'retry', 'redrive', 'discard' or 'edit'. The reason and the
-- `states`, 'waiting' and 'running', are those of a cancel; the new values are those of an edit.
CREATE TYPE step_by_hand AS (name text, reason text, states text[], change edited_job);

-- Takes a step for each of these jobs, and answers in the order given. The outcome is NULL for a
-- job that the step passes by: in none of the states that a cancel is for, or for a redrive, not in
-- the history. After the first job that is held no other one is waited for.
CREATE FUNCTION take_each(step step_by_hand, ids bigint[])
RETURNS TABLE (id bigint, outcome text, has_ended_before boolean, worker_id uuid)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  size integer := coalesce(cardinality(ids), 0);
  outcomes text[] := array_fill(NULL::text, ARRAY[size]);
  ended boolean[] := array_fill(NULL::boolean, ARRAY[size]);
  workers uuid[] := array_fill(NULL::uuid, ARRAY[size]);
  job record;
  answer record;
  waits boolean := true;
  before bigint;
  -- The answers for the jobs that are queued again, all at once. Of a job that is named twice, the
  -- first answer.
  again jsonb;
BEGIN
  PERFORM require_read_committed();
  IF step.name = 'retry' THEN
    SELECT jsonb_object_agg(done.id, done.outcome),
           count(*) FILTER (WHERE done.outcome = 'held') = 0
      INTO again, waits FROM redrive_all(ids, NULL, NULL) AS done;
  END IF;
  -- Two calls for the same jobs wait for each other in the order of their ids, never in a circle.
  FOR job IN
    SELECT asked.id, asked.place FROM unnest(ids) WITH ORDINALITY AS asked(id, place) ORDER BY 1, 2
  LOOP
    outcomes[job.place] := CASE WHEN job.id IS DISTINCT FROM before THEN again ->> job.id::text END;
    before := job.id;
    IF outcomes[job.place] IS NOT NULL THEN
      ended[job.place] := false;
      CONTINUE;
    END IF;
    answer := take_one(step, job.id, waits);
    outcomes[job.place] := answer.outcome;
    ended[job.place] := answer.has_ended_before;
    workers[job.place] := answer.worker_id;
    waits := waits AND answer.outcome IS DISTINCT FROM 'held';
  END LOOP;
  RETURN QUERY SELECT * FROM unnest(ids, outcomes, ended, workers);
END $$;

-- Takes a step for one job, if need be in several rounds: the job may come into a lease, or out of
-- it, while the step looks. Where the step waits for no lock, the subtransaction of a round gives
-- back the locks that it has taken.
CREATE FUNCTION take_one(
  step step_by_hand, job bigint, waits boolean,
  OUT outcome text, OUT has_ended_before boolean, OUT worker_id uuid
) LANGUAGE plpgsql AS $$
BEGIN
  FOR round IN 1..100 LOOP
    BEGIN
      IF step.name = 'cancel' THEN
        SELECT * INTO outcome, has_ended_before, worker_id
          FROM try_to_cancel(job, step.reason, step.states, waits);
      ELSE
        SELECT * INTO outcome, has_ended_before
          FROM try_to_change(step.name, job, waits, step.change);
      END IF;
      RETURN;
    EXCEPTION
      WHEN SQLSTATE 'PGQ04' THEN CONTINUE;
      WHEN lock_not_available THEN EXIT;
    END;
  END LOOP;
  outcome := 'held';
  has_ended_before := false;
END $$;

-- Cancels one job, or fails with PGQ04 if the job has come into a lease, or out of it, meanwhile.
CREATE FUNCTION try_to_cancel(
  job bigint, why text, states text[], waits boolean,
  OUT outcome text, OUT has_ended_before boolean, OUT worker_id uuid
) LANGUAGE plpgsql AS $$
DECLARE
  q text := (SELECT queue FROM jobs WHERE id = job);
  lease uuid := lease_of(q, job);
BEGIN
  has_ended_before := false;
  IF lease IS NULL THEN
    IF NOT 'waiting' = ANY (states) THEN RETURN; END IF;
    SELECT held.q, held.answer INTO q, outcome FROM hold_job(q, job, waits) AS held;
    IF outcome IS NULL THEN
      outcome := 'cancelled';
      PERFORM end_waiting(q, job, outcome, coalesce(why, outcome));
    ELSE
      has_ended_before := outcome NOT IN ('running', 'unknown');
    END IF;
  ELSIF NOT 'running' = ANY (states) THEN
    RETURN;
  ELSE
    outcome := 'stopping';
    worker_id := request_cancel(lease, job, why, waits);
  END IF;
  IF outcome = 'running' OR (outcome = 'stopping' AND worker_id IS NULL) THEN
    RAISE EXCEPTION 'job % has come into a lease, or out of it', job USING ERRCODE = 'PGQ04';
  END IF;
END $$;

-- Locks the row of a job of a queue that is in no lease; the answer is NULL then. Else answers
-- 'running' of a leased job, how the job has ended, or 'unknown'. Fails with PGQ04 if the job has
-- come into a lease, or out of it, meanwhile.
CREATE FUNCTION hold_job(INOUT q text, job bigint, waits boolean, OUT answer text)
LANGUAGE plpgsql AS $$
BEGIN
  IF q IS NULL THEN
    answer := ended_as(job);
    IF answer <> 'unfinished' THEN RETURN; END IF;
  ELSIF lease_of(q, job) IS NOT NULL THEN
    answer := 'running';
    RETURN;
  ELSE
    IF waits THEN
      SELECT queue INTO q FROM jobs WHERE id = job FOR UPDATE;
    ELSE
      SELECT queue INTO q FROM jobs WHERE id = job FOR UPDATE NOWAIT;
    END IF;
    -- A fresh look at the leases: a claim that had locked the row before has committed by now.
    IF FOUND AND lease_of(q, job) IS NULL THEN RETURN; END IF;
  END IF;
  RAISE EXCEPTION 'job % has come into a lease, or out of it', job USING ERRCODE = 'PGQ04';
END $$;

-- Returns the lease that contains a job.
CREATE FUNCTION lease_of(q text, job bigint) RETURNS uuid LANGUAGE sql AS $$
  SELECT id FROM leases
  WHERE queue = q AND first_id <= job AND last_id >= job AND job = ANY (job_ids) LIMIT 1
$$;

-- Asks a worker to stop a job of one of its leases. Returns the worker; NULL if the job is no
-- longer in the lease. A settlement and a rescue lock the lease first, as this does. So they see
-- the request, or have ended before this looks at the lease again.
CREATE FUNCTION request_cancel(asked uuid, job bigint, why text, waits boolean) RETURNS uuid
LANGUAGE plpgsql AS $$
DECLARE
  worker uuid;
BEGIN
  IF waits THEN
    PERFORM FROM leases WHERE id = asked FOR UPDATE;
  ELSE
    PERFORM FROM leases WHERE id = asked FOR UPDATE NOWAIT;
  END IF;
  worker := (SELECT worker_id FROM leases WHERE id = asked AND job = ANY (job_ids));
  IF worker IS NOT NULL THEN
    INSERT INTO cancel_requests (lease_id, job_id, worker_id, reason)
    VALUES (asked, job, worker, why) ON CONFLICT DO NOTHING;
    PERFORM notify_wake('cancel:' || worker);
  END IF;
  RETURN worker;
END $$;

-- Ends a job that is in no lease, whose row the caller has locked. A lane that loses its head gets
-- another one. A job behind the head leaves no gap.
CREATE FUNCTION end_waiting(q text, job bigint, how text, why text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  mark text;
BEGIN
  PERFORM FROM jobs
  -- idiom: hidden column
  WHERE id = job AND state || '' IN ('ready', 'retry') AND serialization_key IS NOT NULL;
  IF FOUND THEN
    PERFORM mark_lanes(q, ARRAY[job]);
    PERFORM wake(q);
  END IF;
  mark := begin_step();
  PERFORM move_to_history(
    ARRAY[(NULL, NULL, how, ARRAY[job], NULL)::ended_jobs], jsonb_build_object(job, why)
  );
  PERFORM end_step(mark);
  DELETE FROM set_aside WHERE job_id = job;
END $$;
