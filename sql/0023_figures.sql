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

-- Whether a call of `roll_up` finds pulses.
CREATE FUNCTION figures_due() RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  this_minute timestamptz := date_bin('1 minute', clock_timestamp(), 'epoch');
BEGIN
  RETURN EXISTS (SELECT FROM pulses WHERE at < this_minute);
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

-- Deletes some minutes and hours that are past keeping. Returns the greatest number.
CREATE FUNCTION forget_figures() RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  clock timestamptz := clock_timestamp();
  since_minutes timestamptz;
  since_hours timestamptz;
  dropped_minutes integer;
  dropped_hours integer;
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
  RETURN greatest(dropped_minutes, dropped_hours);
END $$;
