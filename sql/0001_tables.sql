-- What pgq keeps. Names stay unqualified: the migrator puts pgq's schema first in the search path.

-- One row per unfinished job. A job runs iff its id stands in a lease; its row does not change
-- meanwhile.
CREATE TABLE jobs (
  id                bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  created_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- Not before this time; NULL is at once.
  run_at            timestamptz,
  priority          integer NOT NULL DEFAULT 0,
  -- Runs that ended in failure. A run that is cut short, or whose worker dies, does not count.
  failures          integer NOT NULL DEFAULT 0 CHECK (failures >= 0),
  -- NULL leaves it to the job's kind.
  max_attempts      integer CHECK (max_attempts > 0),
  crash_count       integer NOT NULL DEFAULT 0 CHECK (crash_count BETWEEN 0 AND 3),
  -- How often it was put off because the worker that claimed it did not know its name.
  unhandled_count          integer NOT NULL DEFAULT 0 CHECK (unhandled_count >= 0),
  queue             text NOT NULL DEFAULT 'default'
                    CONSTRAINT jobs_queue_length CHECK (octet_length(queue) BETWEEN 1 AND 63),
  name              text NOT NULL
                    CONSTRAINT jobs_name_length CHECK (octet_length(name) BETWEEN 1 AND 128),
  state             text NOT NULL DEFAULT 'ready'
                    CHECK (state IN ('scheduled', 'waiting', 'ready', 'retry')),
  serialization_key text
                    CONSTRAINT jobs_key_length
                    CHECK (octet_length(serialization_key) BETWEEN 1 AND 512),
  -- Measured as text: jsonb stores 1e131071 in a few bytes and sends 131,072 digits.
  payload           jsonb NOT NULL DEFAULT '{}'
                    CONSTRAINT jobs_payload_bytes CHECK (octet_length(payload::text) <= 1048576),
  -- Why the last run failed, or why the job was put off.
  error             text,
  CONSTRAINT later_has_a_time CHECK (state IN ('waiting', 'ready') OR run_at IS NOT NULL),
  CONSTRAINT only_keyed_jobs_wait CHECK (state <> 'waiting' OR serialization_key IS NOT NULL)
) WITH (
  fillfactor = 85, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
  autovacuum_vacuum_cost_delay = 0, toast.autovacuum_vacuum_scale_factor = 0,
  toast.autovacuum_vacuum_threshold = 5000
);

-- The head: of each lane at most one job may be claimed, or waits for its next try in the lane's
-- name.
CREATE UNIQUE INDEX jobs_head ON jobs (queue, serialization_key)
  WHERE serialization_key IS NOT NULL AND state IN ('ready', 'retry');

-- A claim reads this in order and stops at its limit.
CREATE INDEX jobs_ready ON jobs (queue, priority DESC, id)
  WHERE state = 'ready' AND crash_count = 0;

-- Suspects: jobs that were in a lease whose worker died. A claim looks for them apart, so that no
-- number of them stands between it and a healthy job.
CREATE INDEX jobs_suspect ON jobs (queue, priority DESC, id)
  WHERE state = 'ready' AND crash_count > 0;

-- The jobs of a lane behind its head, in order.
CREATE INDEX jobs_lane ON jobs (queue, serialization_key, priority DESC, id)
  WHERE state = 'waiting';

CREATE INDEX jobs_due ON jobs (run_at) WHERE state IN ('scheduled', 'retry');

-- One claimed batch. The random id fences: a settlement under another one changes nothing.
CREATE TABLE leases (
  id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  worker_id  uuid NOT NULL,
  queue      text NOT NULL,
  claimed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  job_ids    bigint[] NOT NULL
) WITH (
  fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000,
  autovacuum_vacuum_cost_delay = 0
);
-- Too short-lived to be worth compressing.
ALTER TABLE leases ALTER COLUMN job_ids SET STORAGE EXTERNAL;
CREATE INDEX leases_queue ON leases (queue);
CREATE INDEX leases_worker ON leases (worker_id);

-- One live process. Times are the database's.
CREATE TABLE workers (
  id          uuid PRIMARY KEY,
  label       text NOT NULL,
  host        text NOT NULL,
  pid         integer NOT NULL,
  queues      text[] NOT NULL,
  mode        text NOT NULL,
  concurrency integer NOT NULL,
  started_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  lease       interval NOT NULL,
  lease_until timestamptz NOT NULL,
  -- Since when it has been late with renewing, as far as a rescue has seen.
  late_since  timestamptz,
  -- Its last claim found nothing: a producer should wake it.
  asleep      boolean NOT NULL DEFAULT false
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

-- A marker, "look at this lane": written with each change of the jobs that wait in a lane, or of
-- its head.
CREATE TABLE dirty_lanes (
  id       bigint GENERATED ALWAYS AS IDENTITY,
  queue    text NOT NULL,
  key      text NOT NULL,
  -- The greatest one of the jobs that were touched: claims look at the most urgent lanes first.
  priority integer NOT NULL DEFAULT 0,
  -- From lane to lane, however many markers each of them has.
  PRIMARY KEY (queue, priority, key, id)
) WITH (
  autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
  autovacuum_vacuum_cost_delay = 0
);
-- Of the most urgent lanes, those marked first. Nothing that looks for a lane can use it.
CREATE INDEX dirty_lanes_age ON dirty_lanes ((queue || ''), (- priority::bigint), id);

-- One row per call that added jobs outside of a transaction of its caller, for a few minutes: a
-- client that lost the answer asks again under the same id, and nothing is added twice.
CREATE TABLE receipts (
  id       uuid PRIMARY KEY,
  added_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  job_ids  bigint[] NOT NULL
) WITH (
  autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
  autovacuum_vacuum_cost_delay = 0
);
ALTER TABLE receipts ALTER COLUMN job_ids SET STORAGE EXTERNAL;
CREATE INDEX receipts_age ON receipts (added_at);

-- One row: what must be the same for all processes.
CREATE TABLE settings (
  singleton      boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  -- How long finished jobs are kept; zero keeps none.
  keep_completed interval NOT NULL DEFAULT '1 day'
                 CHECK (keep_completed BETWEEN interval '0' AND interval '1000 years'),
  keep_failed    interval NOT NULL DEFAULT '30 days'
                 CHECK (keep_failed BETWEEN interval '0' AND interval '1000 years'),
  -- Whether NOTIFY wakes workers. A transaction that has notified cannot be prepared for a
  -- two-phase commit.
  notify         boolean NOT NULL DEFAULT true
);
INSERT INTO settings DEFAULT VALUES;

-- Finished jobs, apart by how long they are kept, then by day: history goes by dropping partitions.
CREATE TABLE finished_jobs (
  id                bigint NOT NULL,
  created_at        timestamptz NOT NULL,
  claimed_at        timestamptz NOT NULL,
  finished_at       timestamptz NOT NULL,
  priority          integer NOT NULL,
  attempt           integer NOT NULL,
  -- 'completed', 'failed' or 'crashed': there is no partition for anything else.
  outcome           text NOT NULL,
  queue             text NOT NULL,
  name              text NOT NULL,
  serialization_key text,
  payload           jsonb NOT NULL,
  error             text,
  -- The lease it was settled under.
  lease_id          uuid NOT NULL
) PARTITION BY LIST (outcome);
CREATE TABLE completed_jobs PARTITION OF finished_jobs FOR VALUES IN ('completed')
  PARTITION BY RANGE (finished_at);
CREATE TABLE failed_jobs PARTITION OF finished_jobs FOR VALUES IN ('failed', 'crashed')
  PARTITION BY RANGE (finished_at);
-- For people who look for a job. Jobs complete more or less in the order of their ids, and there
-- are many: a few values for every 32 pages find one, and cost next to nothing to write. Those that
-- failed are few.
CREATE INDEX completed_jobs_id ON completed_jobs
  USING brin (id int8_minmax_multi_ops) WITH (pages_per_range = 32);
CREATE INDEX failed_jobs_id ON failed_jobs (id);

-- Where a finished job goes when its day has no partition, so that no settlement ever fails for it.
CREATE TABLE completed_jobs_other PARTITION OF completed_jobs DEFAULT;
CREATE TABLE failed_jobs_other PARTITION OF failed_jobs DEFAULT;
-- Rows are deleted here, and have no key: without this, a publication FOR ALL TABLES would forbid
-- it.
ALTER TABLE completed_jobs_other REPLICA IDENTITY FULL;
ALTER TABLE failed_jobs_other REPLICA IDENTITY FULL;
