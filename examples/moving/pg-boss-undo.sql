-- Gives back to pg-boss those moved jobs that pgq has not begun, as they were, all of them or none.
-- Settings as for pg-boss.sql: dry_run, pgboss and pgq.
\set ON_ERROR_STOP on
\if :{?dry_run} \else \set dry_run 0 \endif
\if :{?pgboss} \else \set pgboss pgboss \endif
\if :{?pgq} \else \set pgq pgq \endif
\set QUIET on
\pset footer off

begin isolation level read committed;

-- A claim passes by jobs that somebody has locked, so that no worker of pgq begins these.
create temporary table locked_jobs on commit drop as
select id from :"pgq".jobs where id in (select pgq_id from :"pgboss".moved_to_pgq)
for update skip locked;

create temporary table untouched on commit drop as
select moved.* from :"pgboss".moved_to_pgq as moved
join locked_jobs on locked_jobs.id = moved.pgq_id
join :"pgq".job_states as job on job.id = moved.pgq_id
where job.worker_id is null and job.failures = case
  when original ->> 'state' = 'retry' then (original ->> 'retry_count')::integer + 1 else 0
end;

insert into :"pgboss".job
select job.* from untouched, jsonb_populate_record(null:::"pgboss".job, original) as job;

delete from :"pgq".jobs where id in (select pgq_id from untouched);
delete from :"pgboss".moved_to_pgq where pgq_id in (select pgq_id from untouched);

select original ->> 'name' as name, count(*) as "moved back"
from untouched group by 1 order by 1;

\if :dry_run
rollback;
\echo 'A dry run: nothing has moved.'
\else
commit;
\endif
