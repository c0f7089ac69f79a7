-- What time brings. Any process may call these at any time: nobody leads, and the work is done once.

-- Makes up to `limit_` due jobs ready. `is_behind` tells that there are more: too many, or somebody holds
-- them. `next_in` is the seconds until the first of those that are not due yet, NULL if there is none.
CREATE FUNCTION promote(
  limit_ integer, OUT promoted integer, OUT is_behind boolean, OUT next_in double precision
) LANGUAGE plpgsql AS $$
DECLARE
  -- Once: compared with the running clock, every scheduled job would be read.
  clock timestamptz := clock_timestamp();
  due bigint[];
  next_at timestamptz;
  q text;
  mark text;
BEGIN
  PERFORM require_read_committed();
  due := ARRAY(
    SELECT id FROM jobs
    WHERE state IN ('scheduled', 'retry') AND run_at <= clock
    ORDER BY run_at LIMIT limit_ FOR UPDATE SKIP LOCKED
  );
  promoted := cardinality(due);
  IF promoted > 0 THEN
    -- A lane gets a look for each of them: a new one may go first, a retried one may be overtaken.
    INSERT INTO lane_wakes (queue, key)
    SELECT DISTINCT queue, serialization_key FROM jobs
    WHERE id = ANY (due) AND serialization_key IS NOT NULL;
    mark := begin_step();
    UPDATE jobs SET state = CASE
      WHEN state = 'scheduled' AND serialization_key IS NOT NULL THEN 'waiting' ELSE 'ready'
    END
    WHERE id = ANY (due);
    PERFORM end_step(mark);
    FOR q IN SELECT DISTINCT queue FROM jobs WHERE id = ANY (due) LOOP
      PERFORM wake(q);
    END LOOP;
  END IF;
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

-- Takes a lease apart and hands its jobs back; returns how many. After a crash they are suspects, claimed
-- alone; those in their third are failed as crashed. While somebody is changing one of them by hand, a
-- crashed lease stays, for a later rescue: nobody waits.
CREATE FUNCTION give_back(l leases, has_crashed boolean) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  free bigint[];
  poisoned bigint[];
  ended leases;
  mark text;
BEGIN
  IF has_crashed THEN
    free := ARRAY(SELECT id FROM jobs WHERE id = ANY (l.job_ids) FOR UPDATE SKIP LOCKED);
    IF EXISTS (SELECT FROM jobs WHERE id = ANY (l.job_ids) AND id <> ALL (free)) THEN RETURN 0; END IF;
  END IF;
  DELETE FROM leases WHERE id = l.id;
  PERFORM mark_lanes(l.queue, l.job_ids);
  IF has_crashed THEN
    mark := begin_step();
    poisoned := ARRAY(SELECT id FROM jobs WHERE id = ANY (l.job_ids) AND crash_count >= 2);
    ended := l;
    ended.job_ids := poisoned;
    PERFORM finish(ARRAY[ended], 'crashed', (
      SELECT jsonb_object_agg(id::text, 'the worker died during this job, for the third time')
      FROM unnest(poisoned) AS id
    ));
    UPDATE jobs SET crash_count = crash_count + 1 WHERE id = ANY (l.job_ids);
    PERFORM end_step(mark);
  END IF;
  PERFORM wake(l.queue);
  RETURN cardinality(l.job_ids);
END $$;

-- Hands back the jobs of workers that stopped renewing. Returns how many jobs. Nobody is dead at first
-- sight: the clock may have jumped, or nobody could reach the server for a while. Who is late is doubted,
-- and has half a lease from then on to renew; after a start of the server, a whole one.
CREATE FUNCTION rescue() RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  clock timestamptz := clock_timestamp();
  dead uuid[];
  l leases;
  rescued integer := 0;
BEGIN
  PERFORM require_read_committed();
  UPDATE workers SET doubted_at = clock WHERE id IN (
    SELECT id FROM workers
    WHERE doubted_at IS NULL AND lease_until - lease * 0.6 <= clock FOR UPDATE SKIP LOCKED
  );
  dead := ARRAY(
    SELECT id FROM workers
    WHERE lease_until <= clock AND doubted_at + lease * 0.5 <= clock
      AND pg_postmaster_start_time() + lease <= clock
    FOR UPDATE SKIP LOCKED
  );
  FOR l IN
    SELECT * FROM leases AS held
    WHERE held.worker_id = ANY (dead) OR NOT EXISTS (SELECT FROM workers AS w WHERE w.id = held.worker_id)
    FOR UPDATE SKIP LOCKED
  LOOP
    rescued := rescued + give_back(l, true);
  END LOOP;
  DELETE FROM workers WHERE id = ANY (dead);
  RETURN rescued;
END $$;

-- Ends one worker: by itself, with what it still holds unharmed, or because it is known to be dead. Its row
-- goes last: a claim of its own waits for that row, with jobs locked that a settlement may wait for.
CREATE FUNCTION leave(worker uuid, has_crashed boolean) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  l leases;
BEGIN
  PERFORM require_read_committed();
  FOR l IN SELECT * FROM leases WHERE worker_id = worker ORDER BY id FOR UPDATE LOOP
    PERFORM give_back(l, has_crashed);
  END LOOP;
  DELETE FROM workers WHERE id = worker;
END $$;

-- Hands back what is leased to a worker that does not know of it: the answer to its claim was lost.
-- `gone` are those of the leases it knows that are no longer its own.
CREATE FUNCTION reconcile(worker uuid, known uuid[], OUT released integer, OUT gone uuid[])
LANGUAGE plpgsql AS $$
DECLARE
  l leases;
BEGIN
  PERFORM require_read_committed();
  released := 0;
  FOR l IN
    SELECT * FROM leases WHERE worker_id = worker AND id <> ALL (known) ORDER BY id FOR UPDATE
  LOOP
    released := released + give_back(l, false);
  END LOOP;
  gone := ARRAY(
    SELECT lease FROM unnest(known) AS lease
    WHERE NOT EXISTS (SELECT FROM leases AS held WHERE held.id = lease)
  );
END $$;

-- Drops receipts that nobody will ask for any more.
CREATE FUNCTION forget() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  kept_since timestamptz := clock_timestamp() - interval '5 minutes';
BEGIN
  IF NOT pg_try_advisory_xact_lock(hashtext(current_schema() || ':forget'), 0) THEN RETURN; END IF;
  DELETE FROM receipts WHERE added_at < kept_since;
END $$;

-- Makes a partition of `parent` for each of the next seven days and drops those past keeping. Both wait until
-- nobody uses `parent`, and all that comes after waits behind them, settlements too: not for long, therefore,
-- and for one parent a transaction, as a settlement may hold the other one and wait for this.
CREATE FUNCTION keep_days(parent text, keep interval) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  first_day date := current_date;
  day date;
  partition text;
  is_taken boolean;
BEGIN
  IF NOT pg_try_advisory_xact_lock(hashtext(current_schema() || ':prune'), hashtext(parent)) THEN
    RETURN;
  END IF;
  EXECUTE format('DELETE FROM %I WHERE finished_at <= now() - %L::interval', parent || '_other', keep);
  FOR day IN SELECT generate_series(first_day, first_day + 7, '1 day')::date LOOP
    partition := parent || to_char(day, '_YYYYMMDD');
    CONTINUE WHEN to_regclass(quote_ident(partition)) IS NOT NULL;
    -- Jobs that finished while the day had no partition stay where they are.
    EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE finished_at >= %L AND finished_at < %L)',
                   parent || '_other', day, day + 1) INTO is_taken;
    CONTINUE WHEN is_taken;
    EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)',
                   partition, parent, day, day + 1);
  END LOOP;
  FOR partition, day IN
    SELECT c.relname, to_date(right(c.relname, 8), 'YYYYMMDD')
    FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
    WHERE i.inhparent = quote_ident(parent)::regclass AND c.relname ~ '_\d{8}$'
  LOOP
    IF day + 1 <= now() - keep AND day < first_day THEN
      EXECUTE format('DROP TABLE %I', partition);
    END IF;
  END LOOP;
END $$;

CREATE FUNCTION prune_completed() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM keep_days('completed_jobs', (SELECT keep_completed FROM settings WHERE singleton));
END $$;

CREATE FUNCTION prune_failed() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM keep_days('failed_jobs', (SELECT keep_failed FROM settings WHERE singleton));
END $$;
