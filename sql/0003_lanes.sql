-- How lanes move. A statement that changes which jobs wait in a lane, or takes the lane's head
-- away, leaves a marker in the same transaction. Only choose_heads makes heads. Each function here
-- is several statements under one lock, each with a fresh snapshot: it must run under READ
-- COMMITTED.
--
-- Two subjects that all files share stand here: the order of locks, and the idioms of queries.
--
-- LOCK ORDER
--
-- Each row names the locks of a step in the order in which the step takes them. "skip": a lock that
-- another transaction holds is skipped, never waited for. "new": a row that the step inserts, which
-- no other transaction can hold. All other locks are waited for, until the lock_timeout of
-- settings.sql. The lock of `wake` (the class `:unannounced`) is shared by all its holders, so it
-- is never waited for and stands in no row.
--
--   claim            user's advisory lock, locks of queues (by hash), markers (skip),
--                    stripes (by number), job rows (skip), jobs set aside, leases (new),
--                    worker row
--   settle           leases (by id), stripes (by number), job rows and history table,
--                    next rows of lanes (skip)
--   cancel           job after job: its lease; or its row and the history table
--   retry            job after job: its row; or the history table and its row there, its row (new)
--   discard, edit    job after job: its row, the history table
--   operation        its items (skip), itself (shared), job rows (skip), then as its action
--   undo             its items (skip), itself (shared), job rows (skip), job after job: history
--                    table and its row there, its row (new)
--   row_locked       leases (skip), job rows (skip)
--   rescue           leases (skip), job rows (skip), history table
--   reconcile        leases (skip), job rows (skip), history table
--   leave, alive     leases (skip), job rows (skip), history table, worker row
--   leave, dead      worker row, leases (skip), job rows (skip), history table
--   note_late        worker rows (skip)
--   promote          job rows (skip), history table
--   expire           expiries (skip), job rows (skip), history table
--   unpause          pauses (skip), jobs set aside (skip), job rows (skip)
--   pause, resume    the pause
--   heal_lanes       lock of the healing (skip)
--   enqueue          none
--   change by hand   job rows, in the order of the user's statement
--   delete by hand   the same; at the commit: leases (by id)
--   truncate         table of jobs, leases (skip), markers (skip)
--   mend             table of jobs, job rows; at the commit: leases (by id)
--   prune            lock of the pruning (skip), history table
--
-- Why no circle ends in a deadlock:
-- - Stripes, queues and leases are each taken by one statement or loop, in ascending order.
-- - A claim waits for the worker row last: a dead worker's row is the first lock of `leave`, which
--   afterwards skips, and a live worker's row is its last.
-- - Two pairs go against each other. A settlement holds leases and waits for job rows; a delete by
--   hand holds job rows and waits for leases at its commit. A settlement holds job rows, and a
--   change by hand may hold others and wait for these. Both times the settlement gives up after 100
--   ms, long before the server looks for a deadlock (deadlock_timeout, one second).
-- - Whoever waits for a row of set_aside waits for an unpause, which waits for nothing.
-- - A cancel takes its jobs in ascending order, but may hold the row of one job and the lease of
--   another, while a step of another kind holds what comes next. It gives up after 500 ms, and from
--   then on waits for no lock of another job: whoever waits for it meanwhile waits in no circle for
--   as long as a second. The same holds for a retry, a discard and an edit, which lock no lease.
--
-- IDIOMS
--
-- Each use of an idiom is marked with its name: "idiom: fence". Without these idioms the queries
-- give the same answers, and become slow on some queues and statistics.
--
-- - hidden column: `state || '' = 'ready'` hides a condition from the planner. A partial index
--   whose predicate is `state = 'ready'` is then not usable, so a lookup by id stays one by the
--   primary key. Written plainly, the planner may walk through all ready jobs to find one.
-- - fence: OFFSET 0 keeps a subquery apart. The planner may neither merge it into the outer query
--   nor push the outer conditions into it, so the expensive column is computed once per row.
-- - head index: `serialization_key IS NOT NULL AND state IN ('ready', 'retry')` repeats the
--   predicate of the partial index jobs_head. The equality of the key already implies the first
--   half, but the planner does not use the index unless the predicate stands in the query.
-- - index order: a scalar subquery with ORDER BY and LIMIT 1 leaves the planner one way: to read
--   the first entry of the lane's index. A join or min() could read the whole lane.
-- - hashed set: `NOT (a NOT IN (SELECT …))` means `a IN (SELECT …)`. PostgreSQL turns IN into a
--   join, whose inner side may be searched once per row. NOT IN is hashed, and costs the same for
--   each row. The same holds for `NOT IN (SELECT unnest(ids))`, where `<> ALL (ids)` searches the
--   array.
-- - age index: `queue || ''` and `- priority` are the expressions of the index dirty_lanes_age.
--   Only a query that asks for markers by age can use this index, and it can use no other one.
-- - place index: `coalesce(place, id)` is an expression of the indexes jobs_ready and jobs_suspect.
--   A query in this order can use no other index. A query in the order of ids could walk along the
--   primary key, through the jobs of all queues and states.
-- - aside index: `job_id + 0` is an expression of the index set_aside_name. A lookup by `job_id`
--   cannot use this index, through which it would walk from end to end.
-- - skip scan: WITH RECURSIVE goes from one distinct value to the next by the index, past however
--   many rows share a value. SELECT DISTINCT would read them all.
-- - by place: rows that the step has found are addressed by ctid, the place of a row. A lookup by
--   id may use another index. A place stays that of its row while the row is locked, or while the
--   snapshot of the statement that found it is held.

CREATE FUNCTION require_read_committed() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'pgq works under READ COMMITTED, not %',
      upper(current_setting('transaction_isolation'))
      USING ERRCODE = '25001',
            HINT = 'ALTER ROLE … SET default_transaction_isolation = ''read committed''';
  END IF;
END $$;

-- Leaves one marker for each lane of these jobs.
CREATE FUNCTION mark_lanes(q text, ids bigint[]) RETURNS void LANGUAGE sql AS $$
  INSERT INTO dirty_lanes (queue, key, priority)
  SELECT q, serialization_key, max(priority) FROM jobs
  WHERE id = ANY (ids) AND serialization_key IS NOT NULL
  GROUP BY serialization_key
$$;

-- Leaves one marker for each lane that a step passed by, because another transaction has locked a
-- row of the lane, perhaps for long. The marker has the least priority: no claim hurries for the
-- lane. The caller holds the lane's stripe, and so does each step that deletes such a marker.
CREATE FUNCTION mark_passed_by(q text, keys text[]) RETURNS void LANGUAGE sql AS $$
  INSERT INTO dirty_lanes (queue, key, priority)
  SELECT DISTINCT q, lane.key, -2147483648 FROM unnest(keys) AS lane(key)
  WHERE NOT EXISTS (
    SELECT FROM dirty_lanes AS marker
    WHERE marker.queue = q AND marker.priority = -2147483648 AND marker.key = lane.key
  )
$$;

-- The number of a lane's stripe, which is its lock. Lanes share 1,024 stripes, as many as the
-- server's lock table bears.
CREATE FUNCTION lane_stripe(q text, key text) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
  SELECT (hashtextextended(q || chr(31) || key, 0) & 1023)::integer
$$;

-- Locks stripes in ascending order, which keeps steps from a deadlock. A step calls this once, with
-- all the stripes that it will need.
CREATE FUNCTION lock_stripes(stripes integer[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  class integer := hashtext(current_schema() || ':lanes');
BEGIN
  -- A volatile function is called row by row, in the order of the subquery.
  PERFORM pg_advisory_xact_lock(class, s)
  FROM (SELECT DISTINCT s FROM unnest(stripes) AS s ORDER BY s) AS ordered;
END $$;

-- Makes each head wait that a more urgent job of its lane has overtaken, unless the head is leased.
-- Returns the lanes that were passed by, because another transaction has locked their head.
CREATE FUNCTION demote_heads(q text, keys text[]) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
  overtaken_heads bigint[];
  heads bigint[];
  leased bigint[];
  passed_by text[] := '{}';
BEGIN
  SELECT array_agg(overtaken.head) INTO overtaken_heads FROM (
    SELECT (
      SELECT head.id FROM jobs AS head
      WHERE head.queue = q AND head.serialization_key = key
        -- idiom: head index
        AND head.serialization_key IS NOT NULL AND head.state IN ('ready', 'retry')
        AND head.state || '' = 'ready' -- idiom: hidden column
        AND (
          SELECT first.priority > head.priority
              OR (first.priority = head.priority AND first.id < head.id)
          FROM jobs AS first
          WHERE first.queue = q AND first.serialization_key = key AND first.state = 'waiting'
          ORDER BY first.priority DESC, first.id LIMIT 1 -- idiom: index order
        )
      LIMIT 1
    ) AS head
    FROM unnest(keys) AS key OFFSET 0 -- idiom: fence
  ) AS overtaken
  WHERE overtaken.head IS NOT NULL;
  IF overtaken_heads IS NULL THEN RETURN passed_by; END IF;

  heads := ARRAY(
    SELECT id FROM jobs WHERE id = ANY (overtaken_heads)
      AND state || '' = 'ready' -- idiom: hidden column
    FOR UPDATE SKIP LOCKED
  );
  IF cardinality(heads) < cardinality(overtaken_heads) THEN
    -- A transaction that has locked a head may leave the head as it is, like a claim that is rolled
    -- back.
    passed_by := ARRAY(
      SELECT serialization_key FROM jobs WHERE id = ANY (overtaken_heads) AND id <> ALL (heads)
    );
  END IF;
  -- A fresh look at the leases: a head that was leased before it was locked here stays the head.
  leased := ARRAY(SELECT unnest(job_ids) FROM leases WHERE queue = q);
  UPDATE jobs SET state = 'waiting'
  -- idiom: hidden column
  WHERE id = ANY (heads) AND state || '' = 'ready' AND id NOT IN (SELECT unnest(leased));
  RETURN passed_by;
END $$;

-- Makes the first waiting job of each lane that has no head its head. Returns the number of new
-- heads. A job that another transaction has locked is skipped, and its lane is marked: a change by
-- hand may stay open for long.
CREATE FUNCTION make_heads(q text, keys text[]) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  handed record := choose_heads(q, keys);
BEGIN
  IF cardinality(handed.passed_by) > 0 THEN
    PERFORM mark_passed_by(q, handed.passed_by);
  END IF;
  RETURN handed.given;
END $$;

-- Makes heads as make_heads does, and marks no lane. Returns the number of new heads, and the lanes
-- that were passed by, which the caller marks.
CREATE FUNCTION choose_heads(q text, keys text[], OUT given integer, OUT passed_by text[])
LANGUAGE plpgsql AS $$
DECLARE
  firsts bigint[];
  lanes text[];
BEGIN
  given := 0;
  passed_by := '{}';
  SELECT array_agg(lane.first), array_agg(lane.key) INTO firsts, lanes FROM (
    SELECT key, (
      SELECT first.id FROM jobs AS first
      WHERE first.queue = q AND first.serialization_key = key AND first.state = 'waiting'
      ORDER BY first.priority DESC, first.id LIMIT 1 -- idiom: index order
    ) AS first, (
      SELECT head.id FROM jobs AS head
      WHERE head.queue = q AND head.serialization_key = key
        -- idiom: head index
        AND head.serialization_key IS NOT NULL AND head.state IN ('ready', 'retry')
      LIMIT 1
    ) AS head
    FROM unnest(keys) AS key OFFSET 0 -- idiom: fence
  ) AS lane
  WHERE lane.head IS NULL AND lane.first IS NOT NULL;
  IF firsts IS NULL THEN RETURN; END IF;

  -- idiom: hidden column
  UPDATE jobs SET state = 'ready' WHERE state || '' = 'waiting' AND id = ANY (ARRAY(
    -- idiom: hidden column
    SELECT id FROM jobs WHERE id = ANY (firsts) AND state || '' = 'waiting' FOR UPDATE SKIP LOCKED
  ));
  GET DIAGNOSTICS given = ROW_COUNT;
  IF given < cardinality(firsts) THEN
    -- Another transaction has locked a first job, or the job has gone since it was found. A marker
    -- too many is harmless.
    passed_by := ARRAY(
      SELECT lane.key FROM unnest(firsts, lanes) AS lane(first, key)
      -- idiom: hidden column
      WHERE (SELECT state || '' = 'ready' FROM jobs WHERE id = lane.first) IS NOT TRUE
    );
  END IF;
END $$;

-- Deletes up to `lanes_max` markers of a queue and returns their lanes: the most urgent markers
-- first, among these the oldest first. Where these are a crowd of markers for few lanes, more lanes
-- are found by their names, so that the crowd keeps no other lane waiting. `is_behind` says that
-- there may be more markers. Markers of lanes that were passed by do not count.
CREATE FUNCTION take_markers(q text, lanes_max integer, OUT keys text[], OUT is_behind boolean)
LANGUAGE plpgsql AS $$
DECLARE
  places tid[];
  priorities integer[];
BEGIN
  SELECT array_agg(marker.place), array_agg(marker.key), array_agg(marker.priority)
    INTO places, keys, priorities FROM (
      SELECT ctid AS place, key, priority FROM dirty_lanes
      -- idiom: age index
      WHERE queue || '' = q AND - priority::bigint < 2147483648
      ORDER BY - priority::bigint, id LIMIT lanes_max FOR UPDATE SKIP LOCKED
    ) AS marker;
  is_behind := false;
  IF places IS NULL THEN RETURN; END IF;
  DELETE FROM dirty_lanes WHERE ctid = ANY (places); -- idiom: by place
  IF cardinality(places) = lanes_max THEN
    is_behind := true;
    IF (SELECT count(DISTINCT key) FROM unnest(keys) AS key) * 2 <= lanes_max THEN
      SELECT keys || array_agg(lane.key), priorities || array_agg(lane.priority)
        INTO keys, priorities FROM next_lanes(q, lanes_max) AS lane;
    END IF;
    PERFORM drop_markers(q, keys, priorities);
  END IF;
  keys := ARRAY(SELECT DISTINCT key FROM unnest(keys) AS key);
END $$;

-- The marked lanes of a queue, each of them once, the most urgent first.
CREATE FUNCTION next_lanes(q text, lanes_max integer)
RETURNS TABLE (priority integer, key text) LANGUAGE sql AS $$
  -- idiom: skip scan
  WITH RECURSIVE lane AS (
    (SELECT marker.priority, marker.key FROM dirty_lanes AS marker WHERE marker.queue = q
     ORDER BY marker.priority DESC, marker.key DESC LIMIT 1)
    UNION ALL
    SELECT next.priority, next.key FROM lane CROSS JOIN LATERAL (
      (SELECT marker.priority, marker.key FROM dirty_lanes AS marker
       WHERE marker.queue = q AND marker.priority = lane.priority AND marker.key < lane.key
       ORDER BY marker.key DESC LIMIT 1)
      UNION ALL
      (SELECT marker.priority, marker.key FROM dirty_lanes AS marker
       WHERE marker.queue = q AND marker.priority < lane.priority
       ORDER BY marker.priority DESC, marker.key DESC LIMIT 1)
      LIMIT 1
    ) AS next
  )
  SELECT lane.priority, lane.key FROM lane LIMIT lanes_max
$$;

-- Deletes more markers of some of these lanes: of the 20 that are named most often, and at most
-- 10,000 markers together.
CREATE FUNCTION drop_markers(q text, keys text[], priorities integer[])
RETURNS void LANGUAGE sql AS $$
  DELETE FROM dirty_lanes WHERE ctid = ANY (ARRAY( -- idiom: by place
    SELECT marker.place
    FROM (
      SELECT given.key, given.priority, least(count(*) OVER (), 20) AS lanes
      FROM unnest(keys, priorities) AS given(key, priority) GROUP BY given.key, given.priority
      ORDER BY count(*) DESC, random() LIMIT 20
    ) AS lane
    CROSS JOIN LATERAL (
      SELECT marker.ctid AS place FROM dirty_lanes AS marker
      WHERE marker.queue = q AND marker.priority = lane.priority AND marker.key = lane.key
      LIMIT 10000 / lane.lanes FOR UPDATE SKIP LOCKED
    ) AS marker
  ))
$$;

-- Some lanes of a queue that were passed by, and the places of their markers. Each call begins at
-- another marker.
CREATE FUNCTION lanes_passed_by(q text, lanes_max integer, OUT keys text[], OUT places tid[])
LANGUAGE plpgsql AS $$
DECLARE
  first bigint := (
    -- idiom: age index
    SELECT id FROM dirty_lanes WHERE queue || '' = q AND - priority::bigint = 2147483648
    ORDER BY id LIMIT 1
  );
  last bigint;
BEGIN
  IF first IS NULL THEN RETURN; END IF;
  last := (
    -- idiom: age index
    SELECT id FROM dirty_lanes WHERE queue || '' = q AND - priority::bigint = 2147483648
    ORDER BY id DESC LIMIT 1
  );
  SELECT array_agg(marker.key), array_agg(marker.place) INTO keys, places FROM (
    SELECT key, ctid AS place FROM dirty_lanes
    -- idiom: age index
    WHERE queue || '' = q AND - priority::bigint = 2147483648
      AND id >= first + floor(random() * greatest(last - first - lanes_max + 2, 0))::bigint
    ORDER BY id LIMIT lanes_max
  ) AS marker;
END $$;

-- Puts the marked lanes of some queues in order, up to `lanes_max` lanes altogether, and deletes
-- their markers. It also looks at some lanes that were passed by before, and keeps the markers of
-- those that are passed by again. `given` is the number of jobs that became ready; `is_behind` says
-- that there may be more marked lanes. With `is_careful`, a lane whose jobs a user's trigger
-- refuses to change is passed by, and keeps no other lane from its order.
CREATE FUNCTION admit(
  queues text[], lanes_max integer, is_careful boolean DEFAULT false,
  OUT given integer, OUT is_behind boolean
) LANGUAGE plpgsql AS $$
DECLARE
  q text;
  taken record;
  passed record;
  passed_places tid[];
  lane_queues text[];
  lane_keys text[];
  keys text[];
  ordered record;
BEGIN
  given := 0;
  is_behind := false;
  FOREACH q IN ARRAY queues LOOP
    taken := take_markers(q, greatest(lanes_max / cardinality(queues), 1));
    is_behind := is_behind OR taken.is_behind;
    -- While the rows of these lanes are locked, a look is in vain: most claims look at few.
    passed := lanes_passed_by(q, CASE WHEN random() < 0.05 THEN 200 ELSE 5 END);
    keys := taken.keys || passed.keys;
    CONTINUE WHEN keys IS NULL;
    passed_places := passed_places || passed.places;
    lane_keys := lane_keys || keys;
    lane_queues := lane_queues || array_fill(q, ARRAY[cardinality(keys)]);
  END LOOP;
  IF lane_keys IS NULL THEN RETURN; END IF;

  PERFORM lock_stripes(ARRAY(
    SELECT lane_stripe(lane.queue, lane.key) FROM unnest(lane_queues, lane_keys) AS lane(queue, key)
  ));
  FOR q, keys IN
    SELECT lane.queue, array_agg(DISTINCT lane.key)
    FROM unnest(lane_queues, lane_keys) AS lane(queue, key) GROUP BY lane.queue
  LOOP
    ordered := CASE WHEN is_careful THEN order_each(q, keys) ELSE order_lanes(q, keys) END;
    given := given + ordered.given;
    IF cardinality(ordered.passed_by) > 0 THEN
      PERFORM mark_passed_by(q, ordered.passed_by);
    END IF;
    IF passed_places IS NOT NULL THEN
      DELETE FROM dirty_lanes
      -- idiom: by place
      -- idiom: hidden column
      WHERE ctid = ANY (passed_places) AND queue || '' = q AND key <> ALL (ordered.passed_by);
    END IF;
  END LOOP;
END $$;

-- Puts lanes in order: the first job of each lane becomes its head, unless the lane has a head that
-- is leased or waits for its next try.
CREATE FUNCTION order_lanes(q text, keys text[], OUT given integer, OUT passed_by text[])
LANGUAGE plpgsql AS $$
DECLARE
  mark text := begin_step();
  demoted text[];
BEGIN
  demoted := demote_heads(q, keys);
  SELECT * INTO given, passed_by FROM choose_heads(q, keys);
  passed_by := passed_by || demoted;
  PERFORM end_step(mark);
END $$;

-- Puts lanes in order as order_lanes does, each of them in a subtransaction: a lane that a user's
-- trigger refuses is passed by, and the others are put in order.
CREATE FUNCTION order_each(q text, keys text[], OUT given integer, OUT passed_by text[])
LANGUAGE plpgsql AS $$
DECLARE
  lane text;
  ordered record;
BEGIN
  given := 0;
  passed_by := '{}';
  FOREACH lane IN ARRAY keys LOOP
    BEGIN
      ordered := order_lanes(q, ARRAY[lane]);
      given := given + ordered.given;
      passed_by := passed_by || ordered.passed_by;
    EXCEPTION WHEN OTHERS THEN
      RAISE WARNING 'the jobs of queue % with the key % cannot be made ready: %', q, lane, SQLERRM;
      passed_by := passed_by || lane;
    END;
  END LOOP;
END $$;
