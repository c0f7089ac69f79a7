-- Figures for charts: what workers report of their runs, added up by minutes and by hours.

-- One row per queue and name of which a worker has ended runs since its last pulse. Workers append
-- pulses, and maintenance adds each one up once and deletes it. The pulses of a worker that dies
-- are lost with it: they are figures, not the record.
CREATE TABLE pulses (
  at        timestamptz NOT NULL DEFAULT clock_timestamp(),
  worker_id uuid NOT NULL,
  queue     text NOT NULL,
  name      text NOT NULL,
  -- The number of runs that ended in each way. CONTRACT.md, "Figures", has the order.
  counts    integer[] NOT NULL,
  -- Histograms: how long jobs were due until their handler began, and how long it ran.
  wait      integer[] NOT NULL,
  run       integer[] NOT NULL,
  PRIMARY KEY (at, worker_id, queue, name)
) WITH (
  autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
  autovacuum_vacuum_cost_delay = 0
);

-- The sums of the pulses of one minute.
CREATE TABLE minutes (
  -- The beginning of the minute.
  at     timestamptz NOT NULL,
  queue  text NOT NULL,
  name   text NOT NULL,
  counts integer[] NOT NULL,
  wait   integer[] NOT NULL,
  run    integer[] NOT NULL,
  PRIMARY KEY (at, queue, name)
);

-- The same by hours, which are kept for longer. The present hour has its minutes up to the last.
CREATE TABLE hours (
  at     timestamptz NOT NULL,
  queue  text NOT NULL,
  name   text NOT NULL,
  counts integer[] NOT NULL,
  wait   integer[] NOT NULL,
  run    integer[] NOT NULL,
  PRIMARY KEY (at, queue, name)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

-- One look a minute at each queue that has jobs, and one more when it has none any more. The
-- counts are bounded: 10000 stands for that many or more.
CREATE TABLE samples (
  -- The beginning of the minute.
  at        timestamptz NOT NULL,
  queue     text NOT NULL,
  -- Not in a lease.
  ready     integer NOT NULL,
  -- Behind another job of their lane.
  waiting   integer NOT NULL,
  running   integer NOT NULL,
  -- For later, or between two tries. Of all queues, the first ones are counted.
  scheduled integer NOT NULL,
  -- Failed heads that hold their lane. The same.
  blocked   integer NOT NULL,
  -- How long the oldest ready job could have started, in seconds.
  latency   real NOT NULL,
  PRIMARY KEY (at, queue)
);

-- Whether a call of `roll_up` finds pulses, or one of `sample` finds jobs.
CREATE FUNCTION figures_due() RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  this_minute timestamptz := date_bin('1 minute', clock_timestamp(), 'epoch');
BEGIN
  RETURN EXISTS (SELECT FROM pulses WHERE at < this_minute)
    OR NOT EXISTS (SELECT FROM samples WHERE at = this_minute)
       AND (EXISTS (SELECT FROM jobs) OR cardinality(queues_left()) > 0);
END $$;

-- The queues that had jobs at the last look.
CREATE FUNCTION queues_left() RETURNS text[] LANGUAGE sql STABLE AS $$
  SELECT ARRAY(
    SELECT queue FROM samples
    WHERE at = (SELECT at FROM samples ORDER BY at DESC LIMIT 1)
      AND ready + waiting + running + scheduled + blocked > 0
  )
$$;

-- Looks at all queues that have jobs, unless another process has done so in this minute. Returns at
-- how many. Gives up after a second, with the queues that it has by then: an index may be full of
-- entries of jobs that are gone. Each call takes the queues in another order.
CREATE FUNCTION sample(counted_max integer DEFAULT 10000) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  clock timestamptz := clock_timestamp();
  this_minute timestamptz := date_bin('1 minute', clock, 'epoch');
  later jsonb;
  blocked jsonb;
  q text;
  looks integer := 0;
BEGIN
  IF NOT pg_try_advisory_xact_lock(hashtext(current_schema() || ':sample'), 0)
     OR EXISTS (SELECT FROM samples WHERE at = this_minute) THEN
    RETURN 0;
  END IF;
  SELECT jsonb_object_agg(queue, n) INTO later FROM (
    SELECT queue, count(*) AS n FROM (
      SELECT queue FROM jobs WHERE state IN ('scheduled', 'retry') AND run_at < 'infinity'
      ORDER BY run_at LIMIT counted_max
    ) AS found GROUP BY queue
  ) AS counted;
  SELECT jsonb_object_agg(queue, n) INTO blocked FROM (
    SELECT queue, count(*) AS n FROM (
      SELECT id, queue, state FROM jobs
      WHERE state IN ('scheduled', 'retry') AND run_at = 'infinity' LIMIT counted_max
    ) AS found
    WHERE state = 'retry' AND NOT EXISTS (SELECT FROM set_aside WHERE job_id = found.id)
    GROUP BY queue
  ) AS counted;
  FOREACH q IN ARRAY queues_to_sample(later, blocked) LOOP
    INSERT INTO samples
    SELECT this_minute, q, look.ready, look.waiting, look.running,
           coalesce((later ->> q)::integer, 0), coalesce((blocked ->> q)::integer, 0),
           latency_of(q, clock)
    FROM count_queue(q, counted_max) AS look
    ON CONFLICT (at, queue) DO NOTHING;
    looks := looks + 1;
    EXIT WHEN clock_timestamp() > clock + interval '1 second';
  END LOOP;
  RETURN looks;
END $$;

-- The queues that have jobs, and those that had some at the last look; some hundreds at most.
CREATE FUNCTION queues_to_sample(later jsonb, blocked jsonb) RETURNS text[] LANGUAGE sql AS $$
  -- idiom: skip scan
  WITH RECURSIVE ready AS (
    (SELECT queue FROM jobs WHERE state = 'ready' AND crash_count = 0 ORDER BY queue LIMIT 1)
    UNION ALL
    SELECT (SELECT next.queue FROM jobs AS next
            WHERE next.state = 'ready' AND next.crash_count = 0 AND next.queue > ready.queue
            ORDER BY next.queue LIMIT 1)
    FROM ready WHERE ready.queue IS NOT NULL
  ), waiting AS (
    (SELECT queue FROM jobs WHERE state = 'waiting' ORDER BY queue LIMIT 1)
    UNION ALL
    SELECT (SELECT next.queue FROM jobs AS next
            WHERE next.state = 'waiting' AND next.queue > waiting.queue
            ORDER BY next.queue LIMIT 1)
    FROM waiting WHERE waiting.queue IS NOT NULL
  )
  SELECT ARRAY(
    SELECT queue FROM (
      (SELECT queue FROM ready LIMIT 500) UNION (SELECT queue FROM waiting LIMIT 500)
      UNION SELECT unnest(queues_left())
      UNION SELECT jsonb_object_keys(later) UNION SELECT jsonb_object_keys(blocked)
    ) AS known
    WHERE queue IS NOT NULL ORDER BY random() LIMIT 500
  )
$$;

-- Counts the jobs of a queue: those in leases, and each kind of the others up to a bound.
CREATE FUNCTION count_queue(
  q text, counted_max integer, OUT ready integer, OUT waiting integer, OUT running integer
) LANGUAGE plpgsql AS $$
BEGIN
  running := (
    SELECT count(*) FROM (
      SELECT unnest(job_ids) AS id FROM leases WHERE queue = q LIMIT counted_max
    ) AS leased
    WHERE EXISTS (SELECT FROM jobs WHERE jobs.id = leased.id AND state = 'ready')
  );
  ready := (
    SELECT count(*) FROM (
      SELECT FROM jobs WHERE queue = q AND state = 'ready' AND crash_count = 0
      LIMIT counted_max + running
    ) AS found
  ) + (
    SELECT count(*) FROM (
      SELECT FROM jobs WHERE queue = q AND state = 'ready' AND crash_count > 0 LIMIT counted_max
    ) AS found
  );
  ready := least(greatest(ready - running, 0), counted_max);
  waiting := (
    SELECT count(*) FROM (
      SELECT FROM jobs WHERE queue = q AND state = 'waiting' LIMIT counted_max
    ) AS found
  );
END $$;

-- For how long the first ready job of each priority could have started, the longest time of them,
-- in seconds. Looks at 50 priorities at most.
CREATE FUNCTION latency_of(q text, clock timestamptz) RETURNS real LANGUAGE plpgsql AS $$
DECLARE
  leased bigint[] := ARRAY(SELECT unnest(job_ids) FROM leases WHERE queue = q);
  band integer := 2147483647;
  since timestamptz;
  first jobs;
BEGIN
  FOR turn IN 1..50 LOOP
    band := (
      SELECT priority FROM jobs
      WHERE queue = q AND state = 'ready' AND crash_count = 0 AND priority <= band
      ORDER BY priority DESC LIMIT 1
    );
    EXIT WHEN band IS NULL;
    SELECT * INTO first FROM jobs
    WHERE queue = q AND state = 'ready' AND crash_count = 0 AND priority = band
      AND id NOT IN (SELECT unnest(leased))
    ORDER BY coalesce(place, id) LIMIT 1; -- idiom: place index
    since := least(since, ready_since(first));
    EXIT WHEN band = -2147483648;
    band := band - 1;
  END LOOP;
  RETURN greatest(coalesce(extract(epoch FROM clock - since), 0), 0);
END $$;

-- Adds some pulses up to minutes and hours, of minutes that are over, and deletes them. Returns how
-- many. One call at a time does so. A pulse whose transaction commits after its minute was added up
-- is added by a later call.
CREATE FUNCTION roll_up(pulses_max integer DEFAULT 10000) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  this_minute timestamptz := date_bin('1 minute', clock_timestamp(), 'epoch');
  added integer;
BEGIN
  IF NOT pg_try_advisory_xact_lock(hashtext(current_schema() || ':roll_up'), 0) THEN
    RETURN 0;
  END IF;
  EXECUTE format(
    'WITH taken AS ('
    '  DELETE FROM pulses WHERE ctid = ANY (ARRAY(' -- idiom: by place
    '    SELECT ctid FROM pulses WHERE at < $1 ORDER BY at LIMIT $2'
    '  )) RETURNING *'
    '), per_minute AS (%s), per_hour AS (%s)'
    'SELECT count(*) FROM taken',
    adding_up('minutes', '1 minute'), adding_up('hours', '1 hour')
  ) INTO added USING this_minute, pulses_max;
  RETURN added;
END $$;

-- The expression for the sums of each element of one column of figures.
CREATE FUNCTION sums_of(figures text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT 'ARRAY[' || string_agg(format('coalesce(sum(%s[%s]), 0)', figures, n), ', ' ORDER BY n)
         || ']'
  FROM generate_series(1, CASE figures WHEN 'counts' THEN 9 ELSE 18 END) AS n
$$;

-- The statement that adds the pulses of `taken` to a table. A plain sum of each element is ten
-- times as fast as a call of a function for each array.
CREATE FUNCTION adding_up(to_table text, span text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT format(
    'INSERT INTO %1$s AS old (at, queue, name, counts, wait, run) '
    'SELECT date_bin(%2$L, at, ''epoch''), queue, name, %3$s, %4$s, %5$s FROM taken '
    'GROUP BY 1, 2, 3 ORDER BY 1, 2, 3 '
    'ON CONFLICT (at, queue, name) DO UPDATE SET '
    'counts = add_arrays(old.counts, excluded.counts), '
    'wait = add_arrays(old.wait, excluded.wait), run = add_arrays(old.run, excluded.run)',
    to_table, span, sums_of('counts'), sums_of('wait'), sums_of('run')
  )
$$;

CREATE FUNCTION add_arrays(a integer[], b integer[]) RETURNS integer[] LANGUAGE sql IMMUTABLE AS $$
  SELECT ARRAY(
    SELECT coalesce(x, 0) + coalesce(y, 0)
    FROM unnest(a, b) WITH ORDINALITY AS pairs(x, y, n) ORDER BY n
  )
$$;

-- Deletes some minutes, hours and samples that are past keeping. Returns the greatest number.
CREATE FUNCTION forget_figures() RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  clock timestamptz := clock_timestamp();
  since_minutes timestamptz;
  since_hours timestamptz;
  dropped_minutes integer;
  dropped_hours integer;
  dropped_samples integer;
BEGIN
  SELECT clock - keep_minutes, clock - keep_hours INTO since_minutes, since_hours
    FROM settings WHERE singleton;
  DELETE FROM minutes WHERE ctid = ANY (ARRAY( -- idiom: by place
    SELECT ctid FROM minutes WHERE at < since_minutes ORDER BY at LIMIT 5000
  ));
  GET DIAGNOSTICS dropped_minutes = ROW_COUNT;
  DELETE FROM hours WHERE ctid = ANY (ARRAY( -- idiom: by place
    SELECT ctid FROM hours WHERE at < since_hours ORDER BY at LIMIT 5000
  ));
  GET DIAGNOSTICS dropped_hours = ROW_COUNT;
  DELETE FROM samples WHERE ctid = ANY (ARRAY( -- idiom: by place
    SELECT ctid FROM samples WHERE at < since_minutes ORDER BY at LIMIT 5000
  ));
  GET DIAGNOSTICS dropped_samples = ROW_COUNT;
  RETURN greatest(dropped_minutes, dropped_hours, dropped_samples);
END $$;

-- The points of a chart from `since` up to `until`, one for each `step` that has figures: for
-- `finished` the counts of each end, for `wait` and `run` the histogram; for `depth` the greatest
-- numbers of ready, waiting, running, scheduled and blocked jobs; for `latency` the greatest.
-- NULL stands for all queues or names. Steps of an hour and more read `hours`. `by_column` asks
-- for points of each queue, or of each name, with its `label`: those with the most runs, 100 at
-- most, or as many as have 10000 points together.
CREATE FUNCTION series_of(
  what text, asked_queue text, asked_name text, since timestamptz, until timestamptz, step interval,
  by_column text DEFAULT NULL
) RETURNS TABLE (at timestamptz, numbers double precision[], label text)
LANGUAGE plpgsql STABLE AS $$
DECLARE
  figures text := CASE what WHEN 'finished' THEN 'counts' WHEN 'wait' THEN what WHEN 'run' THEN what
                  END;
BEGIN
  IF what IN ('depth', 'latency') IS NOT TRUE AND figures IS NULL THEN
    RAISE EXCEPTION 'a series is one of finished, wait, run, depth and latency'
      USING ERRCODE = '22023';
  ELSIF (step >= interval '1 minute' AND until - since <= step * 1000) IS NOT TRUE THEN
    RAISE EXCEPTION 'a series has 1000 points at most, and a step of a minute or more'
      USING ERRCODE = '22023';
  ELSIF by_column IS NOT NULL AND (figures IS NULL OR by_column NOT IN ('queue', 'name')) THEN
    RAISE EXCEPTION 'finished, wait and run have a series for each queue or name, and others do not'
      USING ERRCODE = '22023';
  END IF;
  IF figures IS NULL THEN
    RETURN QUERY
    SELECT date_bin(step, seen.at, 'epoch'),
           CASE what
             WHEN 'latency' THEN ARRAY[max(seen.latency)]::double precision[]
             ELSE ARRAY[max(seen.ready), max(seen.waiting), max(seen.running), max(seen.scheduled),
                        max(seen.blocked)]::double precision[]
           END,
           NULL::text
    FROM (
      SELECT s.at, sum(s.ready) AS ready, sum(s.waiting) AS waiting, sum(s.running) AS running,
             sum(s.scheduled) AS scheduled, sum(s.blocked) AS blocked, max(s.latency) AS latency
      FROM samples AS s
      WHERE s.at >= since AND s.at < until AND (asked_queue IS NULL OR s.queue = asked_queue)
      GROUP BY s.at
    ) AS seen
    GROUP BY 1 ORDER BY 1;
    RETURN;
  END IF;
  RETURN QUERY EXECUTE format(
    'WITH points AS ('
    '  SELECT date_bin($1, at, ''epoch'') AS at, %s::double precision[] AS numbers, %s AS label'
    '  FROM %s'
    '  WHERE at >= $2 AND at < $3 AND ($4 IS NULL OR queue = $4) AND ($5 IS NULL OR name = $5)'
    '  GROUP BY 1, 3'
    ') SELECT at, numbers, label FROM points '
    'WHERE label IS NULL OR label IN ('
    '  SELECT label FROM points GROUP BY label'
    '  ORDER BY sum((SELECT sum(n) FROM unnest(numbers) AS n)) DESC, label'
    '  LIMIT least(100, floor(10000 / ceil(extract(epoch FROM $3 - $2) / extract(epoch FROM $1))))'
    ') ORDER BY 1, 3',
    sums_of(figures), CASE by_column WHEN 'queue' THEN 'queue' WHEN 'name' THEN 'name'
                      ELSE 'NULL::text' END,
    CASE WHEN step >= interval '1 hour' THEN 'hours' ELSE 'minutes' END
  ) USING step, since, until, asked_queue, asked_name;
END $$;

-- Queues as autoscalers and people see them, in one look: for how long the first ready job could
-- have started, how many jobs are ready and running, the slots of live workers, and the lanes that
-- wait for a person. 10000 stands for as many or more. A condition on `queue` leaves the jobs of
-- other queues uncounted.
CREATE FUNCTION queues_seen(OUT queue text, OUT slots integer, OUT blocked integer)
RETURNS SETOF record LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN QUERY
  WITH lanes AS (
    SELECT never.queue, count(*)::integer AS n FROM (
      SELECT j.id, j.queue, j.state FROM jobs AS j
      WHERE j.state IN ('scheduled', 'retry') AND j.run_at = 'infinity' LIMIT 10000
    ) AS never
    WHERE never.state = 'retry' AND NOT EXISTS (SELECT FROM set_aside WHERE job_id = never.id)
    GROUP BY never.queue
  ), served AS (
    SELECT own.queue, sum(w.concurrency)::integer AS n
    FROM workers AS w CROSS JOIN LATERAL unnest(w.queues) AS own(queue)
    WHERE w.lease_until > clock_timestamp() AND NOT w.is_stopping GROUP BY own.queue
  ), known AS (
    SELECT unnest(queues_to_sample(NULL, NULL)) AS name
    UNION SELECT lanes.queue FROM lanes UNION SELECT served.queue FROM served
  )
  SELECT known.name, coalesce(served.n, 0), coalesce(lanes.n, 0)
  FROM known LEFT JOIN served ON served.queue = known.name
  LEFT JOIN lanes ON lanes.queue = known.name;
END $$;

-- Counts the jobs of a queue for `queue_health`.
CREATE FUNCTION health_of(q text, OUT latency_s real, OUT ready integer, OUT running integer)
LANGUAGE plpgsql STABLE AS $$
BEGIN
  SELECT look.ready, look.running INTO ready, running FROM count_queue(q, 10000) AS look;
  latency_s := latency_of(q, clock_timestamp());
END $$;

CREATE VIEW queue_health AS
SELECT seen.queue, own.latency_s, own.ready, own.running, seen.slots, seen.blocked
FROM queues_seen() AS seen CROSS JOIN LATERAL health_of(seen.queue) AS own;
