-- Maintenance: due jobs, late and dead workers, forgotten lanes, old history. Any process may call
-- these functions at any time. No process leads; each piece of work is done once.

-- Makes up to `jobs_max` due jobs ready: the first ones, or with `is_careful` any of them. Due jobs
-- that have expired end instead, and count as promoted. A caller is careful while a user's trigger
-- keeps some due jobs as they are, so that these keep no others waiting. `is_behind` says that due
-- jobs are left: there were too many, or a trigger kept them, or another transaction has locked
-- them. `next_in` is the time until the first later job is due, in seconds; NULL if there is no
-- later job.
CREATE FUNCTION promote(
  jobs_max integer, is_careful boolean DEFAULT false,
  OUT promoted integer, OUT is_behind boolean, OUT next_in double precision
) LANGUAGE plpgsql AS $$
DECLARE
  -- One reading of the clock: a comparison with clock_timestamp() could use no index.
  clock timestamptz := clock_timestamp();
  due bigint[];
  expired bigint[];
  next_at timestamptz;
BEGIN
  PERFORM require_read_committed();
  promoted := 0;
  IF is_careful THEN
    due := any_due(clock, jobs_max);
  ELSE
    due := ARRAY(
      SELECT id FROM jobs
      WHERE state IN ('scheduled', 'retry') AND run_at <= clock
      ORDER BY run_at LIMIT jobs_max FOR UPDATE SKIP LOCKED
    );
  END IF;
  expired := ARRAY(SELECT id FROM jobs WHERE id = ANY (due) AND expires_at <= clock);
  IF cardinality(expired) > 0 THEN
    promoted := end_expired(expired);
    due := ARRAY(SELECT unnest(due) EXCEPT SELECT unnest(expired));
  END IF;
  IF cardinality(due) > 0 THEN promoted := promoted + make_ready(due); END IF;
  next_at := (
    SELECT run_at FROM jobs
    WHERE state IN ('scheduled', 'retry') AND run_at < 'infinity'
    ORDER BY run_at LIMIT 1
  );
  is_behind := coalesce(next_at <= clock, false);
  IF is_behind THEN
    next_at := (
      SELECT run_at FROM jobs
      WHERE state IN ('scheduled', 'retry') AND run_at > clock AND run_at < 'infinity'
      ORDER BY run_at LIMIT 1
    );
  END IF;
  IF next_at IS NOT NULL THEN
    next_in := greatest(extract(epoch FROM next_at - clock_timestamp()), 0);
  END IF;
END $$;

-- Makes due jobs ready, whose rows the caller has locked. Returns the number of those that changed.
CREATE FUNCTION make_ready(due bigint[]) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  counter regclass := pg_get_serial_sequence('jobs', 'id');
  made_ready integer;
  queues text[];
  q text;
  mark text := begin_step();
BEGIN
  WITH changed AS (
    UPDATE jobs SET
      state = CASE
        WHEN state = 'scheduled' AND serialization_key IS NOT NULL THEN 'waiting' ELSE 'ready'
      END,
      -- A job that was tried before goes behind the jobs that are ready now.
      place = CASE
        WHEN failures + unhandled_count + coalesce(snooze_count, 0) > 0 THEN nextval(counter)
        ELSE place
      END
    WHERE id = ANY (due) RETURNING queue, serialization_key, priority
  ), marked AS (
    -- Both kinds of due jobs may change the head of their lane: a scheduled job may go first, and a
    -- retried one may be overtaken.
    INSERT INTO dirty_lanes (queue, key, priority)
    SELECT queue, serialization_key, max(priority) FROM changed WHERE serialization_key IS NOT NULL
    GROUP BY queue, serialization_key
  )
  SELECT count(*), array_agg(DISTINCT queue) INTO made_ready, queues FROM changed;
  PERFORM end_step(mark);
  IF queues IS NOT NULL THEN
    FOREACH q IN ARRAY queues LOOP
      PERFORM wake(q);
    END LOOP;
  END IF;
  RETURN made_ready;
END $$;

-- Locks some due jobs: random ones among the first or among the last. Their number is random, too,
-- so that both a long-due job and one that is due since now are found soon among thousands.
CREATE FUNCTION any_due(clock timestamptz, jobs_max integer) RETURNS bigint[] LANGUAGE plpgsql AS $$
DECLARE
  among integer := greatest(jobs_max, power(100000, random()));
  due bigint[];
BEGIN
  IF random() < 0.5 THEN
    due := ARRAY(
      SELECT id FROM jobs
      WHERE state IN ('scheduled', 'retry') AND run_at <= clock ORDER BY run_at LIMIT among
    );
  ELSE
    due := ARRAY(
      SELECT id FROM jobs
      WHERE state IN ('scheduled', 'retry') AND run_at <= clock ORDER BY run_at DESC LIMIT among
    );
  END IF;
  due := ARRAY(SELECT id FROM unnest(due) AS id ORDER BY random() LIMIT jobs_max);
  RETURN ARRAY(
    SELECT id FROM jobs
    -- idiom: hidden column
    WHERE id = ANY (due) AND state || '' IN ('scheduled', 'retry') AND run_at <= clock
    FOR UPDATE SKIP LOCKED
  );
END $$;

-- Takes a lease apart and hands its jobs back. Returns the number of its jobs. Jobs that somebody
-- has cancelled end. After a crash the others are suspects; a job in its third crash is failed as
-- crashed. While another transaction has locked one of the jobs that change, to change it by hand,
-- the lease stays for a later call.
CREATE FUNCTION give_back(l leases, has_crashed boolean) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  requested bigint[] := ARRAY(
    SELECT job_id FROM cancel_requests WHERE lease_id = l.id AND job_id = ANY (l.job_ids)
    ORDER BY job_id
  );
  changing bigint[] := CASE WHEN has_crashed THEN l.job_ids ELSE requested END;
  places tid[];
  poisoned bigint[];
  is_keyed boolean;
  locked_count integer;
  mark text;
BEGIN
  IF has_crashed OR cardinality(requested) > 0 THEN
    SELECT coalesce(array_agg(place) FILTER (WHERE NOT is_requested), '{}'),
           array_agg(id) FILTER (WHERE crash_count >= 2 AND NOT is_requested),
           bool_or(has_key), count(*)
      INTO places, poisoned, is_keyed, locked_count FROM (
        SELECT ctid AS place, id, crash_count, serialization_key IS NOT NULL AS has_key,
               id = ANY (requested) AS is_requested
        FROM jobs WHERE id = ANY (changing) FOR UPDATE SKIP LOCKED
      ) AS j;
    IF locked_count < cardinality(changing)
       AND locked_count < (SELECT count(*) FROM jobs WHERE id = ANY (changing)) THEN
      RETURN 0;
    END IF;
  END IF;
  DELETE FROM leases WHERE id = l.id;
  IF is_keyed OR NOT has_crashed THEN
    PERFORM mark_lanes(l.queue, l.job_ids);
  END IF;
  IF has_crashed OR cardinality(requested) > 0 THEN
    mark := begin_step();
    IF cardinality(requested) > 0 THEN PERFORM end_requested(l, requested); END IF;
    IF has_crashed THEN PERFORM count_crash(l, places, poisoned); END IF;
    PERFORM end_step(mark);
  END IF;
  PERFORM wake(l.queue);
  RETURN cardinality(l.job_ids);
END $$;

-- Ends the jobs of a lease that somebody has cancelled, whose rows the caller has locked.
CREATE FUNCTION end_requested(l leases, requested bigint[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM move_to_history(ARRAY[(l.id, l.claimed_at, 'cancelled', requested, NULL)::ended_jobs], (
    SELECT jsonb_object_agg(job_id, coalesce(reason, 'cancelled'))
    FROM cancel_requests WHERE lease_id = l.id
  ));
  DELETE FROM cancel_requests WHERE lease_id = l.id;
END $$;

-- Counts the death of a worker for the jobs of a lease, whose rows the caller has locked. `places`
-- are the rows; the `poisoned` among them end as crashed.
CREATE FUNCTION count_crash(l leases, places tid[], poisoned bigint[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  changed integer;
BEGIN
  INSERT INTO runs (job_id, attempt, queue, name, worker_id, claimed_at, ended_at, outcome, error)
  SELECT id, failures + 1, queue, name, l.worker_id, l.claimed_at, clock_timestamp(), 'crashed',
         'the worker died while it had this job'
  FROM jobs
  WHERE ctid = ANY (places) -- idiom: by place
    AND (SELECT keep_failed > interval '0' FROM settings WHERE singleton);
  IF poisoned IS NOT NULL THEN
    PERFORM move_to_history(ARRAY[(l.id, l.claimed_at, 'crashed', poisoned, NULL)::ended_jobs], (
      SELECT jsonb_object_agg(id::text, 'the worker died during this job, for the third time')
      FROM unnest(poisoned) AS id
    ));
  END IF;
  UPDATE jobs SET crash_count = crash_count + 1 WHERE ctid = ANY (places); -- idiom: by place
  GET DIAGNOSTICS changed = ROW_COUNT;
  IF changed + coalesce(cardinality(poisoned), 0) < cardinality(places) THEN
    -- Without the count a job could kill one worker after the other.
    -- idiom: by place
    PERFORM refuse_if_kept(ARRAY(SELECT id FROM jobs WHERE ctid = ANY (places)), 'UPDATE');
  END IF;
END $$;

-- Takes some of these leases apart, one after the other until they had `jobs_max` jobs. Returns the
-- number of jobs that went back. A lease that another transaction has locked is skipped.
CREATE FUNCTION give_back_some(asked uuid[], has_crashed boolean, jobs_max integer) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
  l leases;
  lease uuid;
  tried integer := 0;
  handed_back integer := 0;
BEGIN
  FOREACH lease IN ARRAY asked LOOP
    EXIT WHEN tried >= jobs_max;
    SELECT * INTO l FROM leases WHERE id = lease FOR UPDATE SKIP LOCKED;
    CONTINUE WHEN NOT FOUND;
    tried := tried + cardinality(l.job_ids);
    handed_back := handed_back + give_back(l, has_crashed);
  END LOOP;
  RETURN handed_back;
END $$;

-- Notes which workers are late with a renewal, and deletes workers that stay late: these are dead.
--
-- No worker is dead at first sight: the clock may have jumped, or no worker could reach the server
-- for a while. A worker is late when less than 0.6 of its lease is left. Late is also a worker that
-- has more than a lease left, from before the clock was set back. A late worker is dead after half
-- a lease more, if its lease has run out by then. After a start of the server, no worker is dead
-- for the time of a lease. The fractions are those of CONTRACT.md, "heartbeat".
--
-- The caller commits this before it calls `rescue`. A rescue may be refused, and the leases of one
-- dead worker must not keep another one from being found. Returns whether a dead worker has left a
-- lease: only then is there something to rescue.
CREATE FUNCTION note_late() RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  clock timestamptz := clock_timestamp();
  dead uuid[];
BEGIN
  PERFORM require_read_committed();
  UPDATE workers SET late_since = clock WHERE id IN (
    SELECT id FROM workers
    WHERE (late_since IS NULL OR late_since > clock)
      AND (lease_until - lease * 0.6 <= clock OR lease_until > clock + lease * 1.1)
    FOR UPDATE SKIP LOCKED
  );
  -- A rescue knows a dead worker by leases without a worker's row.
  dead := ARRAY(
    SELECT id FROM workers
    WHERE (lease_until <= clock OR lease_until > clock + lease * 1.1)
      AND late_since + lease * 0.5 <= clock
      AND clock NOT BETWEEN pg_postmaster_start_time() AND pg_postmaster_start_time() + lease
    FOR UPDATE SKIP LOCKED
  );
  IF cardinality(dead) > 0 THEN
    PERFORM end_workers(dead, 'died', 0);
  END IF;
  RETURN cardinality(abandoned_leases(1)) > 0;
END $$;

-- Deletes workers and notes how they ended, with the number of jobs that they had in leases, beside
-- those that just went back.
CREATE FUNCTION end_workers(ids uuid[], how text, handed_back integer) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  WITH gone AS (
    DELETE FROM workers WHERE id = ANY (ids) RETURNING *
  )
  INSERT INTO past_workers (id, label, host, pid, version, started_at, ended, jobs_held)
  SELECT id, label, host, pid, version, started_at, how, handed_back + (
    SELECT coalesce(sum(cardinality(job_ids)), 0) FROM leases WHERE worker_id = gone.id
  )
  FROM gone;
END $$;

-- Hands back jobs of dead workers, one lease after the other until these had `jobs_max` jobs.
-- Returns the number of jobs that went back. The caller calls again until the answer is zero.
CREATE FUNCTION rescue(jobs_max integer DEFAULT 4000) RETURNS integer LANGUAGE plpgsql AS $$
BEGIN
  PERFORM require_read_committed();
  RETURN give_back_some(abandoned_leases(1000), true, jobs_max);
END $$;

-- Returns leases whose worker's row is gone, in a random order: each rescue begins at another
-- lease.
CREATE FUNCTION abandoned_leases(leases_max integer) RETURNS uuid[] LANGUAGE sql AS $$
  -- idiom: skip scan
  WITH RECURSIVE holder AS (
    (SELECT worker_id AS id FROM leases ORDER BY worker_id LIMIT 1)
    UNION ALL
    SELECT (SELECT next.worker_id FROM leases AS next WHERE next.worker_id > holder.id
            ORDER BY next.worker_id LIMIT 1)
    FROM holder WHERE holder.id IS NOT NULL
  )
  SELECT ARRAY(
    SELECT l.id FROM holder JOIN leases AS l ON l.worker_id = holder.id
    WHERE NOT EXISTS (SELECT FROM workers AS w WHERE w.id = holder.id)
    ORDER BY random() LIMIT leases_max
  )
$$;

-- Ends one worker: a live one that signs off, whose jobs go back as they are, or with `has_crashed`
-- a dead one. Each call hands back some thousands of jobs; the caller calls again until `is_done`.
--
-- The row of a dead worker is deleted first, so that a rescue can hand back the rest. The row of a
-- live worker is deleted last: without the row a rescue would take its jobs for crashed, and a
-- claim of this worker may wait for the row while it holds locks on jobs.
CREATE FUNCTION leave(
  worker uuid, has_crashed boolean, OUT handed_back integer, OUT is_done boolean
)
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM require_read_committed();
  IF has_crashed THEN
    PERFORM end_workers(ARRAY[worker], 'died', 0);
  END IF;
  handed_back := give_back_some(
    ARRAY(SELECT id FROM leases WHERE worker_id = worker ORDER BY id), has_crashed, 4000
  );
  is_done := NOT EXISTS (SELECT FROM leases WHERE worker_id = worker);
  IF is_done AND NOT has_crashed THEN
    PERFORM end_workers(ARRAY[worker], 'left', handed_back);
  END IF;
END $$;

-- Hands back jobs that are leased to a worker that does not know of the lease, because the answer
-- to its claim was lost. Each call hands back some thousands of jobs. `gone` are those of the
-- `known` leases that exist no more.
CREATE FUNCTION reconcile(worker uuid, known uuid[], OUT released integer, OUT gone uuid[])
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM require_read_committed();
  released := give_back_some(ARRAY(
    SELECT id FROM leases WHERE worker_id = worker AND id NOT IN (SELECT unnest(known))
  ), false, 4000);
  gone := ARRAY(
    SELECT lease FROM unnest(known) AS lease
    WHERE NOT EXISTS (SELECT FROM leases AS own WHERE own.id = lease)
  );
END $$;

-- Marks lanes that no claim would look at, as after a TRUNCATE of dirty_lanes: a job waits, and the
-- lane has neither a marker nor a head that goes before the job. A call looks at `lanes_max` lanes
-- behind the given one, and returns the last of them, NULL at the end. A marker too many is
-- harmless.
CREATE FUNCTION heal_lanes(
  after_queue text, after_key text, lanes_max integer,
  OUT healed integer, OUT last_queue text, OUT last_key text
) LANGUAGE plpgsql AS $$
DECLARE
  queues text[];
  keys text[];
  firsts bigint[];
  q text;
BEGIN
  PERFORM require_read_committed();
  healed := 0;
  -- One process heals at a time. Any other one keeps its place, and tries again later.
  IF NOT pg_try_advisory_xact_lock(hashtext(current_schema() || ':heal'), 0) THEN
    last_queue := after_queue;
    last_key := after_key;
    RETURN;
  END IF;
  -- idiom: skip scan
  WITH RECURSIVE lane AS (
    (SELECT queue, serialization_key AS key, id FROM jobs
     WHERE state = 'waiting' AND (queue, serialization_key) > (after_queue, after_key)
     ORDER BY queue, serialization_key, priority DESC, id LIMIT 1)
    UNION ALL
    SELECT next.* FROM lane CROSS JOIN LATERAL (
      SELECT queue, serialization_key, id FROM jobs
      WHERE state = 'waiting' AND (queue, serialization_key) > (lane.queue, lane.key)
      ORDER BY queue, serialization_key, priority DESC, id LIMIT 1
    ) AS next
  )
  SELECT array_agg(lane.queue), array_agg(lane.key), array_agg(lane.id)
    INTO queues, keys, firsts FROM (SELECT * FROM lane LIMIT lanes_max) AS lane;
  IF cardinality(queues) = lanes_max THEN
    last_queue := queues[lanes_max];
    last_key := keys[lanes_max];
  END IF;
  FOR q, firsts IN
    SELECT lane.queue, array_agg(lane.first)
    FROM unnest(queues, keys, firsts) AS lane(queue, key, first)
    WHERE (
      SELECT head.state = 'ready' AND (
               SELECT first.priority > head.priority
                   OR (first.priority = head.priority AND first.id < head.id)
               FROM jobs AS first WHERE first.id = lane.first
             )
             AND head.id NOT IN (SELECT unnest(job_ids) FROM leases)
      FROM jobs AS head
      WHERE head.queue = lane.queue AND head.serialization_key = lane.key
        -- idiom: head index
        AND head.serialization_key IS NOT NULL AND head.state IN ('ready', 'retry')
      LIMIT 1
    ) IS NOT FALSE
    GROUP BY lane.queue
  LOOP
    healed := healed + mark_forgotten(q, firsts);
  END LOOP;
END $$;

-- Marks the lanes of these jobs, each the first that waits in its lane. A lane that has a marker of
-- the same priority gets no other one, or markers would heap up in a queue without workers. Neither
-- does a lane that was passed by.
CREATE FUNCTION mark_forgotten(q text, firsts bigint[]) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  forgotten bigint[] := ARRAY(
    SELECT j.id FROM jobs AS j WHERE j.id = ANY (firsts) AND NOT EXISTS (
      SELECT FROM dirty_lanes AS marker
      WHERE marker.queue = q AND marker.priority IN (j.priority, -2147483648)
        AND marker.key = j.serialization_key
    )
  );
BEGIN
  IF cardinality(forgotten) > 0 THEN
    PERFORM mark_lanes(q, forgotten);
    PERFORM wake(q);
  END IF;
  RETURN cardinality(forgotten);
END $$;

-- Deletes some receipts that no client will ask for any more, some requests for jobs that have left
-- their lease, some holds that are over, and some results, figures and past workers that are past
-- keeping. Returns the greatest number.
CREATE FUNCTION forget() RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  kept_since timestamptz := clock_timestamp() - interval '5 minutes';
  dropped integer;
BEGIN
  DELETE FROM receipts WHERE id = ANY (ARRAY(
    SELECT id FROM receipts WHERE added_at < kept_since ORDER BY added_at LIMIT 5000
  ));
  GET DIAGNOSTICS dropped = ROW_COUNT;
  RETURN greatest(
    dropped, forget_requests(), forget_holds(), forget_results(), forget_progress(),
    forget_awaited(), forget_figures(), forget_workers(), forget_operations()
  );
END $$;

-- Deletes some workers that ended long ago, and those beyond the last 10,000: a process that dies
-- again and again must not fill the table.
CREATE FUNCTION forget_workers() RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  since timestamptz := (SELECT clock_timestamp() - keep_workers FROM settings WHERE singleton);
  dropped integer;
BEGIN
  since := greatest(since, (
    SELECT ended_at FROM past_workers ORDER BY ended_at DESC OFFSET 9999 FETCH FIRST ROW ONLY
  ));
  DELETE FROM past_workers WHERE ctid = ANY (ARRAY( -- idiom: by place
    SELECT ctid FROM past_workers WHERE ended_at < since ORDER BY ended_at LIMIT 5000
  ));
  GET DIAGNOSTICS dropped = ROW_COUNT;
  RETURN dropped;
END $$;

-- Deletes some results that were kept for their time.
CREATE FUNCTION forget_results() RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  clock timestamptz := clock_timestamp();
  dropped integer;
BEGIN
  DELETE FROM results WHERE job_id = ANY (ARRAY(
    SELECT job_id FROM results WHERE expires_at < clock ORDER BY expires_at LIMIT 5000
  ));
  GET DIAGNOSTICS dropped = ROW_COUNT;
  RETURN dropped;
END $$;

-- Deletes some requests for jobs that completed all the same, or were deleted by hand. A lease
-- never takes in another job, so none of these requests can be needed later.
CREATE FUNCTION forget_requests() RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  dropped integer;
BEGIN
  DELETE FROM cancel_requests WHERE ctid = ANY (ARRAY( -- idiom: by place
    SELECT asked.ctid FROM cancel_requests AS asked
    WHERE NOT EXISTS (
      SELECT FROM leases WHERE id = asked.lease_id AND asked.job_id = ANY (job_ids)
    )
    LIMIT 5000
  ));
  GET DIAGNOSTICS dropped = ROW_COUNT;
  RETURN dropped;
END $$;

-- The column by whose days a table of the history is partitioned.
CREATE FUNCTION end_of(parent text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE parent
    WHEN 'runs' THEN 'ended_at' WHEN 'log_lines' THEN 'logged_at' ELSE 'finished_at'
  END
$$;

-- Makes a partition of `parent` for each of the next seven days, and drops history that is older
-- than `keep`. Returns whether there is more to do. A transaction calls this for one parent only: a
-- settlement may have locked another parent, and wait for this one.
CREATE FUNCTION keep_days(parent text, keep interval) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  has_more boolean;
  partition text;
  day date;
BEGIN
  IF parent NOT IN ('completed_jobs', 'failed_jobs', 'dropped_jobs', 'runs', 'log_lines')
     OR keep < interval '0' THEN
    RAISE EXCEPTION
      'only days of completed_jobs, failed_jobs, dropped_jobs, runs and log_lines can be kept'
      USING ERRCODE = '22023';
  END IF;
  IF NOT pg_try_advisory_xact_lock(hashtext(current_schema() || ':prune'), hashtext(parent)) THEN
    RETURN false;
  END IF;
  has_more := drop_other(parent, now() - keep);
  has_more := add_days(parent, current_date) OR has_more;
  -- DROP TABLE waits until no transaction uses `parent`. All later statements on `parent` wait
  -- behind it, settlements too. Therefore its lock_timeout is short.
  FOR partition, day IN
    SELECT c.relname, to_date(right(c.relname, 8), 'YYYYMMDD')
    FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
    WHERE i.inhparent = quote_ident(parent)::regclass AND c.relname ~ '_\d{8}$'
  LOOP
    IF day + 1 <= now() - keep AND day < current_date THEN
      EXECUTE format('DROP TABLE %I', partition);
    END IF;
  END LOOP;
  RETURN has_more;
END $$;

-- Deletes some jobs or runs that ended before a time, on days without a partition of their own.
-- Returns whether there may be more.
CREATE FUNCTION drop_other(parent text, until timestamptz) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  dropped integer;
BEGIN
  EXECUTE format(
    -- idiom: by place
    'DELETE FROM %1$I WHERE ctid = ANY ('
    'ARRAY(SELECT ctid FROM %1$I WHERE %2$I <= $1 LIMIT 5000))',
    parent || '_other', end_of(parent)
  ) USING until;
  GET DIAGNOSTICS dropped = ROW_COUNT;
  RETURN dropped = 5000;
END $$;

-- Makes the missing partitions of a week. To attach a partition, PostgreSQL locks and reads the
-- partition of all other days, until the call has committed. Where that one is large, or where
-- settlements use it because today has no partition, a call makes only one. Returns whether more
-- are missing.
CREATE FUNCTION add_days(parent text, first_day date) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  day date;
  partition text;
  missing date[] := ARRAY(
    SELECT n::date FROM generate_series(first_day, first_day + 7, '1 day') AS n
    WHERE to_regclass(quote_ident(parent || to_char(n, '_YYYYMMDD'))) IS NULL
  );
  taken date[];
BEGIN
  IF cardinality(missing) = 0 THEN RETURN false; END IF;
  -- A day on which jobs finished while it had no partition gets none: its jobs stay among the
  -- others.
  EXECUTE format('SELECT ARRAY(SELECT DISTINCT %2$I::date FROM %1$I WHERE %2$I >= $1)',
                 parent || '_other', end_of(parent)) INTO taken USING first_day;
  FOREACH day IN ARRAY missing LOOP
    CONTINUE WHEN day = ANY (taken);
    partition := parent || to_char(day, '_YYYYMMDD');
    EXECUTE format('CREATE TABLE %I (LIKE %I)', partition, parent);
    -- As the partition of all other days.
    EXECUTE format('ALTER TABLE %I REPLICA IDENTITY FULL', partition);
    -- CREATE TABLE … PARTITION OF would lock `parent`; this form lets settlements go on.
    EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                   parent, partition, day, day + 1);
    IF missing[1] = first_day
       OR pg_relation_size(quote_ident(parent || '_other')::regclass) > 4194304 THEN
      RETURN true;
    END IF;
  END LOOP;
  RETURN false;
END $$;

CREATE FUNCTION prune_completed() RETURNS boolean LANGUAGE sql AS $$
  SELECT keep_days('completed_jobs', keep_completed) FROM settings WHERE singleton
$$;

CREATE FUNCTION prune_failed() RETURNS boolean LANGUAGE sql AS $$
  SELECT keep_days('failed_jobs', keep_failed) FROM settings WHERE singleton
$$;

CREATE FUNCTION prune_dropped() RETURNS boolean LANGUAGE sql AS $$
  SELECT keep_days('dropped_jobs', keep_dropped) FROM settings WHERE singleton
$$;

CREATE FUNCTION prune_runs() RETURNS boolean LANGUAGE sql AS $$
  SELECT keep_days('runs', keep_failed) FROM settings WHERE singleton
$$;

CREATE FUNCTION prune_logs() RETURNS boolean LANGUAGE sql AS $$
  SELECT keep_days('log_lines', keep_logs) FROM settings WHERE singleton
$$;
