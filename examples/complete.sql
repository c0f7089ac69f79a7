-- A worker in any language completes its job together with its writes. It has claimed job 42 under
-- the lease.

-- #region commit
begin;
update invoices set posted = true where id = 7;
insert into pgq.completions (lease, job_id, value)
values ('3f0c8a52-6d1e-4b7a-9c55-0e8b1f2d7a64', 42, '{"number": 7}');
commit;
-- #endregion

-- #region settled
select pgq.settled('3f0c8a52-6d1e-4b7a-9c55-0e8b1f2d7a64', 42);
-- #endregion
