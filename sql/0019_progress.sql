-- Reports of runs that go on.

-- One row per job whose run has reported progress: the newest report. It belongs to the lease of
-- the run. `forget` drops the rows of runs that have ended.
CREATE TABLE progress (
  job_id      bigint PRIMARY KEY,
  lease_id    uuid NOT NULL,
  -- The share of the work that is done.
  fraction    double precision NOT NULL CHECK (fraction BETWEEN 0 AND 1),
  -- Anything else that the handler says.
  data        jsonb,
  reported_at timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (
  fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000
);

-- Keeps the reports of runs: an object for each run, with its `lease`, its job's `id`, `fraction`
-- and `data`. Returns the runs that have their job in their lease. Nothing is kept of the others,
-- whose jobs may be running elsewhere. A report that was under way when its lease ended may still
-- overwrite one of the job's next run; the next report of that run replaces it.
CREATE FUNCTION report(reports jsonb) RETURNS TABLE (lease uuid, id bigint) LANGUAGE sql AS $$
  WITH mine AS (
    SELECT r.lease, r.id, r.fraction, r.data
    FROM jsonb_to_recordset(reports)
      AS r(lease uuid, id bigint, fraction double precision, data jsonb)
    CROSS JOIN LATERAL (
      SELECT FROM leases WHERE leases.id = r.lease AND r.id = ANY (job_ids)
      OFFSET 0 -- idiom: fence
    ) AS own
  ), kept AS (
    INSERT INTO progress (job_id, lease_id, fraction, data)
    SELECT m.id, m.lease, m.fraction, m.data FROM mine AS m WHERE m.fraction IS NOT NULL
    ORDER BY m.id
    ON CONFLICT (job_id) DO UPDATE SET
      lease_id = EXCLUDED.lease_id, fraction = EXCLUDED.fraction, data = EXCLUDED.data,
      reported_at = EXCLUDED.reported_at
  )
  SELECT m.lease, m.id FROM mine AS m
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
