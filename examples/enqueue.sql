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
select pgq.enqueue('A job', expires_at => now() + interval '5 minutes');
-- #endregion

-- #region offer
select id, outcome from pgq.offer(
  name => 'sync-user',
  payload => '{"userId": "u-7"}',
  unique_key => 'u-7',
  mode => 'replace',
  within => '1 hour'
);
-- #endregion

-- #region unique-insert
insert into pgq.jobs (name, payload, unique_key) values ('sync-user', '{"userId": "u-7"}', 'u-7')
on conflict (name, unique_key) where unique_key is not null do nothing;
-- #endregion

-- #region unique-key
select pgq.unique_key('{"userId": "u-7", "n": 1}', 'userId');
-- #endregion

-- #region traceparent
select pgq.enqueue(
  'charge',
  '{"order": "o-7"}',
  traceparent => '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
);
-- #endregion
