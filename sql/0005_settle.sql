-- How jobs leave a lease: finished, to be tried again, or as they were.

-- How a run ended that did not complete. `outcome` is 'failed' or 'cancelled', both for good, or
-- 'blocked', 'retried', 'snoozed', 'unhandled' or 'released'; `delay` is in seconds; `holds` says
-- whether a retried or snoozed job keeps its lane's head. `ran_ms` is how long the run took;
-- `failure` is the error with its fields.
CREATE TYPE ending AS (
  lease uuid, id bigint, outcome text, delay double precision, error text, holds boolean,
  ran_ms integer, failure jsonb
);

-- The jobs of one lease that have ended for good with one outcome, in ascending order of their ids,
-- and how long each of them ran. `ran_ms` is NULL if nobody knows.
CREATE TYPE ended_jobs AS (
  lease uuid, claimed_at timestamptz, outcome text, ids bigint[], ran_ms integer[]
);

-- Tells those who await these jobs to look, unless the settings forbid NOTIFY. It takes no lock: a
-- NOTIFY serialises commits, so there is none where nobody waits. The message is a hint: some ids,
-- or '*' for all. A message that nobody hears is made up for by the next look.
CREATE FUNCTION tell_awaited(ended bigint[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  ids bigint[] := ARRAY(SELECT job_id FROM awaited WHERE job_id = ANY (ended) LIMIT 301);
BEGIN
  IF cardinality(ids) > 0 AND (SELECT notify FROM settings) THEN
    PERFORM pg_notify(
      current_schema() || ':ended',
      -- A message has less than 8000 bytes.
      CASE WHEN cardinality(ids) > 300 THEN '*' ELSE array_to_string(ids, ',') END
    );
  END IF;
END $$;

-- Moves finished jobs, all of one outcome, into history, or deletes them where history is not kept.
-- `why` maps the id of a job to its error, `fields` to its error with its fields.
CREATE FUNCTION move_to_history(ended ended_jobs[], why jsonb, fields jsonb DEFAULT NULL)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  outcome_ text := ended[1].outcome;
  -- Computed here and not once a row.
  has_error boolean := outcome_ <> 'completed';
  last_run integer := CASE
    WHEN outcome_ IN ('crashed', 'cancelled', 'expired', 'discarded') THEN 0 ELSE 1
  END;
  is_kept boolean;
  ids bigint[];
  gone integer;
BEGIN
  ids := CASE cardinality(ended) WHEN 1 THEN ended[1].ids
         ELSE ARRAY(SELECT unnest(e.ids) FROM unnest(ended) AS e) END;
  IF current_setting('pgq.guests', true) = ' on' THEN PERFORM lock_jobs(ids); END IF;
  SELECT CASE
           WHEN outcome_ = 'completed' THEN keep_completed
           WHEN outcome_ IN ('failed', 'crashed') THEN keep_failed
           ELSE keep_dropped
         END > interval '0'
    INTO is_kept FROM settings WHERE singleton;
  IF outcome_ IN ('failed', 'crashed', 'expired') THEN
    PERFORM report_failures(ids, outcome_, why, last_run);
  END IF;
  -- Of completed jobs, those with results are told of where their results are kept.
  IF has_error THEN PERFORM tell_awaited(ids); END IF;
  IF is_kept THEN
    -- An INSERT and a DELETE are faster than an INSERT of the rows that a DELETE returns.
    INSERT INTO finished_jobs (
      id, created_at, claimed_at, finished_at, priority, attempt, ran_ms, outcome, queue, name,
      serialization_key, payload, error, failure, lease_id, max_attempts, unique_key
    )
    SELECT j.id, j.created_at, e.claimed_at, clock_timestamp(), j.priority,
           j.failures + last_run,
           -- The place of the id among the ids, by binary search.
           e.ran_ms[width_bucket(j.id, e.ids)],
           outcome_, j.queue, j.name, j.serialization_key, j.payload,
           CASE WHEN has_error THEN coalesce(why ->> j.id::text, j.error) END,
           CASE WHEN has_error THEN fields -> j.id::text END,
           e.lease, j.max_attempts, j.unique_key
    FROM unnest(ended) AS e CROSS JOIN jobs AS j WHERE j.id = ANY (e.ids);
  END IF;
  DELETE FROM jobs WHERE id = ANY (ids);
  GET DIAGNOSTICS gone = ROW_COUNT;
  IF gone < cardinality(ids) THEN PERFORM refuse_if_kept(ids, 'DELETE'); END IF;
END $$;

-- Locks job rows before a statement that fires a user's triggers. That statement runs with the
-- settings of the user's session, under which it could wait for a row without end.
CREATE FUNCTION lock_jobs(ids bigint[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM jobs WHERE id = ANY (ids) FOR UPDATE;
END $$;

-- Refuses a step if one of these jobs is still there: a user's trigger has kept its row as it is.
-- Without the refusal the job would be recorded as ended, and run again.
CREATE FUNCTION refuse_if_kept(ids bigint[], statement text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  kept bigint := (SELECT id FROM jobs WHERE id = ANY (ids) ORDER BY id LIMIT 1);
BEGIN
  IF kept IS NOT NULL THEN
    RAISE EXCEPTION
      'the end of job % cannot be recorded: a trigger on jobs keeps its row as it is', kept
      USING ERRCODE = 'triggered_action_exception',
            HINT = format('A BEFORE %s trigger on jobs must not return NULL.', statement);
  END IF;
END $$;

-- Takes completed jobs out of their leases. Returns those that stood in their lease.
CREATE FUNCTION take_completed(
  done_leases uuid[], done_counts integer[], done_ids bigint[], done_ms integer[]
)
RETURNS ended_jobs[] LANGUAGE plpgsql AS $$
DECLARE
  l leases;
  before integer := 0;
  ids bigint[];
  ms integer[];
  rest bigint[];
  taken ended_jobs[] := '{}';
BEGIN
  FOR n IN 1..cardinality(done_leases) LOOP
    ids := done_ids[before + 1:before + done_counts[n]];
    ms := done_ms[before + 1:before + done_counts[n]];
    before := before + done_counts[n];
    SELECT * INTO l FROM leases WHERE id = done_leases[n];
    CONTINUE WHEN NOT FOUND;
    -- Two equal lists in the same order are the cheap case: a whole lease that is done.
    rest := CASE WHEN ids = l.job_ids THEN '{}'
            ELSE ARRAY(SELECT unnest(l.job_ids) EXCEPT SELECT unnest(ids)) END;
    IF cardinality(ids) + cardinality(rest) > cardinality(l.job_ids) THEN
      SELECT array_agg(own.id), array_agg(own.ms) INTO ids, ms FROM (
        SELECT done.id, max(done.ms) AS ms FROM unnest(ids, ms) AS done(id, ms)
        -- idiom: hashed set
        WHERE NOT done.id NOT IN (SELECT unnest(l.job_ids))
        GROUP BY done.id ORDER BY done.id
      ) AS own;
    END IF;
    CONTINUE WHEN ids IS NULL OR ids = '{}';
    IF cardinality(rest) = 0 THEN
      DELETE FROM leases WHERE id = l.id;
    ELSE
      UPDATE leases SET job_ids = rest WHERE id = l.id;
    END IF;
    taken := taken || ROW(l.id, l.claimed_at, 'completed', ids, ms)::ended_jobs;
  END LOOP;
  RETURN taken;
END $$;

-- Takes jobs that ended otherwise out of their leases. A job that its worker hands back takes the
-- following jobs of its lane out of the lease, too. `mine` are those of `others` that stood in
-- their lease. `finished` are the jobs that end for good, `why` and `fields` map their ids to
-- their errors, and `undone` are the runs whose jobs go back.
CREATE FUNCTION take_others(
  others ending[], is_keyed boolean,
  OUT mine ending[], OUT finished ended_jobs[], OUT undone ending[], OUT why jsonb,
  OUT fields jsonb
) LANGUAGE plpgsql AS $$
DECLARE
  their uuid[] := ARRAY(SELECT DISTINCT o.lease FROM unnest(others) AS o);
  ends ending[];
  gone bigint[];
BEGIN
  mine := others;
  IF EXISTS (
    SELECT FROM unnest(others) AS o WHERE (o.lease, o.id) NOT IN (
      SELECT own.id, unnest(own.job_ids) FROM leases AS own WHERE own.id = ANY (their)
    )
  ) THEN
    mine := ARRAY(
      SELECT o FROM unnest(others) AS o
      -- idiom: hashed set
      WHERE NOT (o.lease, o.id) NOT IN (
        SELECT own.id, unnest(own.job_ids) FROM leases AS own WHERE own.id = ANY (their)
      )
    );
  END IF;
  undone := ARRAY(SELECT o FROM unnest(mine) AS o WHERE o.outcome NOT IN ('failed', 'cancelled'));
  gone := ARRAY(SELECT o.id FROM unnest(mine) AS o);
  IF is_keyed AND cardinality(undone) > 0 THEN
    gone := gone || ARRAY(
      SELECT r.id FROM jobs AS r
      WHERE r.id = ANY (ARRAY(
        SELECT unnest(own.job_ids) FROM leases AS own WHERE own.id = ANY (their)
      ))
        AND r.serialization_key IS NOT NULL
        -- idiom: hashed set
        AND NOT (r.queue, r.serialization_key) NOT IN (
          SELECT u.queue, u.serialization_key FROM jobs AS u
          WHERE u.id = ANY (ARRAY(SELECT o.id FROM unnest(undone) AS o))
            AND u.serialization_key IS NOT NULL
        )
    );
  END IF;
  ends := mine;
  IF EXISTS (SELECT FROM cancel_requests WHERE lease_id = ANY (their)) THEN
    ends := heed_requests(mine, their, gone);
    undone := ARRAY(SELECT e FROM unnest(ends) AS e WHERE e.outcome NOT IN ('failed', 'cancelled'));
  END IF;
  finished := ARRAY(
    SELECT ROW(
      e.lease, (SELECT own.claimed_at FROM leases AS own WHERE own.id = e.lease), e.outcome,
      array_agg(e.id ORDER BY e.id), array_agg(e.ran_ms ORDER BY e.id)
    )::ended_jobs
    FROM unnest(ends) AS e WHERE e.outcome IN ('failed', 'cancelled') GROUP BY e.lease, e.outcome
  );
  IF cardinality(finished) > 0 THEN
    SELECT jsonb_object_agg(e.id, e.error),
           jsonb_object_agg(e.id, e.failure) FILTER (WHERE e.failure IS NOT NULL)
      INTO why, fields FROM unnest(ends) AS e WHERE e.outcome IN ('failed', 'cancelled');
  END IF;
  PERFORM record_runs(ends);
  DELETE FROM leases AS own WHERE own.id = ANY (their) AND NOT EXISTS (
    SELECT FROM unnest(own.job_ids) AS id WHERE id NOT IN (SELECT unnest(gone))
  );
  UPDATE leases AS own SET job_ids = ARRAY(
    SELECT id FROM unnest(own.job_ids) AS id WHERE id NOT IN (SELECT unnest(gone))
  ) WHERE own.id = ANY (their);
END $$;

-- Records the runs among these ends, before their jobs and leases change. Where a job was handed
-- back, or was cancelled before it began, there was no run.
CREATE FUNCTION record_runs(ends ending[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  clock timestamptz := clock_timestamp();
BEGIN
  IF (SELECT keep_failed = interval '0' FROM settings WHERE singleton) THEN RETURN; END IF;
  INSERT INTO runs (
    job_id, attempt, queue, name, worker_id, claimed_at, ended_at, ran_ms, outcome, next_at, error
  )
  SELECT e.id, j.failures + 1, j.queue, j.name, own.worker_id, own.claimed_at, clock, e.ran_ms,
         e.outcome, CASE
           WHEN e.outcome IN ('retried', 'snoozed') THEN clock + make_interval(secs => e.delay)
         END, e.error
  FROM (
    -- Each lease is looked up once.
    SELECT id, worker_id, claimed_at FROM leases
    WHERE id = ANY (ARRAY(SELECT DISTINCT lease FROM unnest(ends))) OFFSET 0 -- idiom: fence
  ) AS own CROSS JOIN unnest(ends) AS e
  CROSS JOIN LATERAL (
    SELECT failures, queue, name FROM jobs WHERE id = e.id OFFSET 0 -- idiom: fence
  ) AS j
  WHERE e.lease = own.id AND e.outcome NOT IN ('released', 'unhandled')
    AND (e.outcome <> 'cancelled' OR e.ran_ms IS NOT NULL);
END $$;

-- Ends as cancelled what somebody has cancelled: of these ends of runs, those that would hand their
-- job back, and the jobs that would go back without a run. `gone` are the jobs that leave their
-- leases. A run that failed for good has failed. Deletes the requests.
CREATE FUNCTION heed_requests(ends ending[], their uuid[], gone bigint[]) RETURNS ending[]
LANGUAGE plpgsql AS $$
DECLARE
  heeded ending[];
BEGIN
  heeded := ARRAY(
    SELECT CASE WHEN r.job_id IS NULL OR e.outcome = 'failed' THEN e ELSE ROW(
             e.lease, e.id, 'cancelled', NULL, coalesce(r.reason, e.error, 'cancelled'), NULL,
             e.ran_ms, NULL
           )::ending END
    FROM unnest(ends) AS e LEFT JOIN LATERAL (
      SELECT * FROM cancel_requests WHERE lease_id = e.lease AND job_id = e.id
      OFFSET 0 -- idiom: fence
    ) AS r ON true
  ) || ARRAY(
    SELECT ROW(
             r.lease_id, r.job_id, 'cancelled', NULL, coalesce(r.reason, 'cancelled'), NULL, NULL,
             NULL
           )::ending
    FROM (
      SELECT * FROM cancel_requests WHERE lease_id = ANY (their) AND job_id = ANY (gone)
      OFFSET 0 -- idiom: fence
    ) AS r JOIN leases AS own ON own.id = r.lease_id
    WHERE own.id = ANY (their) AND r.job_id = ANY (own.job_ids)
      AND (r.lease_id, r.job_id) NOT IN (SELECT e.lease, e.id FROM unnest(ends) AS e)
  );
  DELETE FROM cancel_requests WHERE lease_id = ANY (their) AND job_id = ANY (gone);
  RETURN heeded;
END $$;

-- Puts jobs back that ended undone: for another run, or as they were. Returns whether a claim may
-- find a job that no claim could find before.
CREATE FUNCTION put_back(endings ending[], is_keyed boolean) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  q text;
  ids bigint[];
  is_soon boolean;
  expired bigint[];
  has_blocked boolean;
  changed integer;
  has_made_ready boolean := false;
BEGIN
  -- A released job is ready, and a lane may have a new head.
  FOR q, ids IN
    SELECT queue, array_agg(id) FROM jobs
    WHERE id = ANY (ARRAY(
      SELECT e.id FROM unnest(endings) AS e
      WHERE is_keyed OR e.outcome = 'released'
    ))
    GROUP BY queue
  LOOP
    PERFORM mark_lanes(q, ids);
    PERFORM wake(q);
    has_made_ready := true;
  END LOOP;
  SELECT array_agg(e.id), bool_or(e.outcome IN ('retried', 'snoozed') AND e.delay < 10),
         bool_or(e.outcome = 'blocked')
    INTO ids, is_soon, has_blocked
    FROM unnest(endings) AS e WHERE e.outcome <> 'released';
  IF ids IS NULL THEN RETURN has_made_ready; END IF;
  -- A join by id could read all jobs. So each row is locked, and addressed by its place.
  SELECT array_agg(id) FILTER (WHERE expires_at <= clock_timestamp()) INTO expired
    FROM (SELECT id, expires_at FROM jobs WHERE id = ANY (ids) FOR UPDATE) AS j;
  IF expired IS NOT NULL THEN
    INSERT INTO expiries (at, job_id) SELECT clock_timestamp(), unnest(expired);
    is_soon := true;
  END IF;
  IF has_blocked THEN PERFORM report_blocked(endings); END IF;
  UPDATE jobs AS j SET
    state = CASE
      WHEN e.outcome IN ('retried', 'snoozed') AND NOT e.holds THEN 'scheduled' ELSE 'retry'
    END,
    run_at = CASE e.outcome WHEN 'blocked' THEN 'infinity'
             ELSE clock_timestamp() + make_interval(secs => e.delay) END,
    failures = j.failures + CASE WHEN e.outcome IN ('unhandled', 'snoozed') THEN 0 ELSE 1 END,
    unhandled_count = j.unhandled_count + CASE e.outcome WHEN 'unhandled' THEN 1 ELSE 0 END,
    snooze_count = CASE e.outcome
      WHEN 'snoozed' THEN coalesce(j.snooze_count, 0) + 1
      WHEN 'unhandled' THEN j.snooze_count
    END,
    -- The run came to an end, or did not begin: no worker died of the job.
    crash_count = 0,
    error = e.error
  FROM (
    SELECT own.*, (SELECT found.ctid FROM jobs AS found WHERE found.id = own.id) AS place
    FROM unnest(endings) AS own
    WHERE own.outcome <> 'released' OFFSET 0 -- idiom: fence
  ) AS e
  WHERE j.ctid = e.place; -- idiom: by place
  GET DIAGNOSTICS changed = ROW_COUNT;
  IF changed < cardinality(ids) THEN
    PERFORM refuse_if_kept(
      -- idiom: hidden column
      ARRAY(SELECT id FROM jobs WHERE id = ANY (ids) AND state || '' IN ('ready', 'waiting')),
      'UPDATE'
    );
  END IF;
  IF is_soon THEN PERFORM notify_wake('due'); END IF;
  RETURN has_made_ready;
END $$;

-- Passes the heads of lanes on. Where the lease, one of `ended`, has more jobs of the lane, the
-- next of these becomes the head; its worker runs it. Else the first waiting job does. Returns
-- whether a claim may find such a job.
CREATE FUNCTION pass_heads_on(queues text[], keys text[], ended ended_jobs[]) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
  rest bigint[] := ARRAY(
    SELECT unnest(job_ids) FROM leases
    WHERE id = ANY (ARRAY(SELECT e.lease FROM unnest(ended) AS e))
  );
  next bigint[];
  changed integer;
  q text;
  lanes text[];
  has_made_ready boolean := false;
BEGIN
  IF cardinality(rest) > 0 THEN
    next := ARRAY(
      SELECT DISTINCT ON (r.queue, r.serialization_key) r.id FROM jobs AS r
      WHERE r.id = ANY (rest) AND r.serialization_key IS NOT NULL
        -- idiom: hashed set
        AND NOT (r.queue, r.serialization_key) NOT IN (SELECT * FROM unnest(queues, keys))
      ORDER BY r.queue, r.serialization_key, r.state = 'waiting', r.priority DESC, r.id
    );
    IF current_setting('pgq.guests', true) = ' on' THEN PERFORM lock_jobs(next); END IF;
    -- idiom: hidden column
    UPDATE jobs SET state = 'ready' WHERE state || '' = 'waiting' AND id = ANY (next);
    GET DIAGNOSTICS changed = ROW_COUNT;
    IF changed < cardinality(next) THEN
      -- A job that runs without the head would run beside the lane's next head.
      PERFORM refuse_if_kept(
        -- idiom: hidden column
        ARRAY(SELECT id FROM jobs WHERE id = ANY (next) AND state || '' = 'waiting'), 'UPDATE'
      );
    END IF;
  END IF;
  FOR q, lanes IN
    SELECT lane.queue, array_agg(lane.key) FROM unnest(queues, keys) AS lane(queue, key)
    GROUP BY lane.queue
  LOOP
    IF make_heads(q, lanes) > 0 THEN
      PERFORM wake(q);
      has_made_ready := true;
    END IF;
  END LOOP;
  RETURN has_made_ready;
END $$;

-- Keeps results of jobs that are about to move into the history. An earlier result belongs to a job
-- of the same id, from before a restore.
CREATE FUNCTION keep_results(completed ended_jobs[], given jsonb) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  clock timestamptz := clock_timestamp();
BEGIN
  INSERT INTO results (job_id, name, value, error, finished_at, expires_at)
  SELECT r.id, j.name, r.value, r.error, clock, clock + make_interval(secs => r.keep)
  FROM jsonb_to_recordset(given)
    AS r(lease uuid, id bigint, value jsonb, error text, keep double precision)
  CROSS JOIN LATERAL (
    SELECT name FROM jobs WHERE id = r.id OFFSET 0 -- idiom: fence
  ) AS j
  -- idiom: hashed set
  WHERE NOT (r.lease, r.id) NOT IN (SELECT c.lease, unnest(c.ids) FROM unnest(completed) AS c)
  ON CONFLICT (job_id) DO UPDATE SET
    name = EXCLUDED.name, value = EXCLUDED.value, error = EXCLUDED.error,
    finished_at = EXCLUDED.finished_at, expires_at = EXCLUDED.expires_at;
  PERFORM tell_awaited(ARRAY(SELECT unnest(c.ids) FROM unnest(completed) AS c));
END $$;

-- Takes all locks of a settlement, before it changes anything: leases in the order of their ids,
-- then the stripes of lanes. Returns the lanes of the jobs; NULL if none of them has a key.
CREATE FUNCTION lock_to_settle(
  asked_leases uuid[], asked_ids bigint[], OUT queues text[], OUT keys text[]
) LANGUAGE plpgsql AS $$
DECLARE
  is_keyed boolean := (
    SELECT bool_or(l.is_keyed) FROM (
      SELECT own.is_keyed FROM leases AS own
      WHERE own.id = ANY (asked_leases) ORDER BY own.id FOR UPDATE
    ) AS l
  );
  stripes integer[];
BEGIN
  IF is_keyed IS NOT TRUE THEN RETURN; END IF;
  -- This look needs no lock on the job rows: a leased job keeps its lane.
  SELECT array_agg(lane.queue), array_agg(lane.key), array_agg(lane_stripe(lane.queue, lane.key))
    INTO queues, keys, stripes FROM (
      SELECT DISTINCT j.queue, j.serialization_key AS key FROM jobs AS j
      WHERE j.id = ANY (asked_ids) AND j.serialization_key IS NOT NULL
    ) AS lane;
  IF stripes IS NULL THEN RETURN; END IF;
  -- A stripe is locked for one step of pgq. A row may be locked by any transaction, for any time.
  PERFORM set_config('lock_timeout', '1s', true);
  PERFORM lock_stripes(stripes);
  PERFORM set_config('lock_timeout', '100ms', true);
END $$;

-- Records the ends of runs. `done_ids` names completed jobs, lease by lease: the first
-- `done_counts[1]` of them belong to `done_leases[1]`, and so on. The ids of each lease ascend.
-- `done_ms` says for each of these jobs how long it ran. `others` is a list of objects with the
-- fields of `ending`. `results` has an object for each completed job with a result: its `lease`,
-- `id` and `value`, or an `error`, and for how many seconds to `keep` it. Returns the jobs that do
-- not stand in the lease that they were named with: nothing was changed of these. A row of NULLs
-- says that a claim may find a job that no claim could find before.
CREATE FUNCTION settle(
  done_leases uuid[], done_counts integer[], done_ids bigint[],
  others jsonb DEFAULT NULL, done_ms integer[] DEFAULT NULL, results jsonb DEFAULT NULL
) RETURNS TABLE (lease uuid, id bigint) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  asked_leases uuid[] := done_leases;
  asked_ids bigint[] := done_ids;
  completed ended_jobs[];
  finished ended_jobs[];
  endings ending[];
  mine ending[];
  undone ending[];
  why jsonb;
  fields jsonb;
  ended bigint[];
  queues text[];
  keys text[];
  has_made_ready boolean := false;
  mark text := begin_step();
BEGIN
  PERFORM require_read_committed();
  IF others <> '[]' THEN
    -- An array, because each look at a JSON text reads the text again.
    endings := ARRAY(SELECT e FROM jsonb_populate_recordset(NULL::ending, others) AS e);
    SELECT asked_leases || array_agg(DISTINCT e.lease), asked_ids || array_agg(e.id)
      INTO asked_leases, asked_ids FROM unnest(endings) AS e;
  END IF;
  SELECT locked.queues, locked.keys INTO queues, keys
    FROM lock_to_settle(asked_leases, asked_ids) AS locked;
  completed := take_completed(done_leases, done_counts, done_ids, done_ms);
  ended := CASE cardinality(completed) WHEN 1 THEN completed[1].ids
           ELSE ARRAY(SELECT unnest(c.ids) FROM unnest(completed) AS c) END;
  IF endings IS NOT NULL THEN
    SELECT * INTO mine, finished, undone, why, fields FROM take_others(endings, keys IS NOT NULL);
    ended := ended || ARRAY(SELECT e.id FROM unnest(mine) AS e);
  END IF;
  IF cardinality(completed) > 0 THEN
    IF results IS NOT NULL THEN PERFORM keep_results(completed, results); END IF;
    PERFORM move_to_history(completed, NULL);
  END IF;
  IF cardinality(finished) > 0 THEN
    PERFORM move_to_history(batch.ended, why, fields)
    FROM (SELECT array_agg(f) AS ended FROM unnest(finished) AS f GROUP BY f.outcome) AS batch;
  END IF;
  IF cardinality(undone) > 0 THEN
    has_made_ready := put_back(undone, keys IS NOT NULL);
  END IF;
  IF keys IS NOT NULL AND cardinality(ended) > 0 THEN
    has_made_ready := pass_heads_on(queues, keys, completed || finished) OR has_made_ready;
  END IF;
  PERFORM end_step(mark);
  IF has_made_ready THEN RETURN NEXT; END IF;
  IF cardinality(ended) < cardinality(asked_ids) THEN
    RETURN QUERY
      SELECT asked.lease, asked.id FROM (
        SELECT d.lease, d.id FROM unnest(done_ids, ARRAY(
          SELECT own.lease
          FROM unnest(done_leases, done_counts) AS own(lease, n), generate_series(1, n)
        )) AS d(id, lease)
        UNION ALL
        SELECT e.lease, e.id FROM unnest(endings) AS e
      ) AS asked
      WHERE (asked.lease, asked.id) NOT IN (
        SELECT c.lease, unnest(c.ids) FROM unnest(completed) AS c
        UNION ALL
        SELECT e.lease, e.id FROM unnest(mine) AS e
      );
  END IF;
END $$;

-- Records the ends of runs as `settle` does, for a worker that sends them again and does not know
-- whether they were recorded. A job that is gone counts as settled. No step looks for it in the
-- history, which may be long.
CREATE FUNCTION settle_again(
  done_leases uuid[], done_counts integer[], done_ids bigint[],
  others jsonb DEFAULT NULL, done_ms integer[] DEFAULT NULL, results jsonb DEFAULT NULL
)
RETURNS TABLE (lease uuid, id bigint) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  leases uuid[];
  ids bigint[];
BEGIN
  SELECT array_agg(lost.lease), array_agg(lost.id) INTO leases, ids
    FROM settle(done_leases, done_counts, done_ids, others, done_ms, results) AS lost;
  RETURN QUERY
    SELECT lost.lease, lost.id FROM unnest(leases, ids) AS lost(lease, id)
    -- idiom: hashed set
    WHERE NOT lost.id NOT IN (SELECT j.id FROM jobs AS j WHERE j.id = ANY (ids));
END $$;

-- Returns those of the asked jobs whose ends cannot be recorded now: another transaction has locked
-- their lease, their row, or the row of another job of their lane in the same lease.
CREATE FUNCTION row_locked(asked_leases uuid[], asked_ids bigint[]) RETURNS SETOF bigint
LANGUAGE plpgsql AS $$
DECLARE
  locked_leases uuid[];
  leased bigint[];
  locked_ids bigint[];
BEGIN
  PERFORM require_read_committed();
  locked_leases := ARRAY(
    SELECT id FROM leases WHERE id = ANY (asked_leases) FOR UPDATE SKIP LOCKED
  );
  locked_leases := ARRAY(
    SELECT id FROM leases WHERE id = ANY (asked_leases) EXCEPT SELECT unnest(locked_leases)
  );
  leased := ARRAY(SELECT unnest(job_ids) FROM leases WHERE id = ANY (asked_leases));
  locked_ids := ARRAY(SELECT id FROM jobs WHERE id = ANY (leased) FOR UPDATE SKIP LOCKED);
  locked_ids := ARRAY(SELECT unnest(leased) EXCEPT SELECT unnest(locked_ids));
  RETURN QUERY
    SELECT asked.id FROM unnest(asked_leases, asked_ids) AS asked(lease, id)
    -- idiom: hashed set
    WHERE NOT asked.lease NOT IN (SELECT unnest(locked_leases))
    UNION
    -- idiom: hashed set
    SELECT id FROM jobs WHERE id = ANY (asked_ids) AND NOT id NOT IN (SELECT unnest(locked_ids))
    UNION
    SELECT id FROM jobs
    WHERE id = ANY (asked_ids) AND serialization_key IS NOT NULL
      -- idiom: hashed set
      AND NOT (queue, serialization_key) NOT IN (
        SELECT h.queue, h.serialization_key FROM jobs AS h
        WHERE h.id = ANY (locked_ids) AND h.serialization_key IS NOT NULL
      );
END $$;
