-- How unique jobs come in: an offer adds a job, or finds the job that holds the unique key. The
-- index jobs_unique decides. So no step that moves a job on can meet a conflict, but for a redrive.
--
-- An offer may wait for another transaction that has the key, as no other way to add a job does.
-- Offers of one call take their keys in the order of name and key, and are done with one key before
-- they look at the next one. So two calls never wait for each other in a circle.

-- A job to add. `mode` says what a job that holds the key means for the offer:
--
-- - 'keep': that job stands for the offer. With 'keep-queued' a leased job does not.
-- - 'reject': the offer is rejected.
-- - 'replace': that job gets the values of the offer.
-- - 'debounce': the same, and it starts after `wait`, or `max_wait` after it was added.
-- - 'trail': the same, within a hold at the end of the hold.
--
-- With `within`, a job holds its key for so long after it was added, even if it has ended. A job
-- without a key is added. `expires_in` counts from the job's start, if that is later than now.
CREATE TYPE offered_job AS (
  name text, payload jsonb, serialization_key text, priority integer, run_at timestamptz,
  queue text, max_attempts integer, unique_key text, mode text, within interval, wait interval,
  max_wait interval, expires_at timestamptz, expires_in interval, traceparent text
);

-- An offer with the id that its job gets if it is added, or the id of the job that it changes.
CREATE TYPE numbered_offer AS (id bigint, offer offered_job);

-- The answers to some offers, in their order.
CREATE TYPE offer_answers AS (ids bigint[], outcomes text[]);

-- A unique key as the index has it.
CREATE FUNCTION fit_key(key text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN octet_length(key) <= 256 THEN key
              ELSE 'sha256:' || encode(sha256(convert_to(key, 'UTF8')), 'hex') END
$$;

-- The unique key for these fields of a payload, or for the whole payload: its JSON text, which is
-- the same for all ways to write the payload. A long one becomes its hash.
CREATE FUNCTION unique_key(payload jsonb, VARIADIC fields text[] DEFAULT '{}') RETURNS text
LANGUAGE sql IMMUTABLE AS $$
  SELECT fit_key(CASE cardinality(fields)
    WHEN 0 THEN payload
    WHEN 1 THEN coalesce(payload -> fields[1], 'null')
    ELSE (
      SELECT jsonb_agg(coalesce(payload -> field, 'null') ORDER BY place)
      FROM unnest(fields) WITH ORDINALITY AS named(field, place)
    )
  END::text)
$$;

-- Offers one job. Without a key, the whole payload is the key; with `wait`, the mode is 'debounce'.
-- Returns the id of the job that was added or stands for it, and 'added', 'kept', 'replaced' or
-- 'rejected'.
CREATE FUNCTION offer(
  name text, payload jsonb DEFAULT '{}', unique_key text DEFAULT NULL, mode text DEFAULT NULL,
  within interval DEFAULT NULL, wait interval DEFAULT NULL, max_wait interval DEFAULT NULL,
  key text DEFAULT NULL, priority integer DEFAULT 0, run_at timestamptz DEFAULT NULL,
  queue text DEFAULT 'default', max_attempts integer DEFAULT NULL,
  expires_at timestamptz DEFAULT NULL, traceparent text DEFAULT NULL
) RETURNS TABLE (id bigint, outcome text) LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY SELECT * FROM offer_many(ARRAY[(
    name, payload, key, priority, run_at, queue, max_attempts,
    coalesce(unique_key, unique_key(payload)),
    coalesce(mode, CASE WHEN wait IS NULL THEN 'keep' ELSE 'debounce' END), within, wait, max_wait,
    expires_at, NULL, traceparent
  )::offered_job]);
END $$;

-- Offers jobs, and answers for each of them in the order given: as `offer` does, or 'merged' if
-- another offer of the call stands for it, with the same name, key and mode. A call that `is_whole`
-- does nothing if it rejects one of the jobs: the others have the outcome NULL.
CREATE FUNCTION offer_many(offers offered_job[], is_whole boolean DEFAULT false)
RETURNS TABLE (id bigint, outcome text) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  ids bigint[];
  outcomes text[];
BEGIN
  IF NOT is_whole THEN
    RETURN QUERY SELECT * FROM offer_all(offers, NULL);
    RETURN;
  END IF;
  BEGIN
    SELECT array_agg(answer.id), array_agg(answer.outcome) INTO ids, outcomes
      FROM offer_all(offers, NULL) AS answer;
    IF 'rejected' = ANY (outcomes) THEN RAISE SQLSTATE 'PGQ04'; END IF;
  EXCEPTION
    WHEN SQLSTATE 'PGQ04' THEN
      outcomes := ARRAY(SELECT CASE o WHEN 'rejected' THEN o END FROM unnest(outcomes) AS o);
  END;
  RETURN QUERY SELECT * FROM unnest(ids, outcomes);
END $$;

-- Offers jobs of callers that know nothing of each other, none of whom may keep another one
-- waiting. While a transaction that stays open has one of the keys, the offers of that key have the
-- outcome 'held': nothing was changed for them.
CREATE FUNCTION offer_apart(offers offered_job[]) RETURNS TABLE (id bigint, outcome text)
LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY SELECT * FROM offer_all(offers, NULL);
EXCEPTION
  WHEN lock_not_available THEN
    RETURN QUERY SELECT * FROM offer_all(offers, '10ms');
END $$;

-- Offers jobs. With `patience`, each key is waited for so long, and one that stays locked holds up
-- no other one.
CREATE FUNCTION offer_all(offers offered_job[], patience text)
RETURNS TABLE (id bigint, outcome text) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  fit offered_job[] := fit_offers(offers);
  ids bigint[] := draw_ids(cardinality(offers));
  outcomes text[] := array_fill(NULL::text, ARRAY[cardinality(offers)]);
  -- The offer of the call that stands for each: of those to be kept the first, of others the last.
  stands bigint[] := ARRAY(
    SELECT CASE WHEN mode IN ('keep', 'keep-queued', 'reject') THEN min(place) OVER same
                ELSE max(place) OVER same END
    FROM unnest(fit) WITH ORDINALITY AS own(
      name, payload, serialization_key, priority, run_at, queue, max_attempts, unique_key, mode,
      within, wait, max_wait, expires_at, expires_in, traceparent, place
    ) WINDOW same AS (
      PARTITION BY name, unique_key, mode, CASE WHEN unique_key IS NULL THEN place END
    ) ORDER BY place
  );
  turn record;
  done record;
  at_once offer_answers := CASE WHEN patience IS NULL THEN offer_at_once(fit, ids, stands) END;
BEGIN
  ids := coalesce(at_once.ids, ids);
  outcomes := coalesce(at_once.outcomes, outcomes);
  FOR turn IN
    SELECT o.place, fit[o.place] AS offer FROM unnest(fit, stands) WITH ORDINALITY AS o(
      name, payload, serialization_key, priority, run_at, queue, max_attempts, unique_key, mode,
      within, wait, max_wait, expires_at, expires_in, traceparent, stand, place
    ) WHERE o.stand = o.place AND at_once IS NULL
    ORDER BY o.name, o.unique_key, o.place
  LOOP
    IF patience IS NULL THEN
      done := offer_one(turn.offer, ids[turn.place]);
    ELSE
      done := offer_or_leave(turn.offer, ids[turn.place], patience);
      IF done.outcome = 'held' THEN patience := '1ms'; END IF;
    END IF;
    ids[turn.place] := done.id;
    outcomes[turn.place] := done.outcome;
  END LOOP;
  RETURN QUERY
    SELECT ids[stand], CASE
      WHEN stand = place OR outcomes[stand] IN ('held', 'kept', 'rejected') THEN outcomes[stand]
      WHEN (fit[stand]).mode = 'reject' THEN 'rejected'
      ELSE 'merged'
    END FROM unnest(stands) WITH ORDINALITY AS own(stand, place) ORDER BY place;
END $$;

-- Offers jobs in one statement, where each key is free or its holder is to be kept. Else nothing is
-- done, and the answer is NULL: a call that goes back to another key while it has some could be
-- part of a circle.
CREATE FUNCTION offer_at_once(
  offers offered_job[], new_ids bigint[], stands bigint[]
) RETURNS offer_answers LANGUAGE plpgsql AS $$
DECLARE
  answers offer_answers;
  fresh numbered_offer[];
  all_fit boolean;
BEGIN
  SELECT array_agg(coalesce(holder.id, new_ids[place]) ORDER BY place),
         array_agg(CASE
           WHEN holder.id IS NULL THEN 'added' WHEN o.mode = 'reject' THEN 'rejected' ELSE 'kept'
         END ORDER BY place),
         array_agg((new_ids[place], offers[place])::numbered_offer)
           FILTER (WHERE holder.id IS NULL AND o.stand = place),
         bool_and(o.within IS NULL AND (holder.id IS NULL OR o.mode IN ('keep', 'reject')))
    INTO answers.ids, answers.outcomes, fresh, all_fit
    FROM unnest(offers, stands) WITH ORDINALITY AS o(
      name, payload, serialization_key, priority, run_at, queue, max_attempts, unique_key, mode,
      within, wait, max_wait, expires_at, expires_in, traceparent, stand, place
    ) LEFT JOIN LATERAL (
      SELECT j.id FROM jobs AS j
      WHERE j.name = o.name AND j.unique_key = o.unique_key OFFSET 0 -- idiom: fence
    ) AS holder ON true;
  RETURN CASE WHEN all_fit AND (fresh IS NULL OR add_all(fresh)) THEN answers END;
END $$;

-- Adds these jobs, or returns false if another job has the key of one of them.
CREATE FUNCTION add_all(fresh numbered_offer[]) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  IF add_offers(fresh) < cardinality(fresh) THEN RAISE SQLSTATE 'PGQ04'; END IF;
  RETURN true;
EXCEPTION
  WHEN SQLSTATE 'PGQ04' THEN
    RETURN false;
END $$;

-- Adds those of these jobs whose keys are free, as if the caller had written the statement. Returns
-- their number.
CREATE FUNCTION add_offers(fresh numbered_offer[]) RETURNS integer LANGUAGE plpgsql AS $$
BEGIN
  RETURN count_by_hand(
    'INSERT INTO %I.jobs (id, name, payload, serialization_key, priority, run_at, queue, '
    'max_attempts, unique_key, expires_at, traceparent) OVERRIDING SYSTEM VALUE '
    'SELECT n.id, (n.offer).name, (n.offer).payload, (n.offer).serialization_key, '
    '(n.offer).priority, own.start, (n.offer).queue, (n.offer).max_attempts, '
    '(n.offer).unique_key, coalesce((n.offer).expires_at, (n.offer).expires_in '
    '+ greatest(clock_timestamp(), own.start)), (n.offer).traceparent FROM unnest($1) AS n '
    'CROSS JOIN LATERAL (SELECT CASE (n.offer).mode WHEN ''debounce'' '
    'THEN clock_timestamp() + (n.offer).wait ELSE (n.offer).run_at END AS start) AS own '
    'ORDER BY (n.offer).name, (n.offer).unique_key '
    'ON CONFLICT (name, unique_key) WHERE unique_key IS NOT NULL DO NOTHING',
    fresh, true
  );
END $$;

-- Offers one job, unless another transaction has locked its key for longer than this.
CREATE FUNCTION offer_or_leave(
  o offered_job, new_id bigint, patience text, OUT id bigint, OUT outcome text
) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('lock_timeout', patience, true);
  SELECT * INTO id, outcome FROM offer_one(o, new_id);
EXCEPTION
  WHEN lock_not_available THEN
    outcome := 'held';
END $$;

-- Offers one job with this id, in several rounds if need be: the job that holds the key may end, or
-- another one may take the key, while the step looks. Each round in vain is the success of another
-- transaction.
CREATE FUNCTION offer_one(o offered_job, new_id bigint, OUT id bigint, OUT outcome text)
LANGUAGE plpgsql AS $$
DECLARE
  hold holds;
BEGIN
  FOR round IN 1..50 LOOP
    IF o.within IS NOT NULL THEN
      hold := take_hold(o, new_id);
      CONTINUE WHEN hold.job_id IS NULL;
      IF hold.job_id <> new_id THEN
        SELECT * INTO id, outcome FROM offer_within(o, hold);
        IF outcome IS NOT NULL THEN RETURN; END IF;
        -- It comes at the end of the hold, and the hold goes on behind it.
        UPDATE holds SET until = hold.until + o.within, job_id = new_id
        WHERE name = o.name AND unique_key = o.unique_key AND until = hold.until;
        CONTINUE WHEN NOT FOUND;
        o.run_at := hold.until;
      END IF;
    END IF;
    SELECT * INTO id, outcome FROM try_to_offer(o, new_id);
    CONTINUE WHEN outcome IS NULL;
    IF outcome IN ('kept', 'rejected') AND o.within IS NOT NULL THEN
      DELETE FROM holds WHERE name = o.name AND unique_key = o.unique_key;
    ELSIF outcome = 'replaced' AND o.within IS NOT NULL THEN
      UPDATE holds SET job_id = offer_one.id WHERE name = o.name AND unique_key = o.unique_key;
    END IF;
    RETURN;
  END LOOP;
  RAISE EXCEPTION 'the unique key % of the jobs "%" changes hands too fast', o.unique_key, o.name
    USING ERRCODE = 'serialization_failure',
          HINT = 'Try again. If it stays so, a trigger on jobs keeps the job out.';
END $$;

-- Takes the hold of a key, or returns the one that is in force. Returns NULL if another transaction
-- has taken it meanwhile.
CREATE FUNCTION take_hold(o offered_job, new_id bigint) RETURNS holds LANGUAGE plpgsql AS $$
DECLARE
  hold holds;
BEGIN
  SELECT * INTO hold FROM holds
  WHERE name = o.name AND unique_key = o.unique_key AND until > clock_timestamp();
  IF NOT FOUND THEN
    INSERT INTO holds AS own (name, unique_key, until, job_id)
    VALUES (o.name, o.unique_key, clock_timestamp() + o.within, new_id)
    ON CONFLICT (name, unique_key) DO UPDATE SET until = excluded.until, job_id = excluded.job_id
    WHERE own.until <= clock_timestamp()
    RETURNING * INTO hold;
  END IF;
  RETURN hold;
END $$;

-- Offers a job while a hold is in force. The outcome is NULL if the job is to come at the end of
-- the hold.
CREATE FUNCTION offer_within(o offered_job, hold holds, OUT id bigint, OUT outcome text)
LANGUAGE plpgsql AS $$
BEGIN
  IF o.mode IN ('replace', 'trail') THEN
    SELECT * INTO id, outcome FROM change_holder(o, o.mode = 'trail');
    IF outcome = 'replaced' THEN RETURN; END IF;
    outcome := NULL;
    IF o.mode = 'trail' THEN RETURN; END IF;
  END IF;
  id := hold.job_id;
  outcome := CASE o.mode WHEN 'reject' THEN 'rejected' ELSE 'kept' END;
END $$;

-- Adds a job, or finds another one that stands for it. The outcome is NULL if the key changes hands
-- meanwhile.
CREATE FUNCTION try_to_offer(o offered_job, new_id bigint, OUT id bigint, OUT outcome text)
LANGUAGE plpgsql AS $$
BEGIN
  IF add_offers(ARRAY[(new_id, o)::numbered_offer]) > 0 THEN
    id := new_id;
    outcome := 'added';
  ELSIF o.mode IN ('keep', 'reject') THEN
    id := (SELECT j.id FROM jobs AS j WHERE j.name = o.name AND j.unique_key = o.unique_key);
    IF id IS NULL THEN RETURN; END IF;
    outcome := CASE o.mode WHEN 'keep' THEN 'kept' ELSE 'rejected' END;
  ELSE
    SELECT * INTO id, outcome FROM change_holder(o, false);
    IF outcome = 'leased' THEN
      -- It runs with its old values. The key is for the job that comes after it.
      PERFORM run_by_hand('UPDATE %I.jobs SET unique_key = NULL WHERE id = $1', id, id);
      outcome := NULL;
    END IF;
  END IF;
END $$;

-- Gives the values of an offer to the job that holds the key, and locks it. The job keeps its id,
-- its queue and its place in its lane. Returns 'replaced', 'kept' if the offer changes nothing,
-- 'leased' if the job is leased, or NULL if there is none.
CREATE FUNCTION change_holder(
  o offered_job, keeps_start boolean, OUT id bigint, OUT outcome text
) LANGUAGE plpgsql AS $$
DECLARE
  holder record;
BEGIN
  PERFORM require_read_committed();
  SELECT j.id, j.queue, j.run_at, j.created_at INTO holder FROM jobs AS j
  WHERE j.name = o.name AND j.unique_key = o.unique_key FOR UPDATE;
  IF NOT FOUND THEN RETURN; END IF;
  id := holder.id;
  -- A fresh look at the leases: a claim that had locked the row before has committed by now.
  IF lease_of(holder.queue, id) IS NOT NULL THEN
    outcome := 'leased';
  ELSIF o.mode = 'keep-queued' THEN
    outcome := 'kept';
  ELSE
    IF keeps_start THEN
      o.run_at := holder.run_at;
    ELSIF o.mode = 'debounce' THEN
      o.run_at := least(clock_timestamp() + o.wait, holder.created_at + o.max_wait);
    END IF;
    PERFORM run_by_hand(
      'UPDATE %I.jobs SET payload = (($1).offer).payload, priority = (($1).offer).priority, '
      'run_at = (($1).offer).run_at, expires_at = coalesce((($1).offer).expires_at, '
      '(($1).offer).expires_in + greatest(clock_timestamp(), (($1).offer).run_at)), '
      'max_attempts = (($1).offer).max_attempts, traceparent = (($1).offer).traceparent, '
      'failures = 0, '
      'crash_count = 0, unhandled_count = 0, snooze_count = NULL, error = NULL '
      'WHERE id = ($1).id',
      (id, o)::numbered_offer, id
    );
    outcome := 'replaced';
  END IF;
END $$;

-- Whether an unfinished job has the unique key.
CREATE FUNCTION is_taken(job_name text, key text) RETURNS boolean LANGUAGE sql AS $$
  SELECT EXISTS (SELECT FROM jobs WHERE name = job_name AND unique_key = key)
$$;

-- The next ids of jobs. They grow in the order of the offers, whatever the order of the keys.
CREATE FUNCTION draw_ids(size integer) RETURNS bigint[] LANGUAGE plpgsql AS $$
DECLARE
  counter regclass := pg_get_serial_sequence('jobs', 'id');
BEGIN
  RETURN ARRAY(SELECT nextval(counter) FROM generate_series(1, size));
END $$;

-- Refuses offers that cannot be meant, and makes their keys fit the index.
CREATE FUNCTION fit_offers(offers offered_job[]) RETURNS offered_job[] LANGUAGE plpgsql AS $$
DECLARE
  issue text := (
    SELECT CASE
      WHEN mode IS NULL OR mode NOT IN (
        'keep', 'keep-queued', 'reject', 'replace', 'debounce', 'trail'
      ) THEN 'there is no mode ' || coalesce(quote_literal(mode), 'NULL')
      WHEN unique_key = '' THEN 'the unique key is empty'
      WHEN octet_length(unique_key) > 4096 THEN 'the unique key has more than 4096 bytes'
      WHEN within <= interval '0' THEN 'within is not more than 0'
      WHEN mode = 'trail' AND within IS NULL THEN 'the mode trail needs within'
      WHEN mode = 'debounce' AND (wait IS NULL OR max_wait IS NULL) THEN
        'the mode debounce needs wait and max_wait'
      WHEN mode = 'debounce' AND within IS NOT NULL THEN 'the mode debounce has no within'
      WHEN mode <> 'debounce' AND wait IS NOT NULL THEN 'wait goes with the mode debounce alone'
      WHEN wait < interval '0' OR wait > max_wait THEN 'wait is not between 0 and max_wait'
    END AS issue
    FROM unnest(offers) ORDER BY 1 NULLS LAST LIMIT 1
  );
BEGIN
  IF issue IS NOT NULL THEN
    RAISE EXCEPTION 'a job cannot be offered: %', issue USING ERRCODE = 'invalid_parameter_value';
  END IF;
  RETURN ARRAY(
    SELECT (
      name, payload, serialization_key, priority, run_at, queue, max_attempts, fit_key(unique_key),
      mode, within, wait, max_wait, expires_at, expires_in, traceparent
    )::offered_job
    FROM unnest(offers) WITH ORDINALITY AS o(
      name, payload, serialization_key, priority, run_at, queue, max_attempts, unique_key, mode,
      within, wait, max_wait, expires_at, expires_in, traceparent, place
    ) ORDER BY place
  );
END $$;

-- Deletes some holds that are over. An offer that takes one meanwhile keeps it.
CREATE FUNCTION forget_holds() RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  -- One reading of the clock: a comparison with clock_timestamp() could use no index.
  clock timestamptz := clock_timestamp();
  dropped integer;
BEGIN
  DELETE FROM holds WHERE ctid = ANY (ARRAY( -- idiom: by place
    SELECT ctid FROM holds WHERE until <= clock
    ORDER BY until LIMIT 5000 FOR UPDATE SKIP LOCKED
  ));
  GET DIAGNOSTICS dropped = ROW_COUNT;
  RETURN dropped;
END $$;
