-- How jobs leave a lease: finished, to be tried again, or as they were.

-- Moves ended jobs into history, as far as it is kept. `why` maps an id to the error it failed with.
CREATE FUNCTION finish(
  l leases, ids bigint[], outcome_ text, why jsonb
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  is_kept boolean;
BEGIN
  SELECT CASE outcome_ WHEN 'completed' THEN keep_completed ELSE keep_failed END > interval '0'
    INTO is_kept FROM settings WHERE singleton;
  IF NOT is_kept THEN
    DELETE FROM jobs WHERE id = ANY (ids);
    RETURN;
  END IF;
  -- Copied, then deleted: faster than passing what is deleted on.
  INSERT INTO finished_jobs (
    id, created_at, claimed_at, finished_at, priority, attempt, outcome, queue, name,
    serialization_key, payload, error, lease_id
  )
  SELECT id, created_at, l.claimed_at, clock_timestamp(), priority,
         attempt + CASE outcome_ WHEN 'crashed' THEN 0 ELSE 1 END,
         outcome_, queue, name, serialization_key, payload,
         CASE outcome_ WHEN 'completed' THEN NULL ELSE coalesce(why ->> id::text, error) END, l.id
  FROM jobs WHERE id = ANY (ids);
  DELETE FROM jobs WHERE id = ANY (ids);
END $$;

-- Ends runs. `done_ids` names completed jobs, lease by lease: the first `done_counts[1]` of them were
-- held by `done_leases[1]`, and so on. `others` is a list of {lease, id, outcome, delay, error, holds}:
-- outcome is 'failed', 'blocked', 'retried', 'put_off' or 'released', delay is in seconds, holds says
-- whether a retried job keeps its lane's token. Returns what was asked for under a lease that does not
-- hold it, of which nothing was changed.
CREATE FUNCTION settle(
  done_leases uuid[], done_counts integer[], done_ids bigint[], others jsonb
)
RETURNS TABLE (lease uuid, id bigint) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  l leases;
  place integer;
  before integer;
  asked_leases uuid[];
  asked_ids bigint[];
  settled_leases uuid[] := '{}';
  settled_ids bigint[] := '{}';
  stripes integer[];
  done bigint[];
  mine jsonb;
  failed bigint[];
  undone bigint[];
  released bigint[];
  rest bigint[];
  keys text[];
  is_soon boolean := false;
  has_moved boolean;
  mark text := begin_step();
BEGIN
  PERFORM require_read_committed();
  asked_leases := ARRAY(
    SELECT unnest(done_leases) UNION
    SELECT (o ->> 'lease')::uuid FROM jsonb_array_elements(others) AS o
  );
  asked_ids := done_ids || ARRAY(SELECT (o ->> 'id')::bigint FROM jsonb_array_elements(others) AS o);
  -- All locks before anything is done: leases in order of their ids, then lanes.
  PERFORM FROM leases WHERE leases.id = ANY (asked_leases) ORDER BY leases.id FOR UPDATE;
  stripes := ARRAY(
    SELECT lane_stripe(j.queue, j.serialization_key) FROM jobs AS j
    WHERE j.id = ANY (asked_ids) AND j.serialization_key IS NOT NULL
  );
  IF cardinality(stripes) > 0 THEN PERFORM lock_stripes(stripes); END IF;
  FOR l IN SELECT * FROM leases WHERE leases.id = ANY (asked_leases) LOOP
    place := array_position(done_leases, l.id);
    before := (SELECT coalesce(sum(n), 0) FROM unnest(done_counts[:place - 1]) AS n);
    done := coalesce(done_ids[before + 1:before + done_counts[place]], '{}');
    rest := ARRAY(SELECT unnest(l.job_ids) EXCEPT SELECT unnest(done));
    IF cardinality(done) + cardinality(rest) > cardinality(l.job_ids) THEN
      done := ARRAY(SELECT unnest(done) INTERSECT SELECT unnest(l.job_ids));
    END IF;
    mine := '[]';
    failed := '{}';
    undone := '{}';
    released := '{}';
    IF others <> '[]' THEN
      SELECT coalesce(jsonb_agg(o), '[]'),
             coalesce(array_agg((o ->> 'id')::bigint) FILTER (WHERE o ->> 'outcome' = 'failed'), '{}'),
             coalesce(array_agg((o ->> 'id')::bigint) FILTER (WHERE o ->> 'outcome' <> 'failed'), '{}'),
             coalesce(array_agg((o ->> 'id')::bigint) FILTER (WHERE o ->> 'outcome' = 'released'), '{}')
        INTO mine, failed, undone, released
        FROM jsonb_array_elements(others) AS o
        -- NOT NOT IN: what is IN a set is looked for one by one, what is NOT IN it by its hash.
        WHERE (o ->> 'lease')::uuid = l.id
          AND NOT (o ->> 'id')::bigint NOT IN (SELECT unnest(l.job_ids));
    END IF;
    settled_ids := settled_ids || done || failed || undone;
    settled_leases := settled_leases
      || array_fill(l.id, ARRAY[cardinality(settled_ids) - cardinality(settled_leases)]);
    IF cardinality(failed || undone) > 0 THEN
      rest := ARRAY(SELECT unnest(rest) EXCEPT SELECT unnest(failed || undone));
    END IF;
    IF cardinality(undone) > 0 THEN
      -- A job that goes back undone takes the rest of its lane's run out of the lease with it.
      rest := ARRAY(
        SELECT j.id FROM jobs AS j WHERE j.id = ANY (rest) AND (
          j.serialization_key IS NULL OR j.serialization_key NOT IN (
            SELECT u.serialization_key FROM jobs AS u
            WHERE u.id = ANY (undone) AND u.serialization_key IS NOT NULL
          )
        )
      );
      PERFORM mark_lanes(l.queue, undone);
    END IF;

    keys := CASE WHEN cardinality(stripes) > 0 THEN ARRAY(
      SELECT DISTINCT j.serialization_key FROM jobs AS j
      WHERE j.id = ANY (done || failed || undone) AND j.serialization_key IS NOT NULL
    ) END;
    IF cardinality(done) > 0 THEN
      PERFORM finish(l, done, 'completed', NULL);
    END IF;
    IF cardinality(failed) > 0 THEN
      PERFORM finish(l, failed, 'failed', (SELECT jsonb_object_agg(o ->> 'id', o -> 'error')
                                           FROM jsonb_array_elements(mine) AS o));
    END IF;
    IF cardinality(undone) > cardinality(released) THEN
      -- Each row is found before the join, or the planner might look through all of them for it; where it
      -- was found it stays, for it is locked.
      PERFORM FROM jobs WHERE id = ANY (undone) FOR UPDATE;
      UPDATE jobs AS j SET
        state = CASE WHEN o.outcome = 'retried' AND NOT o.holds THEN 'scheduled' ELSE 'retry' END,
        run_at = CASE o.outcome WHEN 'blocked' THEN 'infinity'
                 ELSE clock_timestamp() + make_interval(secs => o.delay) END,
        attempt = j.attempt + CASE o.outcome WHEN 'put_off' THEN 0 ELSE 1 END,
        put_offs = j.put_offs + CASE o.outcome WHEN 'put_off' THEN 1 ELSE 0 END,
        -- It ran to an end, or not at all: nothing died of it.
        crash_count = 0,
        error = o.error
      FROM (
        SELECT asked.*, (SELECT found.ctid FROM jobs AS found WHERE found.id = asked.id) AS place
        FROM jsonb_to_recordset(mine) AS asked(
          id bigint, outcome text, delay double precision, error text, holds boolean
        )
        WHERE asked.outcome IN ('retried', 'put_off', 'blocked') OFFSET 0
      ) AS o
      WHERE j.ctid = o.place;
      is_soon := is_soon OR EXISTS (
        SELECT FROM jsonb_array_elements(mine) AS o
        WHERE o ->> 'outcome' = 'retried' AND (o ->> 'delay')::double precision < 10
      );
    END IF;

    has_moved := cardinality(undone) > 0;
    IF cardinality(keys) > 0 THEN
      -- A run goes on inside its lease: the token moves to its next job before anybody else looks.
      UPDATE jobs SET state = 'ready' WHERE state || '' = 'waiting' AND jobs.id = ANY (ARRAY(
        SELECT (
          SELECT r.id FROM jobs AS r WHERE r.id = ANY (rest) AND r.serialization_key = key
          ORDER BY r.state = 'waiting', r.priority DESC, r.id LIMIT 1
        ) FROM unnest(keys) AS key
      ));
      has_moved := give_tokens(l.queue, keys) > 0 OR has_moved;
    END IF;
    IF cardinality(rest) = 0 THEN
      DELETE FROM leases WHERE leases.id = l.id;
    ELSE
      UPDATE leases SET job_ids = rest WHERE leases.id = l.id;
    END IF;
    IF has_moved THEN
      PERFORM wake(l.queue);
    END IF;
  END LOOP;
  IF is_soon THEN
    PERFORM notify_wake('due');
  END IF;
  PERFORM end_step(mark);
  IF cardinality(settled_ids) = cardinality(asked_ids) THEN RETURN; END IF;

  -- What is not in its lease any more, but was finished under it, was settled before.
  RETURN QUERY
    SELECT r.lease, r.id FROM (
      SELECT d.lease, d.id
      FROM unnest(
        done_ids,
        ARRAY(SELECT d.lease FROM unnest(done_leases, done_counts) AS d(lease, n), generate_series(1, n))
      ) AS d(id, lease)
      UNION ALL
      SELECT (o ->> 'lease')::uuid, (o ->> 'id')::bigint FROM jsonb_array_elements(others) AS o
    ) AS r
    WHERE NOT EXISTS (SELECT FROM finished_jobs AS f WHERE f.id = r.id AND f.lease_id = r.lease)
      AND NOT EXISTS (
        SELECT FROM unnest(settled_leases, settled_ids) AS s(lease, id)
        WHERE s.lease = r.lease AND s.id = r.id
      );
END $$;

-- Those of the asked jobs of which nothing can be recorded while somebody else holds their row, or that of
-- another job of their lane in the same lease.
CREATE FUNCTION locked(asked_leases uuid[], asked_ids bigint[]) RETURNS SETOF bigint
LANGUAGE plpgsql AS $$
DECLARE
  leased bigint[];
  free bigint[];
BEGIN
  PERFORM require_read_committed();
  leased := ARRAY(SELECT unnest(job_ids) FROM leases WHERE id = ANY (asked_leases));
  free := ARRAY(SELECT id FROM jobs WHERE id = ANY (leased) FOR UPDATE SKIP LOCKED);
  RETURN QUERY
    WITH held AS MATERIALIZED (
      SELECT id, queue, serialization_key FROM jobs WHERE id = ANY (leased) AND id <> ALL (free)
    )
    SELECT id FROM held WHERE id = ANY (asked_ids)
    UNION
    SELECT j.id FROM jobs AS j JOIN held AS h USING (queue, serialization_key)
    WHERE j.id = ANY (asked_ids);
END $$;
