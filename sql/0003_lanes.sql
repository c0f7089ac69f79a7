-- How lanes move. A statement that changes which jobs wait in a lane, or takes its head away,
-- leaves a marker in the same transaction; only make_heads makes heads. Each function here is
-- several statements under one lock, each with a fresh snapshot: it must run under READ COMMITTED.

CREATE FUNCTION require_read_committed() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'pgq works under READ COMMITTED, not %',
      upper(current_setting('transaction_isolation'))
      USING ERRCODE = '25001',
            HINT = 'ALTER ROLE … SET default_transaction_isolation = ''read committed''';
  END IF;
END $$;

-- Marks the lanes of these jobs, once each.
CREATE FUNCTION mark_lanes(q text, ids bigint[]) RETURNS void LANGUAGE sql AS $$
  INSERT INTO dirty_lanes (queue, key, priority)
  SELECT q, serialization_key, max(priority) FROM jobs
  WHERE id = ANY (ids) AND serialization_key IS NOT NULL
  GROUP BY serialization_key
$$;

-- Marks lanes that a step passed by, because somebody holds a row of theirs, perhaps for long, once
-- each. Nobody hurries for them. A step that deletes such a marker holds the lane's stripe, and so
-- does the caller.
CREATE FUNCTION mark_passed_by(q text, keys text[]) RETURNS void LANGUAGE sql AS $$
  INSERT INTO dirty_lanes (queue, key, priority)
  SELECT DISTINCT q, lane.key, -2147483648 FROM unnest(keys) AS lane(key)
  WHERE NOT EXISTS (
    SELECT FROM dirty_lanes AS w
    WHERE w.queue = q AND w.priority = -2147483648 AND w.key = lane.key
  )
$$;

-- The lock of a lane: 1,024 stripes bound the lock table.
CREATE FUNCTION lane_stripe(q text, key text) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
  SELECT (hashtextextended(q || chr(31) || key, 0) & 1023)::integer
$$;

-- To be called once in a transaction, with all it will need: ascending order keeps lockers from
-- deadlock.
CREATE FUNCTION lock_stripes(stripes integer[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  class integer := hashtext(current_schema() || ':lanes');
  stripe integer;
BEGIN
  FOR stripe IN SELECT DISTINCT s FROM unnest(stripes) AS s ORDER BY s LOOP
    PERFORM pg_advisory_xact_lock(class, stripe);
  END LOOP;
END $$;

-- Takes the head from heads that a more urgent job overtook, except where the head is leased.
-- Answers with the lanes that it passed by: somebody holds their head.
CREATE FUNCTION demote_heads(q text, keys text[]) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
  overtaken_heads bigint[];
  heads bigint[];
  leased bigint[];
  passed_by text[] := '{}';
BEGIN
  -- Scalar subqueries with ORDER BY and LIMIT leave the planner one way: the lane's index, in
  -- order.
  SELECT array_agg(overtaken.head) INTO overtaken_heads FROM (
    SELECT (
      SELECT head.id FROM jobs AS head
      WHERE head.queue = q AND head.serialization_key = key
        AND head.serialization_key IS NOT NULL AND head.state IN ('ready', 'retry')
        AND head.state || '' = 'ready'
        AND (
          SELECT first.priority > head.priority
              OR (first.priority = head.priority AND first.id < head.id)
          FROM jobs AS first
          WHERE first.queue = q AND first.serialization_key = key AND first.state = 'waiting'
          ORDER BY first.priority DESC, first.id LIMIT 1
        )
      LIMIT 1
    ) AS head
    FROM unnest(keys) AS key OFFSET 0
  ) AS overtaken
  WHERE overtaken.head IS NOT NULL;
  IF overtaken_heads IS NULL THEN RETURN passed_by; END IF;

  heads := ARRAY(
    SELECT id FROM jobs WHERE id = ANY (overtaken_heads) AND state || '' = 'ready'
    FOR UPDATE SKIP LOCKED
  );
  IF cardinality(heads) < cardinality(overtaken_heads) THEN
    -- The holder of one of them may leave it as it is, like a claim that is rolled back.
    passed_by := ARRAY(
      SELECT serialization_key FROM jobs WHERE id = ANY (overtaken_heads) AND id <> ALL (heads)
    );
  END IF;
  -- A fresh look: a head that was leased before this had its lock may not be moved.
  leased := ARRAY(SELECT unnest(job_ids) FROM leases WHERE queue = q);
  UPDATE jobs SET state = 'waiting'
  WHERE id = ANY (heads) AND state || '' = 'ready' AND id NOT IN (SELECT unnest(leased));
  RETURN passed_by;
END $$;

-- Gives each lane that has no head one, to its first waiting job. Returns how many. It waits for
-- nobody: a change by hand may stay open for long.
CREATE FUNCTION make_heads(q text, keys text[]) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  handed record := choose_heads(q, keys);
BEGIN
  IF cardinality(handed.passed_by) > 0 THEN
    PERFORM mark_passed_by(q, handed.passed_by);
  END IF;
  RETURN handed.given;
END $$;

-- The same, for a caller that marks the lanes itself which were passed by.
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
      ORDER BY first.priority DESC, first.id LIMIT 1
    ) AS first, (
      SELECT head.id FROM jobs AS head
      WHERE head.queue = q AND head.serialization_key = key
        AND head.serialization_key IS NOT NULL AND head.state IN ('ready', 'retry')
      LIMIT 1
    ) AS head
    FROM unnest(keys) AS key OFFSET 0
  ) AS lane
  WHERE lane.head IS NULL AND lane.first IS NOT NULL;
  IF firsts IS NULL THEN RETURN; END IF;

  UPDATE jobs SET state = 'ready' WHERE state || '' = 'waiting' AND id = ANY (ARRAY(
    SELECT id FROM jobs WHERE id = ANY (firsts) AND state || '' = 'waiting' FOR UPDATE SKIP LOCKED
  ));
  GET DIAGNOSTICS given = ROW_COUNT;
  IF given < cardinality(firsts) THEN
    -- A head is held by somebody, or vanished between the two looks: marking its lane again is
    -- always safe.
    passed_by := ARRAY(
      SELECT lane.key FROM unnest(firsts, lanes) AS lane(first, key)
      WHERE (SELECT state || '' = 'ready' FROM jobs WHERE id = lane.first) IS NOT TRUE
    );
  END IF;
END $$;

-- Consumes the markers of up to `lanes_max` lanes of a queue: of the most urgent ones first, then
-- of those marked first. A crowd of markers for few lanes keeps none of the others waiting.
-- `is_behind` says that there may be more to look at. Lanes that were passed by are not among them.
CREATE FUNCTION take_markers(q text, lanes_max integer, OUT keys text[], OUT is_behind boolean)
LANGUAGE plpgsql AS $$
DECLARE
  places tid[];
  priorities integer[];
BEGIN
  SELECT array_agg(marker.place), array_agg(marker.key), array_agg(marker.priority)
    INTO places, keys, priorities FROM (
      SELECT ctid AS place, key, priority FROM dirty_lanes
      WHERE queue || '' = q AND - priority::bigint < 2147483648
      ORDER BY - priority::bigint, id LIMIT lanes_max FOR UPDATE SKIP LOCKED
    ) AS marker;
  is_behind := false;
  IF places IS NULL THEN RETURN; END IF;
  -- They are locked, so they stay where they are; by their ids they might be looked for in another
  -- index.
  DELETE FROM dirty_lanes WHERE ctid = ANY (places);
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

-- The lanes of a queue that are marked, each once, the most urgent first: from one to the next by
-- the index, past however many markers one of them has.
CREATE FUNCTION next_lanes(q text, lanes_max integer)
RETURNS TABLE (priority integer, key text) LANGUAGE sql AS $$
  WITH RECURSIVE lane AS (
    (SELECT w.priority, w.key FROM dirty_lanes AS w WHERE w.queue = q
     ORDER BY w.priority DESC, w.key DESC LIMIT 1)
    UNION ALL
    SELECT next.priority, next.key FROM lane CROSS JOIN LATERAL (
      (SELECT w.priority, w.key FROM dirty_lanes AS w
       WHERE w.queue = q AND w.priority = lane.priority AND w.key < lane.key
       ORDER BY w.key DESC LIMIT 1)
      UNION ALL
      (SELECT w.priority, w.key FROM dirty_lanes AS w
       WHERE w.queue = q AND w.priority < lane.priority
       ORDER BY w.priority DESC, w.key DESC LIMIT 1)
      LIMIT 1
    ) AS next
  )
  SELECT lane.priority, lane.key FROM lane LIMIT lanes_max
$$;

-- Drops more markers of some of these lanes, of those first that are named most often: some of each
-- lane, if there are very many.
CREATE FUNCTION drop_markers(q text, keys text[], priorities integer[])
RETURNS void LANGUAGE sql AS $$
  DELETE FROM dirty_lanes WHERE ctid = ANY (ARRAY(
    SELECT marker.place
    FROM (
      SELECT given.key, given.priority, least(count(*) OVER (), 20) AS lanes
      FROM unnest(keys, priorities) AS given(key, priority) GROUP BY given.key, given.priority
      ORDER BY count(*) DESC, random() LIMIT 20
    ) AS lane
    CROSS JOIN LATERAL (
      SELECT w.ctid AS place FROM dirty_lanes AS w
      WHERE w.queue = q AND w.priority = lane.priority AND w.key = lane.key
      LIMIT 10000 / lane.lanes FOR UPDATE SKIP LOCKED
    ) AS marker
  ))
$$;

-- Some lanes of a queue that were passed by, and their markers: beginning with another one each
-- time.
CREATE FUNCTION lanes_passed_by(q text, lanes_max integer, OUT keys text[], OUT places tid[])
LANGUAGE plpgsql AS $$
DECLARE
  first bigint := (
    SELECT id FROM dirty_lanes WHERE queue || '' = q AND - priority::bigint = 2147483648
    ORDER BY id LIMIT 1
  );
  last bigint;
BEGIN
  IF first IS NULL THEN RETURN; END IF;
  last := (
    SELECT id FROM dirty_lanes WHERE queue || '' = q AND - priority::bigint = 2147483648
    ORDER BY id DESC LIMIT 1
  );
  SELECT array_agg(marker.key), array_agg(marker.place) INTO keys, places FROM (
    SELECT key, ctid AS place FROM dirty_lanes
    WHERE queue || '' = q AND - priority::bigint = 2147483648
      AND id >= first + floor(random() * greatest(last - first - lanes_max + 2, 0))::bigint
    ORDER BY id LIMIT lanes_max
  ) AS marker;
END $$;

-- Consumes markers of some queues, of up to `lanes_max` lanes altogether, and puts these lanes in
-- order. It looks at some lanes, too, that were passed by, and keeps the markers of those that it
-- passes by again. `given` is how many jobs became ready; `is_behind` says that there may be more
-- lanes to look at. With `is_careful`, a lane whose jobs cannot be changed, because a trigger of
-- somebody else's forbids it, is passed by.
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
    -- They are looked at in vain for as long as somebody holds their rows: most claims look at few.
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
      WHERE ctid = ANY (passed_places) AND queue || '' = q AND key <> ALL (ordered.passed_by);
    END IF;
  END LOOP;
END $$;

-- Puts lanes in order: the first job of each gets the head, unless its head is leased or waits
-- for its time.
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

-- The same, lane by lane: one that cannot be put in order keeps no other from it.
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
