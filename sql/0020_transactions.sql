-- How a job is completed by a transaction of its handler: in the commit of that transaction, or not
-- at all.

-- One row per job that the transaction at hand completes when it commits. No other transaction ever
-- sees a row: the commit deletes it. `value` is for whoever waits for the job, or `error` says why
-- there is none; it is kept for so many seconds. A row with none of the three has no result.
CREATE TABLE completions (
  lease   uuid NOT NULL,
  job_id  bigint NOT NULL,
  value   jsonb,
  error   text,
  keep    double precision,
  -- How long the run took, in milliseconds.
  ran_ms  integer,
  PRIMARY KEY (lease, job_id)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

-- Settles the job while its transaction commits. The transaction fails if the job is no longer in
-- its lease: then nothing of it stands. It runs with the rights of its transaction, as `settle` may
-- fire triggers of users.
CREATE FUNCTION complete_at_commit() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  lost bigint;
BEGIN
  -- Jobs of one claim share a lease, and their commits take turns. `settle` itself would not wait
  -- for long.
  PERFORM FROM leases WHERE id = NEW.lease FOR UPDATE;
  SELECT s.id INTO lost FROM settle(
    ARRAY[NEW.lease], ARRAY[1], ARRAY[NEW.job_id], NULL, ARRAY[NEW.ran_ms],
    CASE WHEN NEW.value IS NOT NULL OR NEW.error IS NOT NULL OR NEW.keep IS NOT NULL THEN
      jsonb_build_array(jsonb_build_object(
        'lease', NEW.lease, 'id', NEW.job_id, 'value', NEW.value, 'error', NEW.error,
        'keep', coalesce(NEW.keep, 86400)
      ))
    END
  ) AS s WHERE s.id IS NOT NULL;
  IF lost IS NOT NULL THEN
    RAISE EXCEPTION 'job % is no longer in lease %', NEW.job_id, NEW.lease
      USING ERRCODE = 'PGQ03', HINT = 'Another worker has the job, or it has ended.';
  END IF;
  DELETE FROM completions WHERE lease = NEW.lease AND job_id = NEW.job_id;
  RETURN NULL;
END $$;

-- Deferred, so that no row of pgq is locked while the handler computes.
CREATE CONSTRAINT TRIGGER completes AFTER INSERT ON completions
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION complete_at_commit();

-- Answers a worker that lost its connection at COMMIT: 'leased' if the transaction was rolled back,
-- 'settled' if it was committed, 'lost' if the job has left the lease and goes on.
--
-- A backend that may still commit has locked the lease, and this function waits for it. A COMMIT
-- that arrives later finds the job in the lease, or fails.
CREATE FUNCTION settled(asked_lease uuid, asked_id bigint) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  ids bigint[];
BEGIN
  PERFORM require_read_committed();
  SELECT job_ids INTO ids FROM leases WHERE id = asked_lease FOR UPDATE;
  RETURN CASE
    WHEN asked_id = ANY (ids) THEN 'leased'
    WHEN EXISTS (SELECT FROM jobs WHERE id = asked_id) THEN 'lost'
    ELSE 'settled'
  END;
END $$;
