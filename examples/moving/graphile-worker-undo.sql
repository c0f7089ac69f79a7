-- Gives back to graphile-worker those moved jobs that pgq has not begun, all of them or none. Their
-- attempts are counted anew. Settings as for graphile-worker.sql: dry_run, graphile and pgq.
\set ON_ERROR_STOP on
\if :{?dry_run} \else \set dry_run 0 \endif
\if :{?graphile} \else \set graphile graphile_worker \endif
\if :{?pgq} \else \set pgq pgq \endif
\set QUIET on
\pset footer off

begin isolation level read committed;

-- A claim passes by jobs that somebody has locked, so that no worker of pgq begins these.
create temporary table locked_jobs on commit drop as
select id from :"pgq".jobs where id in (select pgq_id from :"graphile".moved_to_pgq)
for update skip locked;

create temporary table untouched on commit drop as
select moved.* from :"graphile".moved_to_pgq as moved
join locked_jobs on locked_jobs.id = moved.pgq_id
join :"pgq".job_states as job on job.id = moved.pgq_id
where job.worker_id is null and job.failures = moved.attempts;

-- A key that a newer job has taken stays with that one.
select :"graphile".add_job(
  identifier => task, payload => payload, queue_name => queue_name, run_at => run_at,
  max_attempts => max_attempts, priority => priority,
  flags => array(select jsonb_object_keys(flags)),
  job_key => case when key not in (
    select key from :"graphile"._private_jobs where key is not null
  ) then key end
)
from untouched order by pgq_id \g /dev/null

delete from :"pgq".jobs where id in (select pgq_id from untouched);
delete from :"graphile".moved_to_pgq where pgq_id in (select pgq_id from untouched);

select task, count(*) as "moved back" from untouched group by task order by task;

\if :dry_run
rollback;
\echo 'A dry run: nothing has moved.'
\else
commit;
\endif
