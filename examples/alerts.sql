-- What to watch. Each statement answers with no row while all is well.

-- #region old
-- Ready jobs that no worker has claimed for five minutes, by queue.
select queue, count(*), max(now() - greatest(created_at, run_at)) as oldest
from pgq.job_states
where state = 'ready' and greatest(created_at, run_at) < now() - interval '5 minutes'
group by queue;
-- #endregion

-- #region no-worker
-- Queues with jobs and without a live worker.
select distinct queue from pgq.jobs
where not exists (
  select from pgq.workers where jobs.queue = any (queues) and lease_until > now()
);
-- #endregion

-- #region late-workers
-- Workers without a heartbeat for two fifths of their lease.
select label, host, pid, late_since from pgq.workers where late_since is not null;
-- #endregion

-- #region failed
-- Jobs that failed for good, or killed their worker three times, in the last hour.
select name, outcome, count(*), max(error) as an_error
from pgq.finished_jobs
where outcome in ('failed', 'crashed') and finished_at > now() - interval '1 hour'
group by name, outcome;
-- #endregion

-- #region suspects
-- Jobs whose worker died.
select id, queue, name, crash_count from pgq.jobs where crash_count > 0;
-- #endregion

-- #region blocked
-- Lanes that wait for a person.
select queue, serialization_key, id, error from pgq.job_states where state = 'blocked';
-- #endregion

-- #region unhandled
-- Names for which a worker of their queue has no handler.
select queue, name, count(*) from pgq.jobs where unhandled_count > 0 group by queue, name;
-- #endregion

-- #region long-runs
-- Jobs that have been leased for an hour.
select id, queue, name, now() - claimed_at as age, worker_id
from pgq.job_states
where claimed_at < now() - interval '1 hour';
-- #endregion

-- #region overdue
-- Due jobs that maintenance has not made ready for a minute: no worker lives, or a trigger refuses.
select count(*), min(run_at) from pgq.jobs
where state in ('scheduled', 'retry') and run_at < now() - interval '1 minute'
having count(*) > 0;
-- #endregion

-- #region open-transactions
-- Transactions that have been open for ten minutes: claims get slower, and history cannot go.
select pid, usename, application_name, now() - xact_start as age, state
from pg_stat_activity
where backend_type = 'client backend' and xact_start < now() - interval '10 minutes';
-- #endregion
