-- Moves the waiting jobs of pg-boss into pgq, all of them or none: one transaction inserts them
-- there and deletes them here. docs/guides/moving.md says how to use it.
--
-- Settings, each given to psql as -v name=value:
--   dry_run=1    rolls the transaction back after the report
--   only=a,b     moves jobs of these queues alone
--   queue=q      one queue of pgq that takes the jobs of all; without it each goes to the one of its
--                own name
--   groups=keys  makes a job's group its serialization key; without it a job with a group stays
--   pgboss=s     the schema of pg-boss; "pgboss" without it
--   pgq=s        the schema of pgq; "pgq" without it
\set ON_ERROR_STOP on
\if :{?dry_run} \else \set dry_run 0 \endif
\if :{?only} \else \set only '' \endif
\if :{?queue} \else \set queue '' \endif
\if :{?groups} \else \set groups '' \endif
\if :{?pgboss} \else \set pgboss pgboss \endif
\if :{?pgq} \else \set pgq pgq \endif
\set QUIET on
\pset footer off
set client_min_messages = warning;

begin isolation level read committed;

create function pg_temp.ensure(holds boolean, message text) returns void language plpgsql as $$
begin
  if not holds then raise exception '%', message; end if;
end $$;

-- For pg-boss-undo.sql, and for people who ask where a job went.
create table if not exists :"pgboss".moved_to_pgq (
  pgq_id bigint primary key,
  moved_at timestamptz not null default now(),
  original jsonb not null
);

-- A worker of pg-boss passes by a job that somebody has locked.
create temporary table locked_jobs on commit drop as
select name, id from :"pgboss".job where state in ('created', 'retry') for update skip locked;

-- The key under which pg-boss runs one job at a time: by the policy of its queue.
create temporary table judged on commit drop as
select job.name, job.id, job.state,
       case
         when policy = 'key_strict_fifo' then singleton_key
         when policy in ('singleton', 'stately', 'exclusive') then coalesce(singleton_key, job.name)
         when :'groups' = 'keys' then group_id
       end as key,
       case
         when state = 'active' then 'stays: it runs'
         when state = 'failed' then 'stays: it has failed for good'
         when blocked then 'stays: it waits for other jobs'
         when blocking then 'stays: other jobs wait for it'
         when locked.id is null then 'stays: it is new, or locked'
         when :'only' <> '' and job.name <> all (string_to_array(:'only', ','))
           then 'stays: not asked for'
         when group_id is not null and :'groups' <> 'keys' then 'stays: it has a group'
         when octet_length(job.name) > 128 or octet_length(job.name) > 63 and :'queue' = ''
           then 'stays: its name does not fit'
         when octet_length(coalesce(singleton_key, group_id)) > 512 or '' in (singleton_key, group_id)
           then 'stays: its key does not fit'
         when octet_length(data::text) > 1048576 then 'stays: its data does not fit'
         else 'moves'
       end as verdict,
       policy is not distinct from 'key_strict_fifo' as is_strict
from :"pgboss".job as job left join locked_jobs as locked using (name, id)
-- These queues are pg-boss's own.
where state in ('created', 'retry', 'active', 'failed') and job.name not like '\_\_pgboss\_\_%';

-- A key moves whole or not at all: with one part here and one in pgq, two of its jobs could run at
-- once. A failed job blocks its key only under the strict policy.
update judged as job set verdict = 'stays: another job of its key does'
where verdict = 'moves' and key is not null and exists (
  select from judged as other
  where other.name = job.name and other.key = job.key and other.verdict <> 'moves'
    and (other.state <> 'failed' or other.is_strict)
);

-- Under the strict policy a job between two tries comes first, and priorities do not count in a key.
create temporary table moving on commit drop as
select row_number() over (
         order by judged.is_strict and job.state = 'retry' desc, job.created_on, job.id
       ) as n,
       judged.key, judged.is_strict, to_jsonb(job) as original, job.*
from :"pgboss".job as job join judged using (name, id)
where judged.verdict = 'moves';

-- The ids of pgq grow in the order of this insert, and jobs of one priority run in the order of ids.
create temporary table added on commit drop as
with inserted as (
  insert into :"pgq".jobs (
    queue, name, payload, serialization_key, priority, run_at,
    failures, max_attempts, error, created_at
  )
  select case when :'queue' = '' then name else :'queue' end, name, coalesce(data, '{}'), key,
         case when is_strict then 0 else priority end,
         case when start_after > now() and not (is_strict and state = 'retry') then start_after end,
         case when state = 'retry' then retry_count + 1 else 0 end, retry_limit + 1,
         left(output::text, 2000), created_on
  from moving order by n
  returning id
)
select id as pgq_id, row_number() over (order by id) as n from inserted;

select pg_temp.ensure(
  (select count(*) from added) = (select count(*) from moving),
  'nothing has moved: a trigger on the jobs of pgq keeps some of them out'
) \g /dev/null

insert into :"pgboss".moved_to_pgq (pgq_id, original)
select pgq_id, original from added join moving using (n);

delete from :"pgboss".job as job using moving where moving.name = job.name and moving.id = job.id;

select name, verdict, count(*) as jobs from judged group by name, verdict order by name, verdict;

\if :dry_run
rollback;
\echo 'A dry run: nothing has moved.'
\else
commit;
\endif
