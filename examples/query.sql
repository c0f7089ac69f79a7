-- Looking at jobs.

-- #region states
select queue, state, count(*), min(created_at) from pgq.job_states group by queue, state;
select id, name, serialization_key, worker_id from pgq.job_states where state = 'running';
select id, name, failures, run_at, error from pgq.job_states where state in ('retry', 'blocked');
-- #endregion

-- #region history
select name, outcome, count(*), max(finished_at - claimed_at) as longest
from pgq.finished_jobs
where finished_at > now() - interval '1 hour'
group by name, outcome;
-- #endregion

-- #region runs
select attempt, outcome, ran_ms, error from pgq.runs where job_id = 42 order by ended_at desc;
select name, error, count(*) from pgq.runs where ended_at > now() - interval '1 hour' group by 1, 2;
-- #endregion

-- #region progress
select fraction, data from pgq.progress where job_id = 42;
-- #endregion

-- #region log
select logged_at, attempt, level, line from pgq.job_log(42);
-- #endregion

-- #region results
select value, error from pgq.results where job_id = 42;
select outcome, has_result, value, error, failure from pgq.ends_of(array[42], '{}');
-- #endregion

-- #region delete
delete from pgq.jobs where id = 7;
update pgq.jobs set priority = 100 where serialization_key = 'customer-7';
-- #endregion

-- #region cancel
select pgq.cancel(42, 'customer left');
select * from pgq.cancel(array[42, 43], 'customer left');
select * from pgq.cancel_some('default', null, 'customer-7', null, 0, 500, 'customer left');
select pgq.ended_as(42);
-- #endregion

-- #region operators
select pgq.retry(42);
select * from pgq.retry(array[42, 43]);
select * from pgq.retry_as_new(array[42, 43]);
select * from pgq.retry_failed(
  'default', 'A job', 'failed', now() - interval '1 day', 'timeout', 0, 500
);
select * from pgq.discard(array[42, 43]);
select pgq.edit(42, priority => 10, run_at => now() + interval '1 hour', payload => '{"n": 1}');
select pgq.edit(42, run_at => '-infinity');
select pgq.edit(42, expires_at => 'infinity');
-- #endregion

-- #region why
select place, code, detail, since, until, job_id, advice from pgq.why(42);
select code, detail, advice from pgq.why_queue('default');
-- #endregion

-- #region pause
select pgq.pause('mail', reason => 'the mail server is down');
select pgq.pause('*', 'A job', until => now() + interval '1 hour');
select queue, name, paused_at, paused_by, until, reason from pgq.pauses;
select pgq.resume('mail'), pgq.resume('*', 'A job');
-- #endregion

-- #region by-hand
update pgq.jobs set run_at = null where name = 'A job' and state in ('scheduled', 'retry');
update pgq.jobs set queue = 'overflow' where queue = 'default'
and id not in (select id from pgq.job_states where worker_id is not null);
-- #endregion

-- #region figures
select at, sum(counts[1]) as completed, sum(counts[2] + counts[3]) as failed
from pgq.minutes where at >= now() - interval '1 hour' group by at order by at;
-- #endregion

-- #region series
select at, numbers from pgq.series_of(
  'latency', 'default', null, now() - interval '1 hour', now(), '1 minute'
);
-- #endregion

-- #region queue-health
-- For KEDA's `postgresql` trigger: how many jobs there are to run. The answer is 0 without a row, too.
select coalesce(sum(ready + running), 0) from pgq.queue_health where queue = 'default';
-- #endregion

-- #region settings
update pgq.settings set keep_completed = '0', keep_failed = '90 days';
-- #endregion

-- #region notify
update pgq.settings set notify = false;
-- #endregion

-- #region mend
select pgq.mend();
-- #endregion
