-- How a worker takes jobs: one statement for all its queues, which changes no job row.

-- Takes up to `jobs_max` ready jobs, and of each claimed lane up to `per_lane_max` more.
--
-- - The queues that have jobs share by turns, whatever the priorities of their jobs; the queues
--   named first go first.
-- - `slots` bounds the suspects.
-- - With `is_exclusive` the claim is alone on its queues. `user_lock`, one bigint or two integers,
--   is an advisory lock that the claim holds meanwhile.
-- - A worker whose last claim was refused asks with `is_careful`. Then a lane whose jobs a user's
--   trigger refuses to change keeps no other lane from its order.
-- - The claim looks for jobs in the ranges that it is given: see CONTRACT.md, "Ranges". Without
--   ranges it looks everywhere. So it does when it has made new heads, which may stand outside of
--   all ranges, and with `looks_below` when it has found nothing in the ranges.
-- - No job of a paused queue is taken. A job of a paused name is set aside instead: it costs one
--   rewrite, and later claims do not meet it.
-- - A claim that finds nothing marks the worker asleep; one that finds jobs wakes it, if `is_busy`.
-- - The rows come in no order. `place` is NULL for a job behind the head of its lane; `waited` is
--   how many seconds the job has been due. `was_scheduled` says that the job was for later; NULL is
--   no. A row of NULLs says that another claim at once may find jobs that this one passed by: lanes
--   are to be put in order still, there are suspects beside the jobs that were found, or jobs were
--   set aside.
-- - A payload of more than 4,000 bytes, or of 1,000 stored bytes, is NULL. The answer is written
--   while locks are held, so a frozen client must not be able to stop the answer by not reading.
CREATE FUNCTION claim(
  queues text[], worker uuid, jobs_max integer, slots integer, per_lane_max integer,
  is_exclusive boolean, user_lock bigint[],
  is_careful boolean DEFAULT false, looks_below boolean DEFAULT true, is_busy boolean DEFAULT true,
  range_queues text[] DEFAULT NULL, range_tops integer[] DEFAULT NULL,
  range_bottoms integer[] DEFAULT NULL, range_floors bigint[] DEFAULT NULL
) RETURNS TABLE (
  lease uuid, id bigint, queue text, name text, payload text, serialization_key text,
  priority integer, failures integer, max_attempts integer, unhandled_count integer,
  snooze_count integer, expires_at timestamptz, is_suspect boolean, was_scheduled boolean,
  place bigint, traceparent text, waited real
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  busy text[] := lock_queues(queues, is_exclusive, user_lock);
  was_asleep boolean;
  is_marked boolean;
  has_pauses boolean;
  admitted record;
  is_behind boolean := false;
  taken record;
BEGIN
  SELECT asleep, EXISTS (SELECT FROM dirty_lanes AS marker WHERE marker.queue = ANY (busy)),
         EXISTS (SELECT FROM pauses)
    INTO was_asleep, is_marked, has_pauses FROM workers AS w WHERE w.id = worker;
  IF NOT FOUND THEN
    RAISE 'worker % is not registered, or was taken for dead', worker USING ERRCODE = 'PGQ01';
  END IF;
  IF has_pauses THEN busy := open_queues(busy); END IF;
  IF is_marked AND cardinality(busy) > 0 THEN
    admitted := admit(busy, 200, is_careful);
    is_behind := admitted.is_behind;
    IF admitted.given > 0 THEN range_queues := NULL; END IF;
  END IF;
  FOR round IN 1..11 LOOP
    IF cardinality(busy) = 1 THEN
      taken := take_jobs(busy[1], worker, jobs_max, slots, per_lane_max, has_pauses,
                         range_queues, range_tops, range_bottoms, range_floors);
    ELSE
      taken := take_by_turns(busy, worker, jobs_max, slots, per_lane_max, has_pauses,
                             range_queues, range_tops, range_bottoms, range_floors);
    END IF;
    EXIT WHEN taken.given IS NOT NULL;
    CONTINUE WHEN taken.has_set_aside AND round < 10;
    EXIT WHEN range_queues IS NULL OR NOT looks_below;
    range_queues := NULL;
  END LOOP;
  is_behind := is_behind OR taken.has_set_aside;
  IF taken.given IS NOT NULL THEN
    RETURN QUERY
      SELECT j.lease, j.id, j.queue, j.name, CASE WHEN octet_length(j.text) <= 4000 THEN j.text END,
             j.serialization_key, j.priority, j.failures, j.max_attempts, j.unhandled_count,
             j.snooze_count, j.expires_at, j.crash_count > 0, j.run_at > j.created_at,
             CASE j.state WHEN 'ready' THEN coalesce(j.place, j.id) END, j.traceparent,
             date_part('epoch', j.claimed_at - greatest(j.created_at, j.run_at))::real
      FROM (
        SELECT own.id AS lease, own.claimed_at, jobs.*,
               CASE WHEN pg_column_size(jobs.payload) <= 1000 THEN jobs.payload::text END AS text
        FROM leases AS own CROSS JOIN jobs
        WHERE own.id = ANY (taken.given) AND jobs.id = ANY (own.job_ids) OFFSET 0 -- idiom: fence
      ) AS j;
    -- No wait for the disk: if the server crashes, jobs without a key may run again.
    IF NOT taken.is_keyed THEN PERFORM set_config('synchronous_commit', 'off', true); END IF;
  END IF;
  IF is_behind OR taken.has_suspects THEN RETURN NEXT; END IF;
  IF was_asleep = (taken.given IS NOT NULL OR is_behind) AND (is_busy OR NOT was_asleep) THEN
    UPDATE workers AS w SET asleep = NOT was_asleep WHERE w.id = worker;
  END IF;
END $$;

-- Takes the locks of a claim, and returns the queues that have jobs for it. Each lock is taken by a
-- statement of its own, so that the statements after it see all that earlier holders have
-- committed.
CREATE FUNCTION lock_queues(queues text[], is_exclusive boolean, user_lock bigint[]) RETURNS text[]
LANGUAGE plpgsql AS $$
DECLARE
  busy text[] := queues;
BEGIN
  PERFORM require_read_committed();
  IF cardinality(user_lock) = 1 THEN
    PERFORM pg_advisory_xact_lock(user_lock[1]);
  ELSIF cardinality(user_lock) = 2 THEN
    PERFORM pg_advisory_xact_lock(user_lock[1]::integer, user_lock[2]::integer);
  END IF;
  IF cardinality(queues) > 1 THEN busy := busy_queues(queues, 100); END IF;
  IF cardinality(busy) = 1 AND NOT is_exclusive THEN
    -- As lock_claims does, without the cost of a call: most claims are of one queue, and shared.
    PERFORM pg_advisory_xact_lock_shared(
      hashtext(current_schema() || ':claims'), hashtext(busy[1])
    );
  ELSE
    PERFORM lock_claims(busy, is_exclusive);
  END IF;
  RETURN busy;
END $$;

-- Takes jobs from each of the queues by turns: each queue gives an equal part of the jobs that are
-- wanted still. Returns the new leases; NULL if no job was found.
CREATE FUNCTION take_by_turns(
  queues text[], worker uuid, jobs_max integer, slots integer, per_lane_max integer,
  has_pauses boolean,
  range_queues text[], range_tops integer[], range_bottoms integer[], range_floors bigint[],
  OUT given uuid[], OUT is_keyed boolean, OUT has_suspects boolean, OUT has_set_aside boolean
) LANGUAGE plpgsql AS $$
DECLARE
  q text;
  turns integer := cardinality(queues);
  taken record;
  wanted integer := jobs_max;
BEGIN
  is_keyed := false;
  has_set_aside := false;
  FOREACH q IN ARRAY queues LOOP
    EXIT WHEN wanted <= 0;
    taken := take_jobs(
      q, worker, (wanted + turns - 1) / turns, slots, per_lane_max, has_pauses,
      range_queues, range_tops, range_bottoms, range_floors
    );
    turns := turns - 1;
    has_set_aside := has_set_aside OR taken.has_set_aside;
    CONTINUE WHEN taken.given IS NULL;
    given := given || taken.given;
    is_keyed := is_keyed OR taken.is_keyed;
    wanted := wanted - taken.heads;
    slots := slots - taken.suspects;
  END LOOP;
END $$;

-- Takes jobs of one queue into leases: the healthy ones into one, each suspect into one of its own,
-- because it may be the job that killed its worker. `heads` is the number of jobs that count
-- against `jobs_max`, `suspects` the number of suspects among them. `given` is NULL if no job was
-- found. `has_suspects` says that the queue has suspects beside them, `has_set_aside` that jobs of
-- paused names were set aside.
CREATE FUNCTION take_jobs(
  q text, worker uuid, jobs_max integer, slots integer, per_lane_max integer, has_pauses boolean,
  range_queues text[], range_tops integer[], range_bottoms integer[], range_floors bigint[],
  OUT given uuid[], OUT heads integer, OUT suspects integer, OUT is_keyed boolean,
  OUT has_suspects boolean, OUT has_set_aside boolean
) LANGUAGE plpgsql AS $$
DECLARE
  paused text[];
  picked record;
  healthy bigint[];
  apart bigint[];
  leased bigint[];
  lease uuid;
BEGIN
  has_set_aside := false;
  IF range_queues IS NULL THEN
    picked := pick(q, jobs_max);
  ELSE
    picked := pick_above(q, jobs_max, range_queues, range_tops, range_bottoms, range_floors);
  END IF;
  has_suspects := picked.has_suspects;
  IF has_suspects THEN
    picked := add_suspects(
      q, worker, jobs_max, slots,
      picked.healthy, picked.is_keyed, picked.first_id, picked.last_id
    );
    apart := picked.suspects;
  END IF;
  IF picked.healthy IS NULL AND apart IS NULL THEN
    has_suspects := false;
    RETURN;
  END IF;
  healthy := picked.healthy;
  is_keyed := picked.is_keyed;
  -- A fresh look at the leases: a claim that had locked these rows before has committed by now.
  leased := ARRAY(
    SELECT unnest(job_ids) FROM leases
    WHERE queue = q AND last_id >= picked.first_id AND first_id <= picked.last_id
  );
  IF cardinality(leased) > 0 THEN
    SELECT array_agg(id) INTO healthy
      FROM unnest(healthy) AS id WHERE id NOT IN (SELECT unnest(leased));
    SELECT array_agg(id) INTO apart
      FROM unnest(apart) AS id WHERE id NOT IN (SELECT unnest(leased));
  END IF;
  IF has_pauses THEN
    paused := paused_names(q);
    SELECT * INTO healthy, apart, has_set_aside FROM set_paused_aside(paused, healthy, apart);
  END IF;
  suspects := coalesce(cardinality(apart), 0);
  heads := coalesce(cardinality(healthy), 0) + suspects;
  IF per_lane_max > 0 AND is_keyed AND healthy IS NOT NULL THEN
    healthy := healthy || rest_of_lanes(q, healthy, per_lane_max, paused);
    healthy := ARRAY(SELECT id FROM unnest(healthy) AS id ORDER BY id);
    picked.first_id := least(picked.first_id, healthy[1]);
    picked.last_id := greatest(picked.last_id, healthy[cardinality(healthy)]);
  END IF;
  FOR n IN 0..suspects LOOP
    CONTINUE WHEN n = 0 AND healthy IS NULL;
    INSERT INTO leases (worker_id, queue, job_ids, first_id, last_id, is_keyed)
      VALUES (worker, q, CASE n WHEN 0 THEN healthy ELSE apart[n:n] END,
              picked.first_id, picked.last_id, is_keyed)
      RETURNING id INTO lease;
    given := given || lease;
  END LOOP;
END $$;

-- Returns those of the queues, in the order given, that are not paused, and have a ready job in no
-- lease, or a marker.
CREATE FUNCTION busy_queues(queues text[], queues_max integer) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
  leased bigint[] := ARRAY(SELECT unnest(job_ids) FROM leases WHERE queue = ANY (queues));
  unpaused text[] := CASE WHEN EXISTS (SELECT FROM pauses) THEN open_queues(queues) ELSE queues END;
BEGIN
  RETURN ARRAY(
    SELECT q FROM unnest(unpaused) WITH ORDINALITY AS asked(q, turn)
    WHERE EXISTS (
      SELECT FROM jobs WHERE queue = q AND state = 'ready' AND crash_count = 0
        AND id NOT IN (SELECT unnest(leased))
    ) OR EXISTS (SELECT FROM dirty_lanes WHERE queue = q) OR EXISTS (
      SELECT FROM jobs WHERE queue = q AND state = 'ready' AND crash_count > 0
        AND id NOT IN (SELECT unnest(leased))
    )
    ORDER BY turn LIMIT queues_max
  );
END $$;

-- Locks the queues of a claim, in ascending order of their hashes. These locks keep claims of
-- different modes, or with different advisory keys, apart. Each lock is taken by a statement of its
-- own, so that the statements after it see all that earlier holders have committed.
CREATE FUNCTION lock_claims(queues text[], is_exclusive boolean) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  class integer := hashtext(current_schema() || ':claims');
  lock integer;
BEGIN
  FOR lock IN SELECT DISTINCT hashtext(q) AS hash FROM unnest(queues) AS q ORDER BY hash LOOP
    IF is_exclusive THEN
      PERFORM pg_advisory_xact_lock(class, lock);
    ELSE
      PERFORM pg_advisory_xact_lock_shared(class, lock);
    END IF;
  END LOOP;
END $$;

-- Chooses jobs of one queue that are in no lease, and locks their rows. All their ids and places
-- are from `first_id` to `last_id`. `has_suspects` says that the queue has suspects, which are not
-- among them.
CREATE FUNCTION pick(
  q text, jobs_max integer, OUT healthy bigint[], OUT is_keyed boolean,
  OUT first_id bigint, OUT last_id bigint, OUT has_suspects boolean
) LANGUAGE plpgsql AS $$
DECLARE
  -- An array, because the set of its ids is always hashed.
  leased bigint[];
BEGIN
  SELECT ARRAY(SELECT unnest(job_ids) FROM leases WHERE queue = q),
         EXISTS (SELECT FROM jobs WHERE queue = q AND state = 'ready' AND crash_count > 0)
    INTO leased, has_suspects;
  SELECT array_agg(candidate.id), bool_or(candidate.is_keyed), min(candidate.id),
         max(greatest(candidate.id, candidate.place))
    INTO healthy, is_keyed, first_id, last_id FROM (
    SELECT j.id, j.place, j.serialization_key IS NOT NULL AS is_keyed
    -- Any number of heads may have been overtaken. A claim looks past 2,000 of them; the others
    -- wait until a claim has put their lanes in order.
    FROM (
      SELECT id, place, priority, serialization_key FROM jobs
      WHERE queue = q AND state = 'ready' AND crash_count = 0
        AND id NOT IN (SELECT unnest(leased))
      -- idiom: place index
      ORDER BY priority DESC, coalesce(place, id) LIMIT jobs_max + 2000 FOR UPDATE SKIP LOCKED
    ) AS j
    -- The order check: no committed job of the same lane goes before the head.
    WHERE j.serialization_key IS NULL OR (
      SELECT first.priority > j.priority OR (first.priority = j.priority AND first.id < j.id)
      FROM jobs AS first
      WHERE first.queue = q AND first.serialization_key = j.serialization_key
        AND first.state = 'waiting'
      ORDER BY first.priority DESC, first.id LIMIT 1 -- idiom: index order
    ) IS NOT TRUE
    LIMIT jobs_max
  ) AS candidate;
END $$;

-- Chooses jobs as `pick` does, in the ranges of a claim.
CREATE FUNCTION pick_above(
  q text, jobs_max integer,
  range_queues text[], range_tops integer[], range_bottoms integer[], range_floors bigint[],
  OUT healthy bigint[], OUT is_keyed boolean,
  OUT first_id bigint, OUT last_id bigint, OUT has_suspects boolean
) LANGUAGE plpgsql AS $$
DECLARE
  leased bigint[];
  -- Most leases end below all floors.
  leased_above bigint[];
BEGIN
  SELECT ARRAY(SELECT unnest(job_ids) FROM leases WHERE queue = q),
         ARRAY(
           SELECT unnest(l.job_ids) FROM leases AS l
           WHERE l.queue = q AND l.last_id > (SELECT min(f) FROM unnest(range_floors) AS f)
         ),
         EXISTS (SELECT FROM jobs WHERE queue = q AND state = 'ready' AND crash_count > 0)
    INTO leased, leased_above, has_suspects;
  SELECT array_agg(candidate.id), bool_or(candidate.is_keyed), min(candidate.id),
         max(greatest(candidate.id, candidate.place))
    INTO healthy, is_keyed, first_id, last_id FROM (
    SELECT j.id, j.place, j.serialization_key IS NOT NULL AS is_keyed
    FROM (
      SELECT ready.*
      FROM unnest(range_queues, range_tops, range_bottoms, range_floors)
        AS range(queue, top, bottom, floor)
      CROSS JOIN LATERAL (
        SELECT * FROM (
          SELECT id, place, priority, serialization_key FROM jobs
          WHERE queue = q AND priority = range.top AND coalesce(place, id) > range.floor
            AND state = 'ready' AND crash_count = 0 AND id NOT IN (SELECT unnest(leased_above))
          -- idiom: place index
          ORDER BY coalesce(place, id) LIMIT jobs_max + 2000 FOR UPDATE SKIP LOCKED
        ) AS above_a_floor
        UNION ALL
        SELECT * FROM (
          SELECT id, place, priority, serialization_key FROM jobs
          WHERE queue = q AND priority BETWEEN range.bottom AND range.top AND range.floor IS NULL
            AND state = 'ready' AND crash_count = 0 AND id NOT IN (SELECT unnest(leased))
          -- idiom: place index
          ORDER BY priority DESC, coalesce(place, id) LIMIT jobs_max + 2000 FOR UPDATE SKIP LOCKED
        ) AS without_a_floor
      ) AS ready
      WHERE range.queue = q
      LIMIT jobs_max + 2000
    ) AS j
    -- The order check, as in `pick`.
    WHERE j.serialization_key IS NULL OR (
      SELECT first.priority > j.priority OR (first.priority = j.priority AND first.id < j.id)
      FROM jobs AS first
      WHERE first.queue = q AND first.serialization_key = j.serialization_key
        AND first.state = 'waiting'
      ORDER BY first.priority DESC, first.id LIMIT 1 -- idiom: index order
    ) IS NOT TRUE
    LIMIT jobs_max
  ) AS candidate;
END $$;

-- Adds suspects to the healthy jobs that a claim has picked. Together they are the first
-- `jobs_max` jobs.
CREATE FUNCTION add_suspects(
  q text, worker uuid, jobs_max integer, slots integer,
  INOUT healthy bigint[], OUT suspects bigint[], INOUT is_keyed boolean,
  INOUT first_id bigint, INOUT last_id bigint
) LANGUAGE plpgsql AS $$
DECLARE
  locked_count integer;
BEGIN
  suspects := pick_suspects(q, worker, least(jobs_max, slots));
  IF suspects IS NULL THEN RETURN; END IF;
  locked_count := cardinality(healthy || suspects);
  SELECT array_agg(first.id) FILTER (WHERE first.crash_count = 0),
         array_agg(first.id) FILTER (WHERE first.crash_count > 0), bool_or(first.is_keyed),
         min(first.id), max(greatest(first.id, first.own_place))
    INTO healthy, suspects, is_keyed, first_id, last_id FROM (
      SELECT j.id, j.crash_count, j.serialization_key IS NOT NULL AS is_keyed,
             coalesce(j.place, j.id) AS own_place
      FROM jobs AS j WHERE j.id = ANY (healthy || suspects)
      ORDER BY j.priority DESC, own_place LIMIT jobs_max
    ) AS first;
  IF cardinality(healthy || suspects) < locked_count THEN
    -- This claim has locked jobs that it does not take. A claim at the same time skipped them, and
    -- its worker would sleep although jobs are left: wake the workers to look again.
    PERFORM wake(q);
  END IF;
END $$;

-- Returns for each floor the place of the first ready job at or below it that is in no lease.
CREATE FUNCTION jobs_below(queues text[], priorities integer[], floors bigint[])
RETURNS TABLE (queue text, priority integer, place bigint) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  leased bigint[] := ARRAY(SELECT unnest(job_ids) FROM leases WHERE queue = ANY (queues));
BEGIN
  RETURN QUERY
    SELECT own.queue, own.priority, below.place
    FROM unnest(queues, priorities, floors) AS own(queue, priority, floor)
    CROSS JOIN LATERAL (
      SELECT coalesce(j.place, j.id) AS place FROM jobs AS j
      WHERE j.queue = own.queue AND j.priority = own.priority
        AND coalesce(j.place, j.id) <= own.floor
        AND j.state = 'ready' AND j.crash_count = 0 AND j.id NOT IN (SELECT unnest(leased))
      ORDER BY coalesce(j.place, j.id) LIMIT 1 -- idiom: place index
    ) AS below;
END $$;

-- Chooses the first suspects of a queue that a worker may run at once. A job with two crashes fails
-- at the third. So it runs beside no other suspect: then the crash is certainly its own.
CREATE FUNCTION pick_suspects(q text, worker uuid, jobs_max integer) RETURNS bigint[]
LANGUAGE plpgsql AS $$
DECLARE
  leased bigint[] := ARRAY(SELECT unnest(job_ids) FROM leases WHERE queue = q);
  worst_leased integer;
  candidates bigint[];
  crashes integer[];
  picked bigint[];
BEGIN
  SELECT max(j.crash_count) INTO worst_leased
    FROM leases AS l CROSS JOIN LATERAL unnest(l.job_ids) AS mine(id)
    JOIN jobs AS j ON j.id = mine.id
    WHERE l.worker_id = worker AND j.crash_count > 0;
  IF worst_leased >= 2 THEN RETURN NULL; END IF;
  IF worst_leased IS NOT NULL AND (
    SELECT j.crash_count FROM jobs AS j
    WHERE j.queue = q AND j.state = 'ready' AND j.crash_count > 0
      AND j.id NOT IN (SELECT unnest(leased))
    ORDER BY j.priority DESC, coalesce(j.place, j.id) LIMIT 1 -- idiom: place index
  ) >= 2 THEN
    -- The first suspect must run alone, and other suspects may not overtake it. No row is locked
    -- here, so no other claim has skipped one.
    RETURN NULL;
  END IF;
  SELECT array_agg(candidate.id), array_agg(candidate.crash_count) INTO candidates, crashes FROM (
    SELECT j.id, j.crash_count
    FROM jobs AS j
    WHERE j.queue = q AND j.state = 'ready' AND j.crash_count > 0
      AND j.id NOT IN (SELECT unnest(leased))
      -- The order check, as in `pick`.
      AND (j.serialization_key IS NULL OR (
        SELECT first.priority > j.priority OR (first.priority = j.priority AND first.id < j.id)
        FROM jobs AS first
        WHERE first.queue = q AND first.serialization_key = j.serialization_key
          AND first.state = 'waiting'
        ORDER BY first.priority DESC, first.id LIMIT 1 -- idiom: index order
      ) IS NOT TRUE)
    ORDER BY j.priority DESC, coalesce(j.place, j.id) -- idiom: place index
    LIMIT jobs_max FOR UPDATE OF j SKIP LOCKED
  ) AS candidate;
  IF candidates IS NULL THEN RETURN NULL; END IF;
  -- Suspects go in their order: none of them overtakes one that must run alone.
  picked := CASE
    WHEN crashes[1] < 2 THEN
      candidates[:coalesce(array_position(crashes, 2) - 1, cardinality(candidates))]
    WHEN worst_leased IS NULL THEN candidates[1:1]
  END;
  IF coalesce(cardinality(picked), 0) < cardinality(candidates) THEN
    -- This claim has locked suspects that it does not take, as in `pick`.
    PERFORM wake(q);
  END IF;
  RETURN picked;
END $$;

-- Returns the jobs that follow these heads in their lanes, locked. They run after their head, one
-- after the other. `paused` are the paused names; NULL is none.
CREATE FUNCTION rest_of_lanes(q text, heads bigint[], per_lane_max integer, paused text[])
RETURNS bigint[] LANGUAGE plpgsql AS $$
DECLARE
  keys text[];
  run bigint[];
  locked_count integer;
BEGIN
  keys := ARRAY(
    SELECT serialization_key FROM jobs WHERE id = ANY (heads) AND serialization_key IS NOT NULL
  );
  run := ARRAY(
    SELECT next.id FROM unnest(keys) AS key CROSS JOIN LATERAL (
      SELECT n.id,
             bool_or(n.crash_count > 0 OR n.name = ANY (paused))
               OVER (ORDER BY n.priority DESC, n.id) AS is_past_end
      FROM jobs AS n
      WHERE n.queue = q AND n.serialization_key = key AND n.state = 'waiting'
      ORDER BY n.priority DESC, n.id LIMIT per_lane_max
    ) AS next
    -- The jobs of a lane end before its first suspect, which has a lease of its own, and before the
    -- first job of a paused name: no job behind these may overtake them.
    WHERE next.is_past_end IS NOT TRUE
    LIMIT 1000
  );
  PERFORM FROM jobs
  -- idiom: hidden column
  WHERE id = ANY (run) AND state || '' = 'waiting' AND queue || '' = q
    AND serialization_key = ANY (keys)
  FOR UPDATE SKIP LOCKED;
  GET DIAGNOSTICS locked_count = ROW_COUNT;
  -- Another transaction may have locked one of the jobs, to change it by hand. Then this claim
  -- takes heads alone.
  RETURN CASE WHEN locked_count = cardinality(run) THEN run ELSE '{}' END;
END $$;
