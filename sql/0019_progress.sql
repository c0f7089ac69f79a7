-- Reports of runs that go on: their progress, and the lines that they log.

-- Keeps the reports of runs: an object for each run, with its `lease`, its job's `id`, `attempt`,
-- `fraction`, `data` and `lines`. A line has its number `n`, its `age` in seconds, `level` and
-- `line`. Returns the runs that have their job in their lease. Nothing is kept of the others, whose
-- jobs may be running elsewhere. A report that was under way when its lease ended may still
-- overwrite progress of the job's next run; the next report of that run replaces it.
CREATE FUNCTION report(reports jsonb) RETURNS TABLE (lease uuid, id bigint) LANGUAGE sql AS $$
  WITH mine AS (
    SELECT r.*, own.claimed_at
    FROM jsonb_to_recordset(reports) AS r(
      lease uuid, id bigint, attempt integer, fraction double precision, data jsonb, lines jsonb
    )
    CROSS JOIN LATERAL (
      SELECT claimed_at FROM leases WHERE leases.id = r.lease AND r.id = ANY (job_ids)
      OFFSET 0 -- idiom: fence
    ) AS own
  ), progressed AS (
    INSERT INTO progress (job_id, lease_id, fraction, data)
    SELECT m.id, m.lease, m.fraction, m.data FROM mine AS m WHERE m.fraction IS NOT NULL
    ORDER BY m.id
    ON CONFLICT (job_id) DO UPDATE SET
      lease_id = EXCLUDED.lease_id, fraction = EXCLUDED.fraction, data = EXCLUDED.data,
      reported_at = EXCLUDED.reported_at
  ), logged AS (
    INSERT INTO log_lines (job_id, attempt, claimed_at, n, logged_at, level, line)
    SELECT m.id, m.attempt, m.claimed_at, l.n, clock_timestamp() - make_interval(secs => l.age),
           l.level, l.line
    FROM mine AS m CROSS JOIN LATERAL jsonb_to_recordset(m.lines)
      AS l(n integer, age double precision, level text, line text)
    WHERE (SELECT keep_logs > interval '0' FROM settings WHERE singleton)
  )
  SELECT m.lease, m.id FROM mine AS m
$$;

-- The log of a job in order: the lines of each of its runs, then how the run ended, if it did not
-- complete. Leaves out the first `skip` of them, and answers at most `lines_max`; NULL is all.
CREATE FUNCTION job_log(job bigint, skip bigint DEFAULT 0, lines_max bigint DEFAULT NULL)
RETURNS TABLE (logged_at timestamptz, attempt integer, level text, line text)
LANGUAGE sql STABLE AS $$
  SELECT l.logged_at, l.attempt, l.level, l.line FROM (
    SELECT logged_at, attempt, level, line, claimed_at, n FROM log_lines WHERE job_id = job
    UNION ALL
    SELECT ended_at, attempt,
           CASE WHEN outcome IN ('snoozed', 'cancelled') THEN 'Info' ELSE 'Error' END,
           concat_ws(': ', outcome, error), claimed_at, NULL
    FROM runs WHERE job_id = job
  ) AS l(logged_at, attempt, level, line, claimed_at, n)
  ORDER BY l.claimed_at, l.n NULLS LAST OFFSET skip LIMIT lines_max
$$;

-- Says of each of these jobs, in one look, whether it waits or runs, or how it has ended, and how
-- far its run has come. `unknown` is a job without a history. A job of a lease counts as running.
-- The queue and the key are those of an unfinished job.
CREATE FUNCTION states_of(asked bigint[]) RETURNS TABLE (
  id bigint, name text, state text, fraction double precision, data jsonb, reported_at timestamptz,
  queue text, key text
) LANGUAGE sql STABLE AS $$
  SELECT a.id, coalesce(j.name, r.name, past.name),
         CASE
           WHEN l.id IS NOT NULL THEN 'running'
           WHEN j.name IS NOT NULL THEN 'waiting'
           WHEN r.name IS NOT NULL THEN 'completed'
           ELSE coalesce(past.outcome, 'unknown')
         END,
         p.fraction, p.data, p.reported_at, j.queue, j.serialization_key
  FROM unnest(asked) AS a(id)
  LEFT JOIN LATERAL (
    SELECT jobs.queue, jobs.name, serialization_key FROM jobs
    WHERE jobs.id = a.id OFFSET 0 -- idiom: fence
  ) AS j ON true
  LEFT JOIN LATERAL (
    SELECT leases.id FROM leases
    WHERE leases.queue = j.queue AND first_id <= a.id AND last_id >= a.id AND a.id = ANY (job_ids)
    LIMIT 1
  ) AS l ON true
  LEFT JOIN LATERAL (
    SELECT progress.* FROM progress
    WHERE progress.job_id = a.id AND lease_id = l.id OFFSET 0 -- idiom: fence
  ) AS p ON true
  LEFT JOIN LATERAL (
    SELECT results.name FROM results
    WHERE j.name IS NULL AND results.job_id = a.id OFFSET 0 -- idiom: fence
  ) AS r ON true
  LEFT JOIN LATERAL (
    SELECT f.name, f.outcome FROM finished_jobs AS f
    WHERE j.name IS NULL AND r.name IS NULL AND f.id = a.id AND f.redriven_at IS NULL
    ORDER BY f.finished_at DESC LIMIT 1
  ) AS past ON true
$$;

-- Deletes some progress of runs that have ended.
CREATE FUNCTION forget_progress() RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  dropped integer;
BEGIN
  DELETE FROM progress WHERE ctid = ANY (ARRAY( -- idiom: by place
    SELECT ended.ctid FROM progress AS ended
    WHERE NOT EXISTS (
      SELECT FROM leases WHERE id = ended.lease_id AND ended.job_id = ANY (job_ids)
    )
    LIMIT 5000
  ));
  GET DIAGNOSTICS dropped = ROW_COUNT;
  RETURN dropped;
END $$;
