-- How jobs are added anew after finished ones. The history says of those what it said: a copy is
-- another job, and its old one can still be queued again.

-- Adds jobs anew after finished ones of any outcome, with their queues, names, payloads, keys,
-- priorities and attempts. The new jobs stand last in their lanes, and take part in no trace.
-- Answers for each of them in the order given, with the id of the new job where there is one:
--
-- - 'copied': there is a new job.
-- - 'conflict', 'held', 'unknown': as `retry` answers, with the `holder` of the unique key.
-- - 'unfinished': the job has not ended, and nothing was done.
CREATE FUNCTION retry_as_new(jobs bigint[]) RETURNS TABLE (
  id bigint, outcome text, new_id bigint, holder bigint
) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM require_read_committed();
  BEGIN
    RETURN QUERY SELECT * FROM add_copies(jobs);
    RETURN;
  EXCEPTION
    WHEN lock_not_available THEN NULL;
  END;
  -- A transaction has the unique key of one of the jobs, and was waited for.
  PERFORM set_config('lock_timeout', '1ms', true);
  FOREACH id IN ARRAY jobs LOOP
    BEGIN
      RETURN QUERY SELECT * FROM add_copies(ARRAY[id]);
    EXCEPTION
      WHEN lock_not_available THEN
        outcome := 'held';
        RETURN NEXT;
    END;
  END LOOP;
END $$;

-- Adds jobs after finished ones, in one statement.
CREATE FUNCTION add_copies(asked bigint[]) RETURNS TABLE (
  id bigint, outcome text, new_id bigint, holder bigint
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  new_ids bigint[] := draw_ids(cardinality(asked));
  outcomes text[];
  fresh numbered_offer[];
  kept bigint;
BEGIN
  SELECT array_agg(CASE past.is_finished
           WHEN true THEN 'copied' WHEN false THEN 'unfinished' ELSE 'unknown'
         END ORDER BY own.place),
         array_agg((own.new_id, (
           past.name, past.payload, past.key, past.priority, NULL, past.queue, past.max_attempts,
           past.unique_key, 'keep', NULL, NULL, NULL, NULL, NULL, NULL
         )::offered_job)::numbered_offer) FILTER (WHERE past.is_finished)
    INTO outcomes, fresh
    FROM unnest(asked, new_ids) WITH ORDINALITY AS own(id, new_id, place)
    LEFT JOIN LATERAL job_like(own.id) AS past ON true;
  IF fresh IS NOT NULL AND add_offers(fresh) < cardinality(fresh) THEN
    SELECT own.id INTO kept FROM unnest(asked, new_ids, outcomes) AS own(id, new_id, outcome)
    WHERE own.outcome = 'copied'
      AND NOT EXISTS (
        SELECT FROM unnest(fresh) AS f WHERE f.id = own.new_id AND (f.offer).unique_key IS NOT NULL
      )
      AND NOT EXISTS (
        SELECT FROM jobs AS j WHERE j.id = own.new_id OFFSET 0 -- idiom: fence
      )
    LIMIT 1;
    IF FOUND THEN PERFORM refuse_as_kept(kept); END IF;
  END IF;
  -- A look of its own, which sees the jobs that are there now, those of this call too.
  RETURN QUERY
    SELECT own.id,
           CASE WHEN own.outcome <> 'copied' OR j.id IS NOT NULL THEN own.outcome
                ELSE 'conflict' END,
           j.id,
           CASE WHEN own.outcome = 'copied' AND j.id IS NULL THEN (
             SELECT other.id FROM job_like(own.id) AS past CROSS JOIN LATERAL (
               SELECT jobs.id FROM jobs
               WHERE jobs.name = past.name AND jobs.unique_key = past.unique_key
               OFFSET 0 -- idiom: fence
             ) AS other
           ) END
    FROM unnest(asked, new_ids, outcomes) WITH ORDINALITY AS own(id, new_id, outcome, place)
    LEFT JOIN LATERAL (
      SELECT jobs.id FROM jobs WHERE jobs.id = own.new_id OFFSET 0 -- idiom: fence
    ) AS j ON true
    ORDER BY own.place;
END $$;

-- A job as another one like it would be added, from `jobs` or from the history. No row if there is
-- neither.
CREATE FUNCTION job_like(job bigint) RETURNS TABLE (
  is_finished boolean, queue text, name text, payload jsonb, key text, priority integer,
  max_attempts integer, unique_key text
) LANGUAGE sql STABLE AS $$
  SELECT false, j.queue, j.name, j.payload, j.serialization_key, j.priority, j.max_attempts,
         j.unique_key
  FROM jobs AS j WHERE j.id = job
  UNION ALL (
    SELECT true, f.queue, f.name, f.payload, f.serialization_key, f.priority, f.max_attempts,
           f.unique_key
    FROM finished_jobs AS f
    WHERE f.id = job AND f.redriven_at IS NULL
      AND NOT EXISTS (SELECT FROM jobs AS j WHERE j.id = job)
    ORDER BY f.finished_at DESC LIMIT 1
  )
$$;
