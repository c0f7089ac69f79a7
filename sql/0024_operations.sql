-- Steps for many jobs at once: an operation is planned, looked at, run, and undone. The plan names
-- the jobs, so that none is met that came later. The jobs are changed by the steps for single jobs,
-- some hundreds in a transaction. Each call takes the items that have no result yet, so any process
-- can go on where another one has died, and several can at once.
--
-- A worker keeps what it has: no step here waits for a lease, or changes a job in one. The rows of
-- jobs are locked first, those that another transaction has locked are skipped, and the leases are
-- looked at afterwards. A claim skips locked rows, so what is free then stays free to the end.

CREATE TABLE operations (
  -- The client's choice: to plan twice under one id is to plan once.
  id       uuid PRIMARY KEY,
  at       timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- The name of the planner, as the application knows it.
  actor    text NOT NULL,
  action   text NOT NULL CHECK (action IN ('retry', 'cancel', 'discard', 'edit')),
  -- The new values of an edit, as in `edited_job`.
  change   jsonb,
  reason   text,
  -- The search that has found its jobs; NULL if the planner has named them.
  query    text,
  state    text NOT NULL DEFAULT 'planned'
           CHECK (state IN ('planned', 'running', 'stopped', 'done', 'undoing', 'undone')),
  ended_at timestamptz,
  planned  integer NOT NULL,
  -- Whether rows are kept that an undo needs: together they may be too large.
  keeps    boolean NOT NULL
);
CREATE INDEX operations_at ON operations (at);

-- One row per job of an operation.
CREATE TABLE operation_items (
  operation_id uuid NOT NULL REFERENCES operations ON DELETE CASCADE,
  job_id       bigint NOT NULL,
  -- NULL if there was no such job, or it had completed.
  queue        text,
  name         text,
  -- The state or outcome of the job when the operation was planned; 'gone' as above.
  was          text NOT NULL,
  -- Whether the action fits such a job, and whether it can be undone.
  fits         boolean NOT NULL,
  can_undo     boolean NOT NULL,
  -- The answer of the step; NULL until then.
  result       text,
  -- The worker that had the job.
  worker_id    uuid,
  -- Why a step was refused.
  error        text,
  -- The row of the job as it was, where an undo needs it.
  before       jsonb,
  -- The fingerprint of the row as the operation has left it.
  after        text,
  -- When the life of the job ended that the history tells of.
  finished_at  timestamptz,
  -- The answer of the undo; NULL until then.
  undone       text,
  PRIMARY KEY (operation_id, job_id)
);

-- Plans an action for these jobs: 'retry', 'cancel', 'discard', or 'edit' with new values. Each
-- value is text as in `edited_job`, and a payload is for one job only. An id that is known changes
-- nothing. A plan is for 10,000 jobs at most.
CREATE FUNCTION plan_operation(
  operation uuid, action text, jobs bigint[], change jsonb, reason text, actor text,
  query text DEFAULT NULL
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  ids bigint[] := ARRAY(SELECT DISTINCT id FROM unnest(jobs) AS id);
BEGIN
  IF cardinality(ids) > 10000 OR change ? 'payload' AND cardinality(ids) > 1 THEN
    RAISE EXCEPTION '% jobs are too many for one operation', cardinality(ids)
      USING ERRCODE = 'program_limit_exceeded';
  END IF;
  INSERT INTO operations (id, actor, action, change, reason, query, planned, keeps)
  VALUES (
    operation, actor, action, change, reason, query, cardinality(ids),
    action NOT IN ('cancel', 'discard') OR (
      SELECT coalesce(sum(pg_column_size(j.payload) + 500), 0) <= 64 * 1024 * 1024
      FROM jobs AS j WHERE j.id = ANY (ids)
    ) AND (SELECT keep_dropped > interval '0' FROM settings WHERE singleton)
  ) ON CONFLICT (id) DO NOTHING;
  IF NOT FOUND THEN RETURN; END IF;
  INSERT INTO operation_items (operation_id, job_id, queue, name, was, fits, can_undo)
  SELECT o.id, own.id, own.queue, own.name, own.was, fit.fits,
         fit.fits AND o.keeps AND (
           CASE WHEN o.action IN ('cancel', 'discard')
             THEN NOT own.is_keyed OR own.was NOT IN ('retry', 'blocked')
             ELSE own.was <> 'paused' OR NOT coalesce(o.change ? 'run_at', true)
           END
         )
  FROM operations AS o, jobs_to_plan(ids) AS own
  CROSS JOIN LATERAL (
    SELECT CASE
      WHEN own.was IN ('running', 'gone') THEN false
      WHEN o.action = 'retry' THEN own.was NOT IN ('ready', 'waiting')
      ELSE own.is_open
    END AS fits
  ) AS fit
  WHERE o.id = operation;
END $$;

-- The jobs of a plan as they are: their states as in `job_states`, or the outcomes of those that
-- ended and can be queued again. To look for completed jobs would take too long.
CREATE FUNCTION jobs_to_plan(ids bigint[]) RETURNS TABLE (
  id bigint, queue text, name text, was text, is_open boolean, is_keyed boolean
) LANGUAGE sql STABLE AS $$
  SELECT own.id, coalesce(j.queue, past.queue), coalesce(j.name, past.name),
         CASE
           WHEN j.id IS NULL THEN coalesce(past.outcome, 'gone')
           WHEN j.worker_id IS NOT NULL THEN 'running'
           ELSE j.state
         END,
         j.id IS NOT NULL, j.serialization_key IS NOT NULL
  FROM unnest(ids) AS own(id)
  LEFT JOIN job_states AS j ON j.id = own.id
  LEFT JOIN LATERAL (
    SELECT f.queue, f.name, f.outcome FROM finished_jobs AS f
    WHERE j.id IS NULL AND f.id = own.id AND f.outcome <> 'completed' AND f.redriven_at IS NULL
    ORDER BY f.finished_at DESC LIMIT 1
  ) AS past ON true
$$;

-- Lets an operation run, stop or be undone, if it is in a state for that, and returns its state;
-- 'expired' of a plan that is older than ten minutes, and NULL if there is no such operation. It
-- waits for the chunk under way: none is changed after an undo has begun.
CREATE FUNCTION steer_operation(operation uuid, wish text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  oldest timestamptz := clock_timestamp() - interval '10 minutes';
BEGIN
  PERFORM require_read_committed();
  UPDATE operations SET
    state = CASE wish WHEN 'run' THEN 'running' WHEN 'stop' THEN 'stopped' ELSE 'undoing' END,
    ended_at = CASE WHEN wish = 'stop' THEN clock_timestamp() END
  WHERE id = operation AND CASE wish
    WHEN 'run' THEN state = 'stopped' OR state = 'planned' AND at > oldest
    WHEN 'stop' THEN state = 'running'
    WHEN 'undo' THEN state IN ('running', 'stopped', 'done')
  END;
  RETURN (
    SELECT CASE WHEN state = 'planned' AND at <= oldest THEN 'expired' ELSE state END
    FROM operations WHERE id = operation
  );
END $$;

-- Takes the step of a running operation for at most `jobs_max` jobs that have had none. Returns
-- their number; none are left, or others are at them, when it is 0.
CREATE FUNCTION run_operation(operation uuid, jobs_max integer) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
  op operations;
  ids bigint[];
BEGIN
  PERFORM require_read_committed();
  ids := ARRAY(
    SELECT job_id FROM operation_items WHERE operation_id = operation AND result IS NULL
    ORDER BY job_id LIMIT jobs_max FOR UPDATE SKIP LOCKED
  );
  IF ids = '{}' THEN
    UPDATE operations SET state = 'done', ended_at = clock_timestamp()
    WHERE id = operation AND state = 'running' AND NOT EXISTS (
      SELECT FROM operation_items WHERE operation_id = operation AND result IS NULL
    );
    RETURN 0;
  END IF;
  SELECT * INTO op FROM operations WHERE id = operation AND state = 'running' FOR SHARE;
  IF NOT FOUND THEN RETURN 0; END IF;
  -- If a trigger of the user's refuses one of the jobs, each of them is a step of its own.
  BEGIN
    PERFORM act_on(op, ids);
  EXCEPTION
    WHEN OTHERS THEN PERFORM act_on_each(op, ids);
  END;
  RETURN cardinality(ids);
END $$;

-- Takes the step of an operation for each of these jobs in a subtransaction. Once another
-- transaction was waited for, the others are left to a later call, so that the locks of these are
-- given back.
CREATE FUNCTION act_on_each(op operations, ids bigint[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  job bigint;
BEGIN
  FOREACH job IN ARRAY ids LOOP
    BEGIN
      PERFORM act_on(op, ARRAY[job]);
    EXCEPTION
      WHEN lock_not_available THEN
        UPDATE operation_items SET result = 'held' WHERE operation_id = op.id AND job_id = job;
      WHEN OTHERS THEN
        UPDATE operation_items SET result = 'refused', error = SQLERRM
        WHERE operation_id = op.id AND job_id = job;
    END;
    EXIT WHEN EXISTS (
      SELECT FROM operation_items
      WHERE operation_id = op.id AND job_id = job AND result = 'held'
    );
  END LOOP;
END $$;

-- Takes the step of an operation for these jobs, and writes what became of each of them, and what
-- an undo will need.
CREATE FUNCTION act_on(op operations, ids bigint[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  free bigint[];
BEGIN
  UPDATE operation_items AS item SET result = held.answer, worker_id = held.worker_id
  FROM hold_jobs(ids) AS held
  WHERE item.operation_id = op.id AND item.job_id = held.id AND held.answer IS NOT NULL;
  free := ARRAY(
    SELECT job_id FROM operation_items
    WHERE operation_id = op.id AND job_id = ANY (ids) AND result IS NULL
  );
  IF op.action = 'retry' THEN
    -- Completed jobs are not among them, so none of them is looked for in the history of these.
    free := free || ARRAY(
      SELECT DISTINCT f.id FROM operation_items AS item
      JOIN finished_jobs AS f ON f.id = item.job_id
      WHERE item.operation_id = op.id AND item.job_id = ANY (ids) AND item.result = 'gone'
        AND f.outcome <> 'completed' AND f.redriven_at IS NULL
    );
  END IF;
  IF free = '{}' THEN RETURN; END IF;
  UPDATE operation_items SET before = image_of(op, job_id)
  WHERE operation_id = op.id AND job_id = ANY (free);
  UPDATE operation_items AS item SET result = done.outcome
  FROM take_action(op, free) AS done
  WHERE item.operation_id = op.id AND item.job_id = done.id;
  UPDATE operation_items SET
    before = CASE WHEN result IN ('retried', 'cancelled', 'discarded', 'edited') THEN before END,
    after = CASE WHEN result IN ('redriven', 'retried', 'edited') THEN fingerprint(job_id) END,
    finished_at = CASE
      WHEN result IN ('redriven', 'cancelled', 'discarded') THEN last_end(job_id, result)
    END
  WHERE operation_id = op.id AND job_id = ANY (free);
END $$;

-- Locks those of these jobs that no worker and no other transaction has: their answer is NULL.
-- Else it is 'running' with the worker, 'held', or 'gone' of a job that is not in `jobs`.
CREATE FUNCTION hold_jobs(ids bigint[])
RETURNS TABLE (id bigint, answer text, worker_id uuid) LANGUAGE plpgsql AS $$
DECLARE
  leased bigint[] := ARRAY(SELECT unnest(job_ids) FROM leases);
  locked bigint[];
BEGIN
  locked := ARRAY(
    SELECT j.id FROM jobs AS j
    WHERE j.id = ANY (ids) AND j.id NOT IN (SELECT unnest(leased)) FOR UPDATE SKIP LOCKED
  );
  -- A fresh look: a job may have come into a lease before its row was locked.
  RETURN QUERY
    SELECT own.id,
           CASE
             WHEN l.worker_id IS NOT NULL THEN 'running'
             WHEN own.id = ANY (locked) THEN NULL
             WHEN EXISTS (
               SELECT FROM jobs AS j WHERE j.id = own.id OFFSET 0 -- idiom: fence
             ) THEN 'held'
             ELSE 'gone'
           END,
           l.worker_id
    FROM unnest(ids) AS own(id)
    LEFT JOIN LATERAL (
      SELECT leases.worker_id FROM leases
      WHERE first_id <= own.id AND last_id >= own.id AND own.id = ANY (job_ids) LIMIT 1
    ) AS l ON true;
END $$;

-- Takes a step for jobs whose rows are locked, or that have ended, as it is taken for single ones.
CREATE FUNCTION take_action(op operations, ids bigint[])
RETURNS TABLE (id bigint, outcome text) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  change edited_job := jsonb_populate_record(NULL::edited_job, op.change);
BEGIN
  CASE op.action
    WHEN 'retry' THEN
      RETURN QUERY SELECT done.id, done.outcome FROM retry(ids) AS done;
    WHEN 'cancel' THEN
      RETURN QUERY SELECT done.id, coalesce(done.outcome, 'running') FROM take_each(
        ('cancel', op.reason, ARRAY['waiting'], NULL)::step_by_hand, ids
      ) AS done;
    WHEN 'discard' THEN
      RETURN QUERY SELECT done.id, done.outcome FROM discard(ids) AS done;
    ELSE
      FOREACH id IN ARRAY ids LOOP
        change.id := id;
        -- The payload null is a value, and no record holds it.
        change.payload := op.change -> 'payload';
        outcome := (
          SELECT done.outcome
          FROM take_one(('edit', NULL, NULL, change)::step_by_hand, id, false) AS done
        );
        RETURN NEXT;
      END LOOP;
  END CASE;
END $$;

-- The values of a job that its undo needs; NULL if there can be no undo. A job that was set aside
-- has lost its time before.
CREATE FUNCTION image_of(op operations, job bigint) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT CASE
    WHEN op.action IN ('cancel', 'discard') AND NOT op.keeps THEN NULL
    WHEN op.action IN ('cancel', 'discard') THEN
      -- A lane does not wait with a job that has gone.
      CASE WHEN aside.is_aside OR j.state <> 'retry' OR j.serialization_key IS NULL THEN
        to_jsonb(j) || CASE WHEN aside.is_aside THEN '{"run_at": null, "state": "ready"}'::jsonb
                       ELSE '{}' END
      END
    WHEN aside.is_aside AND coalesce(op.change ? 'run_at', true) THEN NULL
    ELSE jsonb_build_object(
      'state', j.state, 'priority', j.priority, 'run_at', j.run_at,
      'max_attempts', j.max_attempts, 'expires_at', j.expires_at
    ) || CASE WHEN op.change ? 'payload' THEN jsonb_build_object('payload', j.payload)
         ELSE '{}' END
  END
  FROM jobs AS j
  CROSS JOIN LATERAL (
    SELECT EXISTS (SELECT FROM set_aside WHERE job_id = job) AS is_aside
  ) AS aside
  WHERE j.id = job
$$;

-- Stands for all values of a row that a person or a run changes. The state and the place follow
-- from these, and from the lane.
CREATE FUNCTION fingerprint(job bigint) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT md5((to_jsonb(j) - 'state' - 'place')::text) FROM jobs AS j WHERE j.id = job
$$;

-- When the life of a job ended that the step at hand has ended, or taken back.
CREATE FUNCTION last_end(job bigint, step text) RETURNS timestamptz LANGUAGE sql STABLE AS $$
  SELECT f.finished_at FROM finished_jobs AS f
  WHERE f.id = job AND f.outcome <> 'completed'
    AND CASE step WHEN 'redriven' THEN f.redriven_at IS NOT NULL
        ELSE f.outcome = step AND f.redriven_at IS NULL END
  ORDER BY f.finished_at DESC LIMIT 1
$$;

-- Undoes at most `jobs_max` of the steps of an operation that is being undone. Returns their
-- number; none are left, or others are at them, when it is 0. The answers are:
--
-- - 'undone': the job is as it was before.
-- - 'running', 'held': a worker has the job, or another transaction.
-- - 'changed', 'gone': the job was changed since, or has ended, or its history is gone.
-- - 'conflict': another job has taken the unique key since.
-- - 'final': what the step did cannot be undone.
-- - 'refused': a trigger of the user's refuses it.
CREATE FUNCTION undo_operation(operation uuid, jobs_max integer) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
  ids bigint[];
  held record;
  item operation_items;
BEGIN
  PERFORM require_read_committed();
  ids := ARRAY(
    SELECT job_id FROM operation_items
    WHERE operation_id = operation AND undone IS NULL
      AND result IN ('redriven', 'retried', 'cancelled', 'discarded', 'edited')
    ORDER BY job_id LIMIT jobs_max FOR UPDATE SKIP LOCKED
  );
  IF ids = '{}' THEN
    UPDATE operations SET state = 'undone', ended_at = clock_timestamp()
    WHERE id = operation AND state = 'undoing' AND NOT EXISTS (
      SELECT FROM operation_items
      WHERE operation_id = operation AND undone IS NULL
        AND result IN ('redriven', 'retried', 'cancelled', 'discarded', 'edited')
    );
    RETURN 0;
  END IF;
  PERFORM FROM operations WHERE id = operation AND state = 'undoing' FOR SHARE;
  IF NOT FOUND THEN RETURN 0; END IF;
  FOR held IN SELECT * FROM hold_jobs(ids) LOOP
    SELECT * INTO item FROM operation_items
    WHERE operation_id = operation AND job_id = held.id;
    item := try_to_undo(item, held.answer);
    UPDATE operation_items
    SET undone = item.undone, error = item.error,
        worker_id = coalesce(held.worker_id, operation_items.worker_id)
    WHERE operation_id = operation AND job_id = held.id;
  END LOOP;
  RETURN cardinality(ids);
END $$;

-- Undoes the step of an item, or says why not. `answer` is that of hold_jobs.
CREATE FUNCTION try_to_undo(INOUT item operation_items, answer text) LANGUAGE plpgsql AS $$
BEGIN
  item.undone := CASE
    WHEN item.result IN ('cancelled', 'discarded') THEN
      CASE WHEN answer IS DISTINCT FROM 'gone' THEN 'changed'
           WHEN item.before IS NULL THEN 'final'
           WHEN item.finished_at IS NULL THEN 'gone' END
    WHEN answer IS NOT NULL THEN answer
    WHEN fingerprint(item.job_id) <> item.after THEN 'changed'
    WHEN item.result = 'redriven' AND item.finished_at IS NULL THEN 'gone'
    WHEN item.result <> 'redriven' AND item.before IS NULL THEN 'final'
  END;
  IF item.undone IS NOT NULL THEN RETURN; END IF;
  BEGIN
    item.undone := CASE item.result
      WHEN 'redriven' THEN undo_redrive(item)
      WHEN 'retried' THEN undo_change(item)
      WHEN 'edited' THEN undo_change(item)
      ELSE undo_end(item)
    END;
  EXCEPTION
    WHEN SQLSTATE 'PGQ04' THEN item.undone := 'conflict';
    WHEN lock_not_available THEN
      item.undone := 'held';
      -- No other one is waited for: whoever waits for this step waits for no second.
      PERFORM set_config('lock_timeout', '1ms', true);
    WHEN OTHERS THEN
      item.undone := 'refused';
      item.error := SQLERRM;
  END;
END $$;

-- Takes a job that was queued again out of `jobs`, and says in the history that it was not. Its
-- deletion is one by hand of a job that no worker has: where it was the head of its lane, the lane
-- is marked.
CREATE FUNCTION undo_redrive(item operation_items) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  RETURN CASE count_by_hand(
    'WITH past AS ('
    'UPDATE %1$I.finished_jobs SET redriven_at = NULL '
    'WHERE id = ($1).job_id AND outcome <> ''completed'' AND finished_at = ($1).finished_at '
    'AND redriven_at IS NOT NULL RETURNING id'
    ') DELETE FROM %1$I.jobs WHERE id = ($1).job_id AND EXISTS (SELECT FROM past)',
    item, true
  ) WHEN 0 THEN 'gone' ELSE 'undone' END;
END $$;

-- Gives a job the values back that it had, as by hand. A job that its lane waited for was its head
-- and still is, and waits again: it is set aside in the same way. If another job has gone before it
-- meanwhile, the lane has gone on.
CREATE FUNCTION undo_change(item operation_items) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  now_ jobs;
  mark text;
BEGIN
  SELECT * INTO now_ FROM jobs WHERE id = item.job_id;
  IF item.before ->> 'state' = 'retry' AND now_.state NOT IN ('ready', 'retry') THEN
    RETURN 'changed';
  END IF;
  PERFORM run_by_hand(
    'UPDATE %1$I.jobs AS j SET '
    'priority = (($1).before ->> ''priority'')::integer, '
    'max_attempts = (($1).before ->> ''max_attempts'')::integer, '
    'expires_at = (($1).before ->> ''expires_at'')::timestamptz, '
    'payload = coalesce(($1).before -> ''payload'', j.payload), '
    'run_at = CASE WHEN ($1).before ->> ''state'' = ''retry'' AND j.state = ''ready'' '
    'THEN j.run_at ELSE (($1).before ->> ''run_at'')::timestamptz END '
    'WHERE id = ($1).job_id',
    item, item.job_id
  );
  IF item.before ->> 'state' = 'retry' AND now_.state = 'ready' THEN
    mark := begin_step();
    UPDATE jobs SET state = 'retry', run_at = (item.before ->> 'run_at')::timestamptz
    WHERE id = item.job_id;
    IF NOT FOUND THEN PERFORM refuse_as_kept(item.job_id); END IF;
    PERFORM end_step(mark);
    PERFORM notify_wake('due');
  END IF;
  RETURN 'undone';
END $$;

-- Adds a job again that was cancelled or discarded, with its id and all of its values, and says so
-- in the history as a redrive does. It comes in as each new job does: behind its key if it has one,
-- with a marker, and the claim that finds the marker makes the first job of the lane its head. The
-- first is the one that would have been first without the operation. No lease has had the job
-- since, so no settlement can mean it.
CREATE FUNCTION undo_end(item operation_items) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  job jobs;
  mark text;
BEGIN
  IF is_taken(item.name, item.before ->> 'unique_key') THEN RETURN 'conflict'; END IF;
  PERFORM FROM finished_jobs
  WHERE id = item.job_id AND outcome = item.result AND finished_at = item.finished_at
    AND redriven_at IS NULL FOR UPDATE NOWAIT;
  IF NOT FOUND THEN RETURN 'changed'; END IF;
  IF count_by_hand(
    'UPDATE %1$I.finished_jobs SET redriven_at = clock_timestamp() '
    'WHERE id = ($1).job_id AND outcome = ($1).result AND finished_at = ($1).finished_at',
    item, true
  ) = 0 THEN
    PERFORM refuse_as_kept(item.job_id);
  END IF;
  -- The payload null is a value, and no record holds it.
  job.payload := item.before -> 'payload';
  job := jsonb_populate_record(job, item.before - 'payload');
  IF count_by_hand(
    'INSERT INTO %1$I.jobs OVERRIDING SYSTEM VALUE SELECT ($1).* '
    'ON CONFLICT (name, unique_key) WHERE unique_key IS NOT NULL DO NOTHING',
    job, true
  ) = 0 THEN
    RAISE EXCEPTION 'the unique key of a job was taken' USING ERRCODE = 'PGQ04';
  END IF;
  IF job.state = 'retry' THEN
    -- It has no key, so no lane waits for it.
    mark := begin_step();
    UPDATE jobs SET state = 'retry' WHERE id = item.job_id AND run_at > clock_timestamp();
    PERFORM end_step(mark);
  END IF;
  RETURN 'undone';
END $$;

-- Deletes operations that are older than a day, and those beyond the last 1,000: first their items,
-- of some at a time.
CREATE FUNCTION forget_operations() RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  since timestamptz := greatest(clock_timestamp() - interval '24 hours', (
    SELECT at FROM operations ORDER BY at DESC OFFSET 999 FETCH FIRST ROW ONLY
  ));
  dropped integer;
BEGIN
  DELETE FROM operation_items WHERE ctid = ANY (ARRAY( -- idiom: by place
    SELECT item.ctid FROM operations AS o JOIN operation_items AS item ON item.operation_id = o.id
    WHERE o.at < since LIMIT 5000
  ));
  GET DIAGNOSTICS dropped = ROW_COUNT;
  IF dropped < 5000 THEN
    DELETE FROM operations WHERE at < since;
  END IF;
  RETURN dropped;
END $$;
