-- The jobs as people and tools see them: with the states `running` of a leased job, `blocked` of a
-- failed job that holds its lane, and `paused` of a job that was set aside or would be ready; and
-- with the worker of a leased job.

CREATE VIEW job_states AS
SELECT j.id, j.queue, j.name, j.serialization_key, j.priority,
       CASE
         WHEN l.id IS NOT NULL AND j.state = 'ready' THEN 'running'
         WHEN aside.job_id IS NOT NULL AND j.run_at = 'infinity' THEN 'paused'
         -- The first look is one for all rows.
         WHEN j.state = 'ready' AND EXISTS (SELECT FROM pauses) AND EXISTS (
           SELECT FROM pauses AS p
           WHERE p.queue IN (j.queue, '*') AND p.name IN ('', j.name)
             AND (p.until IS NULL OR p.until > clock_timestamp())
         ) THEN 'paused'
         WHEN j.run_at = 'infinity' AND j.state = 'retry' THEN 'blocked'
         ELSE j.state
       END AS state,
       j.failures, j.max_attempts, j.run_at, j.expires_at, j.created_at, l.claimed_at, l.worker_id,
       j.crash_count, j.unhandled_count, j.snooze_count, j.error, j.unique_key, j.payload
FROM jobs AS j
LEFT JOIN (
  SELECT leases.id, claimed_at, worker_id, unnest(job_ids) AS job_id FROM leases
) AS l ON l.job_id = j.id
LEFT JOIN set_aside AS aside ON aside.job_id = j.id;
