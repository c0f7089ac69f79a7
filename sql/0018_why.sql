-- The answers to why a job is where it is. These functions only read, take no lock, and look at a
-- bounded number of rows. PostgreSQL shows other sessions to roles with pg_read_all_stats alone.

-- One reason for which a job is where it is, and the advice that would move it. `job_id` is the job
-- that the reason is about: the job itself, or one that goes before it.
CREATE TYPE reason AS (
  code text, detail text, since timestamptz, until timestamptz, job_id bigint, advice text
);

-- Returns why a job runs, waits or has ended, the nearest reason first. Where a job waits for
-- another job of its key, the reasons of that job follow, five jobs deep.
CREATE FUNCTION why(job bigint) RETURNS TABLE (
  place bigint, code text, detail text, since timestamptz, until timestamptz, job_id bigint,
  advice text
) LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN QUERY
    SELECT r.ordinality, r.code, r.detail, r.since, r.until, r.job_id, r.advice
    FROM unnest(reasons_of(job, 5)) WITH ORDINALITY AS r;
END $$;

-- Returns why nothing of a queue starts: what holds up all of it, or the reasons of the job that
-- would be next.
CREATE FUNCTION why_queue(queue text) RETURNS TABLE (
  place bigint, code text, detail text, since timestamptz, until timestamptz, job_id bigint,
  advice text
) LANGUAGE plpgsql STABLE AS $$
DECLARE
  next bigint := next_of_queue(why_queue.queue);
BEGIN
  IF next IS NULL THEN
    RETURN QUERY SELECT
      1::bigint, 'empty', format('queue %s has no unfinished job', why_queue.queue),
      NULL::timestamptz, NULL::timestamptz, NULL::bigint, NULL::text;
  ELSE
    RETURN QUERY SELECT * FROM why(next);
  END IF;
END $$;

-- Returns the job of a queue that would start next: the first ready one in no lease, else the first
-- one that waits for its time, else a blocked one, else a leased one.
CREATE FUNCTION next_of_queue(q text) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
DECLARE
  leased bigint[] := ARRAY(SELECT unnest(job_ids) FROM leases WHERE queue = q);
  next bigint := (
    SELECT id FROM jobs
    WHERE queue = q AND state = 'ready' AND crash_count = 0 AND id NOT IN (SELECT unnest(leased))
    -- idiom: place index
    ORDER BY priority DESC, coalesce(place, id) LIMIT 1
  );
BEGIN
  IF next IS NULL THEN
    next := (
      SELECT id FROM jobs
      WHERE queue = q AND state = 'ready' AND crash_count > 0 AND id NOT IN (SELECT unnest(leased))
      -- idiom: place index
      ORDER BY priority DESC, coalesce(place, id) LIMIT 1
    );
  END IF;
  IF next IS NULL THEN
    -- Of jobs for later there may be millions, and of this queue none: 10,000 are looked at.
    next := (
      SELECT id FROM (
        SELECT id, queue, run_at FROM jobs
        WHERE state IN ('scheduled', 'retry') ORDER BY run_at LIMIT 10000
      ) AS later WHERE queue = q ORDER BY run_at LIMIT 1
    );
  END IF;
  RETURN coalesce(next, leased[1], (
    SELECT id FROM jobs WHERE queue = q AND state = 'waiting' LIMIT 1
  ));
END $$;

-- Returns the reasons of a job. `depth` bounds how many jobs of a key are followed.
CREATE FUNCTION reasons_of(job bigint, depth integer) RETURNS reason[] LANGUAGE plpgsql STABLE AS $$
DECLARE
  j jobs;
  l leases;
  reasons reason[];
BEGIN
  SELECT * INTO j FROM jobs WHERE id = job;
  IF NOT FOUND THEN RETURN ARRAY[why_ended(job)]; END IF;
  SELECT * INTO l FROM leases
    WHERE queue = j.queue AND first_id <= job AND last_id >= job AND job = ANY (job_ids) LIMIT 1;
  IF FOUND THEN RETURN why_leased(j, l); END IF;
  reasons := why_held(j);
  IF EXISTS (SELECT FROM set_aside WHERE job_id = job) AND j.run_at = 'infinity' THEN
    reasons := why_aside(j) || reasons;
  ELSIF j.state IN ('scheduled', 'retry') THEN
    reasons := why_later(j) || reasons;
  ELSIF j.state = 'waiting' THEN
    reasons := why_behind(j, depth) || reasons;
  ELSE
    reasons := reasons || why_in_line(j) || why_slow();
  END IF;
  reasons := reasons || why_paused(j) || why_unclaimed(j);
  IF cardinality(reasons) = 0 THEN
    reasons := ARRAY[(
      'ready', 'nothing keeps it: the next claim takes it', ready_since(j), NULL, job,
      CASE WHEN ready_since(j) < clock_timestamp() - interval '10 seconds'
        THEN 'that is odd for a job that is ready for so long; see what pgq check says' END
    )::reason];
  END IF;
  RETURN reasons || why_expiring(j);
END $$;

-- The time since which a ready job could have started, or a later one.
CREATE FUNCTION ready_since(j jobs) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS $$
  SELECT greatest(j.created_at, j.run_at)
$$;

-- Says how a job has ended, or that there is none with this id.
CREATE FUNCTION why_ended(job bigint) RETURNS reason LANGUAGE plpgsql STABLE AS $$
DECLARE
  past finished_jobs;
BEGIN
  SELECT * INTO past FROM finished_jobs WHERE id = job ORDER BY finished_at DESC LIMIT 1;
  IF NOT FOUND THEN
    RETURN (
      'unknown', 'there is no such job, and no history of it', NULL, NULL, job,
      'history is kept as long as the row of ' || current_schema() || '.settings says'
    )::reason;
  END IF;
  RETURN (
    'finished', 'it ' || CASE past.outcome
      WHEN 'completed' THEN 'has completed' WHEN 'failed' THEN 'has failed for good'
      WHEN 'crashed' THEN 'has crashed its worker too often'
      ELSE 'was ' || past.outcome
    END || coalesce(': ' || first_line(past.error), ''),
    past.finished_at, NULL, job,
    CASE WHEN past.outcome <> 'completed' THEN 'pgq retry ' || job || ' queues it again' END
  )::reason;
END $$;

-- The first line of a text, cut short.
CREATE FUNCTION first_line(text text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT left(split_part(text, E'\n', 1), 200)
$$;

-- Says whether a leased job runs, or waits in its worker. A worker starts the jobs of its leases in
-- their order, so a job with as many jobs before it as the worker has slots cannot have started.
CREATE FUNCTION why_leased(j jobs, l leases) RETURNS reason[] LANGUAGE plpgsql STABLE AS $$
DECLARE
  w workers;
  host text;
  ahead integer;
  head bigint;
  reasons reason;
BEGIN
  SELECT * INTO w FROM workers WHERE id = l.worker_id;
  host := coalesce(format('worker %s on %s, process %s,', w.label, w.host, w.pid), 'a worker');
  IF j.state = 'waiting' THEN
    head := (
      SELECT id FROM jobs WHERE queue = j.queue AND serialization_key = j.serialization_key
        AND state IN ('ready', 'retry') LIMIT 1
    );
    reasons := (
      'prefetched', host || ' has it, and runs the jobs of its key one after the other',
      l.claimed_at, NULL, j.id, CASE WHEN head IS NOT NULL THEN 'pgq why ' || head END
    );
  ELSE
    ahead := (
      SELECT count(*) FROM leases AS own CROSS JOIN LATERAL unnest(own.job_ids) AS mine(id)
      JOIN jobs AS other ON other.id = mine.id AND other.state = 'ready'
      WHERE own.worker_id = l.worker_id AND (
        own.claimed_at < l.claimed_at OR own.id = l.id AND (
          other.priority > j.priority OR other.priority = j.priority
            AND coalesce(other.place, other.id) < coalesce(j.place, j.id)
        )
      )
    );
    IF ahead >= w.concurrency THEN
      reasons := (
        'prefetched', format('%s has it, and %s jobs that go first', host, ahead),
        l.claimed_at, NULL, j.id, NULL
      );
    ELSE
      reasons := (
        'running', host || ' runs it' || coalesce((
          SELECT format('; %s %% of it is done', round((100 * fraction)::numeric)) FROM progress
          WHERE job_id = j.id AND lease_id = l.id
        ), ''),
        l.claimed_at, NULL, j.id, 'pgq cancel ' || j.id || ' stops it'
      );
    END IF;
  END IF;
  RETURN ARRAY(
    SELECT ROW(
      'cancel-requested', format('%s has asked to stop it%s', asked_by, ': ' || reason),
      asked_at, NULL, j.id, NULL
    )::reason
    FROM cancel_requests WHERE lease_id = l.id AND job_id = j.id
  ) || reasons || CASE WHEN w.lease_until < clock_timestamp() THEN ARRAY[(
    'late-worker', 'the worker has not renewed its lease, and counts as dead soon', w.lease_until,
    NULL, j.id, 'then another worker gets the job'
  )::reason] END;
END $$;

-- Says for which time a job waits.
CREATE FUNCTION why_later(j jobs) RETURNS reason LANGUAGE plpgsql STABLE AS $$
DECLARE
  error text := coalesce(': ' || first_line(j.error), '');
  now_or_never text := format('pgq retry %s lets it start at once', j.id);
BEGIN
  IF j.run_at = 'infinity' AND j.state = 'retry' THEN
    RETURN (
      'blocked', 'it has failed for good, and blocks its key' || error, NULL, NULL, j.id,
      format('pgq retry %s, or pgq discard %s', j.id, j.id)
    )::reason;
  ELSIF j.run_at <= clock_timestamp() - interval '2 seconds' THEN
    RETURN (
      'due-not-promoted', 'it is due, and no process has made it ready', j.run_at, NULL, j.id,
      'pgq start: each worker does so for all queues'
    )::reason;
  ELSIF j.unhandled_count > 0 AND j.error LIKE 'no handler for %' THEN
    RETURN (
      'unknown-name', format('%s claims found no handler for "%s"', j.unhandled_count, j.name),
      NULL, j.run_at, j.id, now_or_never
    )::reason;
  ELSIF j.snooze_count > 0 THEN
    RETURN (
      'snoozed', format('its handler has put it off %s times%s', j.snooze_count, error), NULL,
      j.run_at, j.id, now_or_never
    )::reason;
  ELSIF j.failures > 0 THEN
    RETURN (
      'between-tries', format('it has failed %s times%s', j.failures, error), NULL, j.run_at,
      j.id, now_or_never
    )::reason;
  END IF;
  RETURN ('scheduled', 'it is for later', NULL, j.run_at, j.id, now_or_never)::reason;
END $$;

-- Says that a job was set aside while its name was paused, and comes back after the resume.
CREATE FUNCTION why_aside(j jobs) RETURNS reason[] LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN CASE WHEN why_paused(j) IS NULL THEN ARRAY[(
    'set-aside', 'it was set aside while its name was paused, and comes back now', NULL, NULL, j.id,
    format('maintenance of any process takes it back; pgq retry %s does so at once', j.id)
  )::reason] END;
END $$;

-- Names the pauses of a job's queue and of its name.
CREATE FUNCTION why_paused(j jobs) RETURNS reason[] LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (
    SELECT array_agg((
      CASE WHEN name = '' THEN 'queue-paused' ELSE 'name-paused' END,
      format('%s is paused by %s%s', CASE
        WHEN queue = '*' AND name = '' THEN 'each queue'
        WHEN name = '' THEN 'queue ' || queue
        ELSE format('the name "%s" in %s', name,
          CASE queue WHEN '*' THEN 'each queue' ELSE 'queue ' || queue END)
        END, paused_by, ': ' || reason),
      paused_at, until, j.id,
      'pgq resume ' || CASE queue WHEN '*' THEN '''*''' ELSE queue END
        || CASE WHEN name <> '' THEN ' --name ' || name ELSE '' END
    )::reason ORDER BY name)
    FROM pauses
    WHERE queue IN (j.queue, '*') AND name IN ('', j.name)
      AND (until IS NULL OR until > clock_timestamp())
  );
END $$;

-- Says when a job expires.
CREATE FUNCTION why_expiring(j jobs) RETURNS reason[] LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN j.expires_at < 'infinity' THEN ARRAY[(
    'expires', 'it ends as expired if it has not started by then', NULL, j.expires_at, j.id,
    format('pgq edit %s --expires-in TIME', j.id)
  )::reason] END
$$;

-- Says for which head a job waits behind its key, with the reasons of the head; or that a claim has
-- yet to give the lane a head.
CREATE FUNCTION why_behind(j jobs, depth integer) RETURNS reason[] LANGUAGE plpgsql STABLE AS $$
DECLARE
  first bigint := (
    SELECT id FROM jobs WHERE queue = j.queue AND serialization_key = j.serialization_key
      AND state IN ('ready', 'retry') LIMIT 1
  );
BEGIN
  IF first IS NOT NULL THEN
    RETURN (
      'behind-key', format('job %s of key %s goes first', first, j.serialization_key), NULL, NULL,
      first, 'pgq why ' || first
    )::reason || CASE WHEN depth > 1 THEN reasons_of(first, depth - 1) END;
  ELSIF EXISTS (
    SELECT FROM dirty_lanes WHERE queue = j.queue AND key = j.serialization_key
  ) THEN
    RETURN ARRAY[(
      'no-token', format('the next claim chooses the head of key %s', j.serialization_key), NULL,
      NULL, j.id, NULL
    )::reason];
  END IF;
  RETURN ARRAY[(
    'no-token', format('key %s has no head, and no marker', j.serialization_key), NULL, NULL, j.id,
    'maintenance of any process marks such keys, within minutes; that should not be needed'
  )::reason];
END $$;

-- Counts the ready jobs that go before a ready job, and says that a suspect is claimed with care.
CREATE FUNCTION why_in_line(j jobs) RETURNS reason[] LANGUAGE plpgsql STABLE AS $$
DECLARE
  leased bigint[] := ARRAY(SELECT unnest(job_ids) FROM leases WHERE queue = j.queue);
  ahead integer := (
    SELECT count(*) FROM (
      (
        SELECT FROM jobs
        WHERE queue = j.queue AND state = 'ready' AND crash_count = 0
          AND priority > j.priority AND id NOT IN (SELECT unnest(leased))
        LIMIT 10001
      ) UNION ALL (
        SELECT FROM jobs
        WHERE queue = j.queue AND state = 'ready' AND crash_count = 0
          AND priority = j.priority AND id NOT IN (SELECT unnest(leased))
          AND coalesce(place, id) < coalesce(j.place, j.id)
        LIMIT 10001
      )
    ) AS first
  );
  reasons reason[] := '{}';
BEGIN
  IF ahead > 0 THEN
    reasons := reasons || (
      'more-urgent', CASE WHEN ahead > 10000 THEN 'more than 10,000' ELSE ahead::text END
        || ' ready jobs of its queue go first',
      ready_since(j), NULL, j.id, format('pgq edit %s --priority N moves it forward', j.id)
    )::reason;
  END IF;
  IF j.crash_count > 0 THEN
    reasons := reasons || (
      'suspect', format('%s workers died while they had it', j.crash_count) || CASE
        WHEN j.crash_count > 1 THEN ', so it runs beside no other such job' ELSE '' END,
      NULL, NULL, j.id, NULL
    )::reason;
  END IF;
  RETURN reasons;
END $$;

-- Names the transaction that has locked the row of a job: PostgreSQL keeps its number in the row.
CREATE FUNCTION why_held(j jobs) RETURNS reason[] LANGUAGE sql STABLE AS $$
  SELECT coalesce(array_agg((
    'held', format('a transaction of %s (%s, process %s) has locked its row: %s', s.usename,
      coalesce(nullif(s.application_name, ''), 'no name'), s.pid, first_line(s.query)),
    s.xact_start, NULL, j.id,
    format('the end of that transaction; else select pg_terminate_backend(%s)', s.pid)
  )::reason), '{}')
  FROM jobs AS row
  JOIN pg_locks AS l ON l.locktype = 'transactionid' AND l.transactionid = row.xmax AND l.granted
  JOIN pg_stat_activity AS s ON s.pid = l.pid
  WHERE row.id = j.id AND l.pid <> pg_backend_pid()
$$;

-- Says that no worker claims jobs of this queue and name.
CREATE FUNCTION why_unclaimed(j jobs) RETURNS reason[] LANGUAGE plpgsql STABLE AS $$
DECLARE
  live integer;
  able integer;
  willing integer;
  free integer;
BEGIN
  SELECT count(*), count(*) FILTER (WHERE w.can),
         count(*) FILTER (WHERE w.can AND NOT w.is_stopping),
         count(*) FILTER (WHERE w.can AND NOT w.is_stopping AND w.held < w.concurrency)
    INTO live, able, willing, free FROM (
      SELECT concurrency, is_stopping, coalesce(j.name = ANY (names), true) AS can, (
        SELECT coalesce(sum(cardinality(job_ids)), 0) FROM leases WHERE worker_id = workers.id
      ) AS held
      FROM workers WHERE lease_until > clock_timestamp() AND j.queue = ANY (queues)
    ) AS w;
  RETURN CASE
    WHEN live = 0 THEN ARRAY[(
      'no-worker', format('no live worker takes jobs of queue %s', j.queue), NULL, NULL, j.id,
      'pgq start --queue ' || j.queue
    )::reason]
    WHEN able = 0 THEN ARRAY[(
      'no-handler', format('none of the workers of queue %s handles "%s"', j.queue, j.name), NULL,
      NULL, j.id, format('start a worker that has a handler for "%s"', j.name)
    )::reason]
    WHEN willing = 0 THEN ARRAY[(
      'workers-stopping', format('all workers of queue %s stop', j.queue), NULL, NULL, j.id,
      'pgq start --queue ' || j.queue
    )::reason]
    WHEN free = 0 THEN ARRAY[(
      'workers-busy', format('all slots of the %s workers are taken', willing), NULL, NULL, j.id,
      'more workers, or more slots: pgq start --workers N'
    )::reason]
  END || why_locked(j.queue);
END $$;

-- Names the sessions that keep the claims of a queue out: an exclusive claim that takes long, or a
-- holder of the advisory lock of a worker.
CREATE FUNCTION why_locked(q text) RETURNS reason[] LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (
    SELECT array_agg((
      'claims-locked', format('%s (%s, process %s) keeps claims of queue %s out', s.usename,
        coalesce(nullif(s.application_name, ''), 'no name'), s.pid, q),
      coalesce(s.xact_start, s.state_change), NULL, NULL,
      format('the end of that transaction; else select pg_terminate_backend(%s)', s.pid)
    )::reason)
    FROM pg_locks AS l JOIN pg_stat_activity AS s ON s.pid = l.pid
    WHERE l.locktype = 'advisory' AND l.granted AND l.mode = 'ExclusiveLock'
      AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND coalesce(s.xact_start, s.state_change) < clock_timestamp() - interval '1 second'
      AND (l.classid::bigint, l.objid::bigint, l.objsubid::integer) IN (
        SELECT hashtext(current_schema() || ':claims')::bigint & 4294967295,
               hashtext(q)::bigint & 4294967295, 2
        UNION ALL
        SELECT CASE WHEN keys[2] IS NULL THEN keys[1] >> 32 ELSE keys[1] END & 4294967295,
               coalesce(keys[2], keys[1]) & 4294967295, cardinality(keys)
        FROM (
          SELECT string_to_array(substr(mode, 10), ',')::bigint[] AS keys FROM workers
          WHERE mode LIKE 'advisory %' AND q = ANY (queues)
        ) AS own
      )
  );
END $$;

-- Names a transaction, open for longer than that, that keeps dead rows from being vacuumed: claims
-- walk over them.
CREATE FUNCTION why_slow(than interval DEFAULT '1 minute') RETURNS reason[]
LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN count(*) > 0 THEN array_agg(oldest.reason) END FROM (
    SELECT ROW(
      'xmin-pinned', format('a transaction of %s (%s, process %s) is open for long, and makes '
        'claims slow', usename, coalesce(nullif(application_name, ''), 'no name'), pid),
      xact_start, NULL, NULL, 'the end of that transaction'
    )::reason AS reason
    FROM pg_stat_activity
    WHERE datname = current_database() AND backend_xmin IS NOT NULL
      AND xact_start < clock_timestamp() - than
    ORDER BY age(backend_xmin) DESC LIMIT 1
  ) AS oldest
$$;
