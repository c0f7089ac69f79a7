-- Copying jobs to another server as they come, until it takes over. Which of the two is told stands
-- beside.

-- #region publish
-- On the first.
create publication pgq_jobs for table pgq.jobs, pgq.finished_jobs
with (publish_via_partition_root = true);
-- #endregion

-- #region subscribe
-- On the second.
create subscription pgq_jobs connection 'host=first dbname=app' publication pgq_jobs;
-- #endregion

-- #region is-copied
-- On the second: whether it has all that was there at the beginning.
select bool_and(srsubstate = 'r') as is_copied from pg_subscription_rel;
-- #endregion

-- #region is-level
-- On the first, which is at rest: whether the second has all that came since.
select confirmed_flush_lsn >= pg_current_wal_lsn() as is_level
from pg_replication_slots where slot_name = 'pgq_jobs';
-- #endregion

-- #region take-over
-- On the second.
drop subscription pgq_jobs;
select pgq.mend();
-- #endregion

-- #region take-over-alone
-- On the second, where the first does not answer any more.
alter subscription pgq_jobs disable;
alter subscription pgq_jobs set (slot_name = none);
drop subscription pgq_jobs;
select pgq.mend();
-- #endregion
