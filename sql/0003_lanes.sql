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

CREATE FUNCTION mark_lanes(q text, ids bigint[]) RETURNS void LANGUAGE sql AS $$
  INSERT INTO lane_wakes (queue, key)
  SELECT DISTINCT q, serialization_key FROM jobs
  WHERE id = ANY (ids) AND serialization_key IS NOT NULL
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
    INSERT INTO lane_wakes (queue, key)
    SELECT queue, serialization_key FROM jobs
    WHERE id = ANY (overtaken_heads) AND id <> ALL (heads);
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
    INSERT INTO lane_wakes (queue, key)
    SELECT q, lane.key FROM unnest(heads, lanes) AS lane(head, key)
    WHERE (SELECT state || '' = 'ready' FROM jobs WHERE id = lane.head) IS NOT TRUE;
  END IF;
  RETURN given;
END $$;

-- Consumes markers of a queue, up to a bound, and puts their lanes in order.
CREATE FUNCTION admit(q text, markers_max integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  markers tid[];
  keys text[];
  mark text;
  given integer;
BEGIN
  SELECT array_agg(marker.place), array_agg(DISTINCT marker.key) INTO markers, keys FROM (
    SELECT ctid AS place, key FROM lane_wakes WHERE queue = q ORDER BY id
    LIMIT markers_max FOR UPDATE SKIP LOCKED
  ) AS marker;
  IF markers IS NULL THEN RETURN 0; END IF;
  -- They are locked, so they stay where they are; by their ids they might be looked for in another index.
  DELETE FROM lane_wakes WHERE ctid = ANY (markers);
  PERFORM lock_stripes(ARRAY(SELECT lane_stripe(q, key) FROM unnest(keys) AS key));
  mark := begin_step();
  PERFORM demote_heads(q, keys);
  given := give_tokens(q, keys);
  PERFORM end_step(mark);
  RETURN given;
END $$;
