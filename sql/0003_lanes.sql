-- How lanes move. Whoever changes who waits in a lane, or takes its token away, leaves a marker in the
-- same transaction; only give_tokens makes tokens. Each function here is several statements under one
-- lock, each with a fresh snapshot: it must run under READ COMMITTED.

CREATE FUNCTION require_read_committed() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'pgq works under READ COMMITTED, not %', upper(current_setting('transaction_isolation'))
      USING ERRCODE = '25001',
            HINT = 'ALTER ROLE … SET default_transaction_isolation = ''read committed''';
  END IF;
END $$;

-- Marks the lanes of these jobs, once each.
CREATE FUNCTION mark_lanes(q text, ids bigint[]) RETURNS void LANGUAGE sql AS $$
  INSERT INTO lane_wakes (queue, key, priority)
  SELECT q, serialization_key, max(priority) FROM jobs
  WHERE id = ANY (ids) AND serialization_key IS NOT NULL
  GROUP BY serialization_key
$$;

-- Marks lanes again that a step passed by, because somebody holds a row of theirs, perhaps for long. They
-- come after all others, and nobody hurries for them.
CREATE FUNCTION mark_passed_by(q text, keys text[]) RETURNS void LANGUAGE sql AS $$
  INSERT INTO lane_wakes (queue, key, priority)
  SELECT DISTINCT q, key, -2147483648 FROM unnest(keys) AS key
$$;

-- The lock of a lane: 1,024 stripes bound the lock table.
CREATE FUNCTION lane_stripe(q text, key text) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
  SELECT (hashtextextended(q || chr(31) || key, 0) & 1023)::integer
$$;

-- To be called once in a transaction, with all it will need: ascending order keeps lockers from deadlock.
CREATE FUNCTION lock_stripes(stripes integer[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  class integer := hashtext(current_schema() || ':lanes');
  stripe integer;
BEGIN
  FOR stripe IN SELECT DISTINCT s FROM unnest(stripes) AS s ORDER BY s LOOP
    PERFORM pg_advisory_xact_lock(class, stripe);
  END LOOP;
END $$;

-- Takes the token from heads that a more urgent job overtook, except where the head is leased.
CREATE FUNCTION demote_heads(q text, keys text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  overtaken_heads bigint[];
  heads bigint[];
  held bigint[];
BEGIN
  -- Scalar subqueries with ORDER BY and LIMIT leave the planner one way: the lane's index, in order.
  SELECT array_agg(overtaken.head) INTO overtaken_heads FROM (
    SELECT (
      SELECT token.id FROM jobs AS token
      WHERE token.queue = q AND token.serialization_key = key
        AND token.serialization_key IS NOT NULL AND token.state IN ('ready', 'retry')
        AND token.state || '' = 'ready'
        AND (
          SELECT first.priority > token.priority
              OR (first.priority = token.priority AND first.id < token.id)
          FROM jobs AS first
          WHERE first.queue = q AND first.serialization_key = key AND first.state = 'waiting'
          ORDER BY first.priority DESC, first.id LIMIT 1
        )
      LIMIT 1
    ) AS head
    FROM unnest(keys) AS key OFFSET 0
  ) AS overtaken
  WHERE overtaken.head IS NOT NULL;
  IF overtaken_heads IS NULL THEN RETURN; END IF;

  heads := ARRAY(
    SELECT id FROM jobs WHERE id = ANY (overtaken_heads) AND state || '' = 'ready'
    FOR UPDATE SKIP LOCKED
  );
  IF cardinality(heads) < cardinality(overtaken_heads) THEN
    -- Who holds one of them may leave it as it is, like a claim that is rolled back.
    PERFORM mark_passed_by(q, ARRAY(
      SELECT serialization_key FROM jobs WHERE id = ANY (overtaken_heads) AND id <> ALL (heads)
    ));
  END IF;
  -- A fresh look: what was leased before we had the lock is no longer ours to move.
  held := ARRAY(SELECT unnest(job_ids) FROM leases WHERE queue = q);
  UPDATE jobs SET state = 'waiting'
  WHERE id = ANY (heads) AND state || '' = 'ready' AND id NOT IN (SELECT unnest(held));
END $$;

-- Gives each lane that has no token one, to its first waiting job. Returns how many. It waits for nobody:
-- who changes a job by hand may take his time.
CREATE FUNCTION give_tokens(q text, keys text[]) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  heads bigint[];
  lanes text[];
  given integer;
BEGIN
  SELECT array_agg(lane.head), array_agg(lane.key) INTO heads, lanes FROM (
    SELECT key, (
      SELECT first.id FROM jobs AS first
      WHERE first.queue = q AND first.serialization_key = key AND first.state = 'waiting'
      ORDER BY first.priority DESC, first.id LIMIT 1
    ) AS head, (
      SELECT token.id FROM jobs AS token
      WHERE token.queue = q AND token.serialization_key = key
        AND token.serialization_key IS NOT NULL AND token.state IN ('ready', 'retry')
      LIMIT 1
    ) AS token
    FROM unnest(keys) AS key OFFSET 0
  ) AS lane
  WHERE lane.token IS NULL AND lane.head IS NOT NULL;
  IF heads IS NULL THEN RETURN 0; END IF;

  UPDATE jobs SET state = 'ready' WHERE state || '' = 'waiting' AND id = ANY (ARRAY(
    SELECT id FROM jobs WHERE id = ANY (heads) AND state || '' = 'waiting' FOR UPDATE SKIP LOCKED
  ));
  GET DIAGNOSTICS given = ROW_COUNT;
  IF given < cardinality(heads) THEN
    -- A head is held by somebody, or vanished between the two looks: marking its lane again is always safe.
    PERFORM mark_passed_by(q, ARRAY(
      SELECT lane.key FROM unnest(heads, lanes) AS lane(head, key)
      WHERE (SELECT state || '' = 'ready' FROM jobs WHERE id = lane.head) IS NOT TRUE
    ));
  END IF;
  RETURN given;
END $$;

-- Consumes the markers of up to `lanes_max` lanes of a queue: of the most urgent ones first, then of those
-- marked first. A crowd of markers for few lanes keeps none of the others waiting. `is_behind` says that
-- there may be more to look at.
CREATE FUNCTION take_markers(q text, lanes_max integer, OUT keys text[], OUT is_behind boolean)
LANGUAGE plpgsql AS $$
DECLARE
  places tid[];
  priorities integer[];
BEGIN
  SELECT array_agg(marker.place), array_agg(marker.key), array_agg(marker.priority)
    INTO places, keys, priorities FROM (
      SELECT ctid AS place, key, priority FROM lane_wakes WHERE queue || '' = q
      ORDER BY - priority::bigint, id LIMIT lanes_max FOR UPDATE SKIP LOCKED
    ) AS marker;
  is_behind := false;
  IF places IS NULL THEN RETURN; END IF;
  -- They are locked, so they stay where they are; by their ids they might be looked for in another index.
  DELETE FROM lane_wakes WHERE ctid = ANY (places);
  IF cardinality(places) = lanes_max THEN
    -- Behind the urgent ones there may be no others than lanes that were passed by: these have time.
    is_behind := priorities[1] > -2147483648;
    IF (SELECT count(DISTINCT key) FROM unnest(keys) AS key) * 2 <= lanes_max THEN
      SELECT keys || array_agg(lane.key), priorities || array_agg(lane.priority)
        INTO keys, priorities FROM next_lanes(q, lanes_max) AS lane;
    END IF;
    PERFORM drop_markers(q, keys, priorities);
  END IF;
  keys := ARRAY(SELECT DISTINCT key FROM unnest(keys) AS key);
END $$;

-- The lanes of a queue that are marked, each once, the most urgent first: from one to the next by the index,
-- past however many markers one of them has.
CREATE FUNCTION next_lanes(q text, lanes_max integer)
RETURNS TABLE (priority integer, key text) LANGUAGE sql AS $$
  WITH RECURSIVE lane AS (
    (SELECT w.priority, w.key FROM lane_wakes AS w WHERE w.queue = q
     ORDER BY w.priority DESC, w.key DESC LIMIT 1)
    UNION ALL
    SELECT next.priority, next.key FROM lane CROSS JOIN LATERAL (
      (SELECT w.priority, w.key FROM lane_wakes AS w
       WHERE w.queue = q AND w.priority = lane.priority AND w.key < lane.key
       ORDER BY w.key DESC LIMIT 1)
      UNION ALL
      (SELECT w.priority, w.key FROM lane_wakes AS w
       WHERE w.queue = q AND w.priority < lane.priority
       ORDER BY w.priority DESC, w.key DESC LIMIT 1)
      LIMIT 1
    ) AS next
  )
  SELECT lane.priority, lane.key FROM lane LIMIT lanes_max
$$;

-- Drops what more markers these lanes have: some of each, if there are very many.
CREATE FUNCTION drop_markers(q text, keys text[], priorities integer[])
RETURNS void LANGUAGE sql AS $$
  DELETE FROM lane_wakes WHERE ctid = ANY (ARRAY(
    SELECT marker.place
    FROM (
      SELECT given.key, given.priority, count(*) OVER () AS lanes
      FROM unnest(keys, priorities) AS given(key, priority) GROUP BY given.key, given.priority
    ) AS lane
    CROSS JOIN LATERAL (
      SELECT w.ctid AS place FROM lane_wakes AS w
      WHERE w.queue = q AND w.priority = lane.priority AND w.key = lane.key
      LIMIT 10000 / lane.lanes FOR UPDATE SKIP LOCKED
    ) AS marker
  ))
$$;

-- Consumes markers of some queues, of up to `lanes_max` lanes altogether, and puts these lanes in order.
-- `given` is how many jobs became ready; `is_behind` says that there may be more lanes to look at.
CREATE FUNCTION admit(
  queues text[], lanes_max integer, OUT given integer, OUT is_behind boolean
) LANGUAGE plpgsql AS $$
DECLARE
  q text;
  taken record;
  lane_queues text[];
  lane_keys text[];
  keys text[];
  mark text;
BEGIN
  given := 0;
  is_behind := false;
  FOREACH q IN ARRAY queues LOOP
    taken := take_markers(q, greatest(lanes_max / cardinality(queues), 1));
    CONTINUE WHEN taken.keys IS NULL;
    lane_keys := lane_keys || taken.keys;
    lane_queues := lane_queues || array_fill(q, ARRAY[cardinality(taken.keys)]);
    is_behind := is_behind OR taken.is_behind;
  END LOOP;
  IF lane_keys IS NULL THEN RETURN; END IF;

  PERFORM lock_stripes(ARRAY(
    SELECT lane_stripe(lane.queue, lane.key) FROM unnest(lane_queues, lane_keys) AS lane(queue, key)
  ));
  mark := begin_step();
  FOR q, keys IN
    SELECT lane.queue, array_agg(lane.key) FROM unnest(lane_queues, lane_keys) AS lane(queue, key)
    GROUP BY lane.queue
  LOOP
    PERFORM demote_heads(q, keys);
    given := given + give_tokens(q, keys);
  END LOOP;
  PERFORM end_step(mark);
END $$;
