-- After rows came in or were changed while pgq's triggers did not fire: a restore of data alone
-- with the triggers disabled, session_replication_role = replica, a subscriber that takes over from
-- its publisher.

-- Puts right what the triggers would have seen to: states, lanes, leases, the next ids; wakes
-- everybody.
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
  -- Nobody takes an id while the counter is set, or it would be set back behind it.
  LOCK TABLE jobs IN SHARE ROW EXCLUSIVE MODE;
  FOREACH counted IN ARRAY ARRAY['jobs', 'dirty_lanes'] LOOP
    counter := pg_get_serial_sequence(counted, 'id');
    EXECUTE format('SELECT max(id) FROM %I', counted) INTO highest;
    IF counted = 'jobs' THEN
      highest := greatest(highest, (SELECT max(id) FROM finished_jobs));
    END IF;
    EXECUTE format('SELECT last_value FROM %s', counter) INTO last;
    IF highest >= last THEN PERFORM setval(counter, highest); END IF;
  END LOOP;

  gone := ARRAY(SELECT unnest(job_ids) FROM leases EXCEPT SELECT id FROM jobs);
  IF cardinality(gone) > 0 THEN
    INSERT INTO withdrawals (job_ids) VALUES (gone);
  END IF;

  mark := begin_step();
  -- A claim may have leased one of them until its row was locked: leases are looked at afterwards.
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
  PERFORM wake_all(ARRAY(SELECT DISTINCT queue FROM jobs));
  PERFORM notify_wake('due');
END $$;
