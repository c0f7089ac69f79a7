-- Moves the waiting jobs of graphile-worker into pgq, all of them or none: one transaction inserts
-- them there and deletes them here. docs/guides/moving.md says how to use it.
--
-- Settings, each given to psql as -v name=value:
--   dry_run=1   rolls the transaction back after the report
--   only=a,b    moves jobs of these tasks alone
--   queue=q     the queue of pgq that takes the jobs; "default" without it
--   graphile=s  the schema of graphile-worker; "graphile_worker" without it
--   pgq=s       the schema of pgq; "pgq" without it
\set ON_ERROR_STOP on
\if :{?dry_run} \else \set dry_run 0 \endif
\if :{?only} \else \set only '' \endif
\if :{?queue} \else \set queue default \endif
\if :{?graphile} \else \set graphile graphile_worker \endif
\if :{?pgq} \else \set pgq pgq \endif
\set QUIET on
\pset footer off
set client_min_messages = warning;

begin isolation level read committed;

create function pg_temp.fits(payload json) returns boolean language plpgsql as $$
begin
  return octet_length(payload::jsonb::text) <= 1048576;
exception when others then
  -- JSON that jsonb does not take, such as a text with \u0000 in it.
  return false;
end $$;

create function pg_temp.ensure(holds boolean, message text) returns void language plpgsql as $$
begin
  if not holds then raise exception '%', message; end if;
end $$;

-- For graphile-worker-undo.sql, and for people who ask where a job went.
create table if not exists :"graphile".moved_to_pgq (
  pgq_id bigint primary key,
  moved_at timestamptz not null default now(),
  graphile_id bigint not null,
  task text not null,
  payload json not null,
  queue_name text,
  priority smallint not null,
  run_at timestamptz not null,
  attempts smallint not null,
  max_attempts smallint not null,
  key text,
  flags jsonb
);

-- A worker of graphile-worker takes a job of a named queue only while it has the queue's row locked,
-- and passes by where somebody else has it locked. So from here on no queue begins a job.
create temporary table idle_queues on commit drop as
select id from :"graphile"._private_job_queues where is_available order by id for update;

create temporary table locked_jobs on commit drop as
select id from :"graphile"._private_jobs where is_available for update skip locked;

create temporary table judged on commit drop as
select job.id, task.identifier as task, queue.queue_name,
       case
         when job.locked_at is not null then 'stays: it runs'
         when not job.is_available then 'stays: it has failed for good'
         when locked.id is null then 'stays: it is new, or locked'
         when :'only' <> '' and task.identifier <> all (string_to_array(:'only', ','))
           then 'stays: not asked for'
         when octet_length(task.identifier) > 128 then 'stays: its name does not fit'
         when octet_length(queue.queue_name) not between 1 and 512
           then 'stays: the name of its queue does not fit'
         when not pg_temp.fits(job.payload) then 'stays: its payload does not fit'
         when queue.id is not null and idle.id is null then 'stays: a job of its queue runs'
         else 'moves'
       end as verdict
from :"graphile"._private_jobs as job
join :"graphile"._private_tasks as task on task.id = job.task_id
left join :"graphile"._private_job_queues as queue on queue.id = job.job_queue_id
left join idle_queues as idle on idle.id = job.job_queue_id
left join locked_jobs as locked on locked.id = job.id;

-- A queue moves whole or not at all: with one part here and one in pgq, two of its jobs could run at
-- once.
update judged set verdict = 'stays: another job of its queue does'
where verdict = 'moves' and queue_name in (
  select queue_name from judged
  where verdict not in ('moves', 'stays: it has failed for good') and queue_name is not null
);

create temporary table moving on commit drop as
select row_number() over (order by job.run_at, job.id) as n, judged.task, judged.queue_name, job.*
from :"graphile"._private_jobs as job join judged on judged.id = job.id
where judged.verdict = 'moves';

-- The ids of pgq grow in the order of this insert, and jobs of one priority run in the order of ids.
create temporary table added on commit drop as
with inserted as (
  insert into :"pgq".jobs (
    queue, name, payload, serialization_key, priority, run_at,
    failures, max_attempts, error, created_at
  )
  select :'queue', task, payload, queue_name, -priority, case when run_at > now() then run_at end,
         attempts, max_attempts, left(last_error, 2000), created_at
  from moving order by n
  returning id
)
select id as pgq_id, row_number() over (order by id) as n from inserted;

select pg_temp.ensure(
  (select count(*) from added) = (select count(*) from moving),
  'nothing has moved: a trigger on the jobs of pgq keeps some of them out'
) \g /dev/null

insert into :"graphile".moved_to_pgq
select pgq_id, now(), id, task, payload, queue_name, priority, run_at, attempts, max_attempts, key,
       flags
from added join moving using (n);

delete from :"graphile"._private_jobs as job using moving where moving.id = job.id;

select task, verdict, count(*) as jobs from judged group by task, verdict order by task, verdict;

\if :dry_run
rollback;
\echo 'A dry run: nothing has moved.'
\else
commit;
\endif
