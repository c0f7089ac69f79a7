-- The jobs as people and tools see them: with the states `running` of a leased job and `blocked` of
-- a failed job that holds its lane, and with the worker of a leased job.

CREATE VIEW job_states AS
SELECT j.id, j.queue, j.name, j.serialization_key, j.priority,
       CASE
         WHEN l.id IS NOT NULL AND j.state = 'ready' THEN 'running'
         WHEN j.run_at = 'infinity' AND j.state = 'retry' THEN 'blocked'
         ELSE j.state
       END AS state,
       j.failures, j.max_attempts, j.run_at, j.expires_at, j.created_at, l.claimed_at, l.worker_id,
       j.crash_count, j.unhandled_count, j.snooze_count, j.error, j.unique_key, j.payload
FROM jobs AS j
LEFT JOIN (
  SELECT leases.id, claimed_at, worker_id, unnest(job_ids) AS job_id FROM leases
) AS l ON l.job_id = j.id;
