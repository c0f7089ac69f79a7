-- How jobs end that have not ended by their time. The table of expiries says when to look; the row
-- of the job decides. A claim does not look: a job that is ready may start until a sweep has ended
-- it, and a job that is leased goes on.

-- Ends up to `jobs_max` jobs that have expired and are not leased, and looks again at the others:
-- at a leased one in 5 seconds, at one that another transaction has locked in one second.
-- `is_behind` says that more rows of expiries are due. `next_in` is the time until the first later
-- one, in seconds; NULL if there is none.
CREATE FUNCTION expire(
  jobs_max integer,
  OUT expired integer, OUT is_behind boolean, OUT next_in double precision
) LANGUAGE plpgsql AS $$
DECLARE
  -- One reading of the clock: a comparison with clock_timestamp() could use no index.
  clock timestamptz := clock_timestamp();
  places tid[];
  ids bigint[];
  locked bigint[];
  leased bigint[];
  next_at timestamptz;
BEGIN
  PERFORM require_read_committed();
  expired := 0;
  SELECT array_agg(due.place), array_agg(due.job_id) INTO places, ids FROM (
    SELECT ctid AS place, job_id FROM expiries WHERE at <= clock
    ORDER BY at LIMIT jobs_max FOR UPDATE SKIP LOCKED
  ) AS due;
  IF places IS NOT NULL THEN
    locked := ARRAY(
      SELECT id FROM jobs WHERE id = ANY (ids) AND expires_at <= clock FOR UPDATE SKIP LOCKED
    );
    -- A fresh look at the leases: a claim that had locked a row before has committed by now.
    leased := ARRAY(
      SELECT unnest(job_ids) FROM leases
      WHERE queue = ANY (ARRAY(SELECT queue FROM jobs WHERE id = ANY (locked)))
    );
    leased := ARRAY(SELECT unnest(locked) INTERSECT SELECT unnest(leased));
    IF cardinality(locked) > cardinality(leased) THEN
      expired := end_expired(ARRAY(SELECT unnest(locked) EXCEPT SELECT unnest(leased)));
    END IF;
    DELETE FROM expiries WHERE ctid = ANY (places); -- idiom: by place
    -- A job that expires later has another row.
    INSERT INTO expiries (at, job_id)
    SELECT clock + make_interval(secs => CASE WHEN id = ANY (locked) THEN 5 ELSE 1 END), id
    FROM jobs WHERE id = ANY (ids) AND expires_at <= clock
    ON CONFLICT DO NOTHING;
  END IF;
  next_at := (SELECT at FROM expiries ORDER BY at LIMIT 1);
  is_behind := coalesce(next_at <= clock, false);
  IF is_behind THEN
    next_at := (SELECT at FROM expiries WHERE at > clock ORDER BY at LIMIT 1);
  END IF;
  IF next_at IS NOT NULL THEN
    next_in := greatest(extract(epoch FROM next_at - clock_timestamp()), 0);
  END IF;
END $$;

-- Ends expired jobs in no lease, whose rows the caller has locked. Returns how many have ended: a
-- job that a user's trigger refuses to end keeps no other one from its end.
CREATE FUNCTION end_expired(jobs bigint[]) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  half integer := cardinality(jobs) / 2;
BEGIN
  PERFORM end_together(jobs);
  RETURN cardinality(jobs);
EXCEPTION WHEN OTHERS THEN
  -- Not refused, but hindered: a lock, the disk, the server.
  IF SQLSTATE ~ '^(40|53|55P03|57|58|XX)' THEN RAISE; END IF;
  IF half = 0 THEN
    RAISE WARNING 'job % has expired, and cannot be ended: %', jobs[1], SQLERRM;
    RETURN 0;
  END IF;
  RETURN end_expired(jobs[:half]) + end_expired(jobs[half + 1:]);
END $$;

-- Ends all these expired jobs, or none. A lane that loses its head gets another one. The error of a
-- job's last run stays.
CREATE FUNCTION end_together(expired bigint[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  q text;
  heads bigint[];
  mark text;
BEGIN
  FOR q, heads IN
    SELECT queue, array_agg(id) FROM jobs
    WHERE id = ANY (expired) AND serialization_key IS NOT NULL
      AND state || '' IN ('ready', 'retry') -- idiom: hidden column
    GROUP BY queue
  LOOP
    PERFORM mark_lanes(q, heads);
    PERFORM wake(q);
  END LOOP;
  mark := begin_step();
  PERFORM move_to_history(ARRAY[(NULL, NULL, 'expired', expired, NULL)::ended_jobs], NULL);
  PERFORM end_step(mark);
END $$;
