-- Puts jobs right that came in, or were changed, while pgq's triggers did not fire: in a restore of
-- data alone with the triggers disabled, under session_replication_role = replica, on a subscriber
-- that takes over from its publisher. It corrects states, lanes, leases, expiries and the next ids,
-- and wakes all workers.
CREATE FUNCTION mend() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  mark text;
  gone bigint[];
  early bigint[];
  highest bigint;
  last bigint;
  counted text;
  counter text;
BEGIN
  PERFORM require_read_committed();
  -- While the table is locked no transaction takes an id, which setval could give a second time.
  LOCK TABLE jobs IN SHARE ROW EXCLUSIVE MODE;
  FOREACH counted IN ARRAY ARRAY['jobs', 'dirty_lanes'] LOOP
    counter := pg_get_serial_sequence(counted, 'id');
    EXECUTE format('SELECT max(id) FROM %I', counted) INTO highest;
    IF counted = 'jobs' THEN
      highest := greatest(
        highest, (SELECT max(place) FROM jobs), (SELECT max(id) FROM finished_jobs)
      );
    END IF;
    EXECUTE format('SELECT last_value FROM %s', counter) INTO last;
    IF highest >= last THEN PERFORM setval(counter, highest); END IF;
  END LOOP;

  gone := ARRAY(SELECT unnest(job_ids) FROM leases EXCEPT SELECT id FROM jobs);
  IF cardinality(gone) > 0 THEN
    INSERT INTO withdrawals (job_ids) VALUES (gone);
  END IF;

  DELETE FROM set_aside AS aside WHERE NOT EXISTS (
    SELECT FROM jobs WHERE id = aside.job_id AND run_at = 'infinity'
  );

  mark := begin_step();
  -- The look at the leases comes after the lock: until then, a claim could lease one of the jobs.
  early := ARRAY(
    SELECT id FROM jobs WHERE state IN ('ready', 'waiting') AND run_at > clock_timestamp()
    FOR UPDATE
  );
  UPDATE jobs SET state = 'scheduled'
  WHERE id = ANY (early) AND id NOT IN (SELECT unnest(job_ids) FROM leases);
  PERFORM end_step(mark);

  INSERT INTO dirty_lanes (queue, key, priority)
  SELECT queue, serialization_key, max(priority) FROM jobs
  WHERE serialization_key IS NOT NULL AND state IN ('ready', 'waiting') GROUP BY 1, 2;
  INSERT INTO expiries (at, job_id)
  SELECT expires_at, id FROM jobs WHERE expires_at < 'infinity' ON CONFLICT DO NOTHING;
  PERFORM wake_all(ARRAY(SELECT DISTINCT queue FROM jobs));
  PERFORM notify_wake('due');
END $$;
