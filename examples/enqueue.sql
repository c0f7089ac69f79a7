-- Adding jobs from SQL: from psql, from a trigger, from any language.

-- #region insert
insert into pgq.jobs (name, payload) values ('A job', '{"arg0": "val0"}');
insert into pgq.jobs (name, payload, serialization_key, priority)
values ('A job', '{}', 'customer-7', 10);
-- #endregion

-- #region function
select pgq.enqueue('A job');
select pgq.enqueue(
  name => 'A job',
  payload => '{"arg0": "val0"}',
  key => 'customer-7',
  priority => 10,
  run_at => now() + interval '1 hour'
);
-- #endregion

-- #region types
select pgq.enqueue('A job', json_build_object('arg0', 'val0'), key => 7);
-- #endregion

-- #region expiry
insert into pgq.jobs (name, payload, expires_at)
values ('A job', '{}', now() + interval '5 minutes');
-- #endregion
