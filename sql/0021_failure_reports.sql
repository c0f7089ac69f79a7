-- How failures are reported: a kind of job may name another one (`onFailed`). A job of that one is
-- added in the transaction in which a job of the first one fails for good.

-- One row per name of jobs whose failures are reported. Workers write it when they register, and
-- the last of them is right. It outlives them, for a rescue or a sweep by workers that do not know
-- the kind.
CREATE TABLE failure_reports (
  name        text PRIMARY KEY,
  -- The name of the jobs that report.
  report_name text NOT NULL,
  -- How long after it was added a report expires; NULL is never.
  expires_in  interval
);

-- A job to add.
CREATE TYPE failure_report AS (name text, queue text, expires_at timestamptz, payload jsonb);

-- Adds a job for each of these jobs whose failures are reported, in their order. Their rows are
-- still as they were before they failed. `how` is 'failed', 'crashed', 'expired' or 'blocked';
-- `why` maps the id of a job to its error. The failure of a report is not reported, whatever the
-- rows say, so that no two names report each other without end.
CREATE FUNCTION report_failures(ids bigint[], how text, why jsonb, last_run integer) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  reports failure_report[];
BEGIN
  IF NOT EXISTS (SELECT FROM failure_reports) THEN RETURN; END IF;
  reports := ARRAY(
    SELECT ROW(
      r.report_name, (own.job).queue, clock_timestamp() + r.expires_in,
      failure_of(own.job, how, why ->> (own.job).id::text, last_run)
    )::failure_report
    FROM (
      SELECT j AS job FROM jobs AS j WHERE j.id = ANY (ids) ORDER BY j.id OFFSET 0 -- idiom: fence
    ) AS own CROSS JOIN LATERAL (
      SELECT report_name, expires_in FROM failure_reports WHERE name = (own.job).name
      OFFSET 0 -- idiom: fence
    ) AS r
    WHERE (own.job).name NOT IN (SELECT report_name FROM failure_reports)
  );
  IF cardinality(reports) = 0 THEN RETURN; END IF;
  -- The user's triggers find the settings of their session. One that keeps a report out may do so.
  PERFORM count_by_hand(
    'INSERT INTO %I.jobs (name, queue, expires_at, payload) '
    'SELECT name, queue, expires_at, payload FROM unnest($1)',
    reports, false
  );
END $$;

-- Reports the jobs among these ends of runs that failed for good and block their lane, before they
-- change. Their later end by hand is no failure.
CREATE FUNCTION report_blocked(ends ending[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  ids bigint[];
  why jsonb;
BEGIN
  SELECT array_agg(e.id), jsonb_object_agg(e.id, e.error) INTO ids, why
    FROM unnest(ends) AS e WHERE e.outcome = 'blocked';
  PERFORM report_failures(ids, 'blocked', why, 1);
END $$;

-- The payload of a report: the failed job. The id is a text, because a number in JSON may lose its
-- last digits. A payload with which the report would be too large for a job is left out.
CREATE FUNCTION failure_of(job jobs, how text, why text, last_run integer) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
  facts jsonb := jsonb_strip_nulls(jsonb_build_object(
    'id', job.id::text, 'name', job.name, 'queue', job.queue, 'key', job.serialization_key,
    'outcome', how, 'error', left(coalesce(why, job.error), 8192),
    'attempts', job.failures + last_run
  ));
  whole jsonb := facts || jsonb_build_object('payload', job.payload);
BEGIN
  RETURN CASE WHEN octet_length(whole::text) <= 1048576 THEN whole ELSE facts END;
END $$;
