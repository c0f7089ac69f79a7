-- The tables of pgq. Names stay unqualified: the migrator puts pgq's schema first in the search
-- path. All times are the database's. CONTRACT.md lists each bound that TypeScript shares.

-- One row per unfinished job. A job runs if and only if its id stands in a lease. Its row does not
-- change while it runs.
CREATE TABLE jobs (
  -- Ids grow in the order of creation: among jobs of one priority, the smallest id goes first, but
  -- for jobs that have a place.
  id                bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  created_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- The job starts at this time or later; NULL is at once, 'infinity' is never.
  run_at            timestamptz,
  -- A job that has not ended by this time expires, unless it is leased; NULL and 'infinity' are
  -- never.
  expires_at        timestamptz,
  -- The greatest priority goes first.
  priority          integer NOT NULL DEFAULT 0,
  -- The place among ready jobs of the same priority; NULL is the id. A job that was tried before
  -- gets a new place when it comes due: it goes behind the jobs that are ready by then. In its lane
  -- a job keeps its order by the id.
  place             bigint,
  -- The number of runs that ended in failure. A run that was cut short, or whose worker died, does
  -- not count.
  failures          integer NOT NULL DEFAULT 0 CHECK (failures >= 0),
  -- The number of runs after which a failing job is failed for good; NULL leaves that to the kind.
  max_attempts      integer CHECK (max_attempts > 0),
  -- The number of workers that died while the job was in one of their leases.
  crash_count       integer NOT NULL DEFAULT 0 CHECK (crash_count BETWEEN 0 AND 3),
  -- The number of claims whose worker had no handler for the job's name.
  unhandled_count   integer NOT NULL DEFAULT 0 CHECK (unhandled_count >= 0),
  -- The number of runs since the last failed one that put the job off; NULL is none. Most rows have
  -- a NULL elsewhere, so another one takes no room.
  snooze_count      integer,
  -- Bytes, as in all of these CHECKs: a name in another script has several a character.
  queue             text NOT NULL DEFAULT 'default'
                    CONSTRAINT jobs_queue_length CHECK (octet_length(queue) BETWEEN 1 AND 63),
  name              text NOT NULL
                    CONSTRAINT jobs_name_length CHECK (octet_length(name) BETWEEN 1 AND 128),
  -- scheduled: for later. waiting: behind another job of its lane. ready: for a claim, or leased.
  -- retry: between two tries, with the head of its lane.
  state             text NOT NULL DEFAULT 'ready'
                    CHECK (state IN ('scheduled', 'waiting', 'ready', 'retry')),
  -- The jobs of one queue with the same key are a lane; NULL is none.
  serialization_key text
                    CONSTRAINT jobs_key_length
                    CHECK (octet_length(serialization_key) BETWEEN 1 AND 512),
  -- Of all unfinished jobs of one name, one at most has this key; NULL is none.
  unique_key        text
                    CONSTRAINT jobs_unique_key_length
                    CHECK (octet_length(unique_key) BETWEEN 1 AND 256),
  -- The bound is one of bytes as text: jsonb stores 1e131071 in a few bytes and sends 131,072
  -- digits.
  payload           jsonb NOT NULL DEFAULT '{}'
                    CONSTRAINT jobs_payload_bytes CHECK (octet_length(payload::text) <= 1048576),
  -- The text of the last failure, why the last run put the job off, or why no worker handled it.
  error             text,
  -- The trace that the job takes part in, as the header of that name has it. A job with a text that
  -- is none runs without a trace.
  traceparent       text
                    CONSTRAINT jobs_traceparent CHECK (octet_length(traceparent) = 55),
  CONSTRAINT later_has_a_time CHECK (state IN ('waiting', 'ready') OR run_at IS NOT NULL),
  CONSTRAINT only_keyed_jobs_wait CHECK (state <> 'waiting' OR serialization_key IS NOT NULL)
) WITH (
  fillfactor = 85, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
  autovacuum_vacuum_cost_delay = 0, toast.autovacuum_vacuum_scale_factor = 0,
  toast.autovacuum_vacuum_threshold = 5000
);

-- The heads. A lane has one head at most: the job that may be claimed, is leased, or waits for its
-- next try while the lane waits with it.
CREATE UNIQUE INDEX jobs_head ON jobs (queue, serialization_key)
  WHERE serialization_key IS NOT NULL AND state IN ('ready', 'retry');

-- A claim reads this index in order and stops at its limit.
-- idiom: place index
CREATE INDEX jobs_ready ON jobs (queue, priority DESC, (coalesce(place, id)))
  WHERE state = 'ready' AND crash_count = 0;

-- The suspects: jobs that were in a lease whose worker died. They have an index of their own, so
-- that no number of suspects stands between a claim and a healthy job.
-- idiom: place index
CREATE INDEX jobs_suspect ON jobs (queue, priority DESC, (coalesce(place, id)))
  WHERE state = 'ready' AND crash_count > 0;

-- The jobs of a lane behind its head, in order.
CREATE INDEX jobs_lane ON jobs (queue, serialization_key, priority DESC, id)
  WHERE state = 'waiting';

CREATE INDEX jobs_due ON jobs (run_at) WHERE state IN ('scheduled', 'retry');

-- The holders of unique keys. A job holds its key in each state; the end of the job frees it.
CREATE UNIQUE INDEX jobs_unique ON jobs (name, unique_key) WHERE unique_key IS NOT NULL;

-- One row per unique key that stays taken until a time, whether its job has ended or not.
CREATE TABLE holds (
  name       text NOT NULL,
  unique_key text NOT NULL,
  until      timestamptz NOT NULL,
  -- The job that stands for all that is offered meanwhile.
  job_id     bigint NOT NULL,
  PRIMARY KEY (name, unique_key)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
CREATE INDEX holds_until ON holds (until);

-- One row per claimed batch. The random id is the fence: a settlement under any other id changes
-- nothing.
CREATE TABLE leases (
  id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  worker_id  uuid NOT NULL,
  queue      text NOT NULL,
  claimed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- The jobs that have not been settled yet.
  job_ids    bigint[] NOT NULL,
  -- No job of the lease has a smaller id, and none has a greater id or place. A claim that looks
  -- elsewhere need not read the ids.
  first_id   bigint NOT NULL DEFAULT -9223372036854775808,
  last_id    bigint NOT NULL DEFAULT 9223372036854775807,
  -- False if none of the jobs has a key. The key of a leased job does not change.
  is_keyed   boolean NOT NULL DEFAULT true,
  CONSTRAINT covers_its_jobs CHECK (first_id <= ALL (job_ids) AND last_id >= ALL (job_ids))
) WITH (
  fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000,
  autovacuum_vacuum_cost_delay = 0
);
-- A lease lives too short to be worth compressing.
ALTER TABLE leases ALTER COLUMN job_ids SET STORAGE EXTERNAL;
CREATE INDEX leases_queue ON leases (queue);
CREATE INDEX leases_worker ON leases (worker_id);

-- One row per leased job that somebody has cancelled. A request belongs to the lease and dies with
-- it: a settlement or a rescue ends the job as cancelled instead of handing it back. A run that
-- completes all the same is completed.
CREATE TABLE cancel_requests (
  lease_id  uuid NOT NULL,
  job_id    bigint NOT NULL,
  worker_id uuid NOT NULL,
  asked_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  asked_by  text NOT NULL DEFAULT session_user,
  reason    text,
  PRIMARY KEY (lease_id, job_id)
);
CREATE INDEX cancel_requests_worker ON cancel_requests (worker_id);

-- The times at which maintenance looks whether a job has expired. An unfinished job that expires
-- has a row here, at that time or later. A row of a job that is gone, or expires later, stays until
-- its time.
CREATE TABLE expiries (
  at     timestamptz NOT NULL,
  job_id bigint NOT NULL,
  PRIMARY KEY (at, job_id)
) WITH (
  autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
  autovacuum_vacuum_cost_delay = 0
);

-- One row per pause: of a queue, or of the jobs of a name in it. No claim takes a paused job.
CREATE TABLE pauses (
  -- '*' stands for all queues.
  queue            text NOT NULL,
  -- '' is the whole queue.
  name             text NOT NULL DEFAULT '',
  paused_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
  paused_by        text NOT NULL DEFAULT session_user,
  -- The pause ends at this time by itself; NULL is never.
  until            timestamptz,
  reason           text,
  -- Whether workers interrupt the runs of paused jobs and give the jobs back.
  releases_running boolean NOT NULL DEFAULT false,
  PRIMARY KEY (queue, name)
);

-- The jobs of paused names that a claim has met: scheduled, or retry with a key, at 'infinity'.
-- A step that inserts or deletes a row here has locked the row of the job, if there is one.
CREATE TABLE set_aside (
  job_id bigint PRIMARY KEY,
  queue  text NOT NULL,
  name   text NOT NULL
) WITH (
  autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
  autovacuum_vacuum_cost_delay = 0
);
-- The jobs of each queue and name, in order.
-- idiom: aside index
CREATE INDEX set_aside_name ON set_aside (queue, name, (job_id + 0));

-- One row per live worker.
CREATE TABLE workers (
  id          uuid PRIMARY KEY,
  -- The name, host and process id that `pgq status` shows.
  label       text NOT NULL,
  host        text NOT NULL,
  pid         integer NOT NULL,
  queues      text[] NOT NULL,
  -- The cooperative mode, for people.
  mode        text NOT NULL,
  -- The number of jobs that the worker runs at once.
  concurrency integer NOT NULL,
  -- The names of jobs that the worker has handlers for; NULL if it does not say.
  names       text[],
  -- The version of pgq that the worker runs.
  version     text,
  -- How the worker's process does, by its own account, some seconds old; NULL before the first
  -- time. CONTRACT.md, "Vitals", has the fields.
  vitals      jsonb,
  -- The stop mode that an operator has asked for; the worker hears of it by its next renewal.
  asked       text,
  -- The worker is asked to stop, by whomever. Its next renewal says so.
  is_stopping boolean NOT NULL DEFAULT false,
  started_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- How long the worker counts as alive without a renewal.
  lease       interval NOT NULL,
  -- The end of that time since the last renewal.
  lease_until timestamptz NOT NULL,
  -- When maintenance first saw that the worker was late with a renewal; NULL if it is not late.
  late_since  timestamptz,
  -- The worker found nothing, and has not been busy since: a producer wakes it.
  asleep      boolean NOT NULL DEFAULT false
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

-- One row per worker that has ended, for some time.
CREATE TABLE past_workers (
  id         uuid NOT NULL,
  label      text NOT NULL,
  host       text NOT NULL,
  pid        integer NOT NULL,
  version    text,
  started_at timestamptz NOT NULL,
  ended_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- A worker that left has signed off, and has given its jobs back.
  ended      text NOT NULL CHECK (ended IN ('left', 'died')),
  -- The number of jobs that were leased to it at its end.
  jobs_held  integer NOT NULL,
  -- A worker that was taken for dead may register again.
  PRIMARY KEY (ended_at, id)
);

-- The markers, "look at this lane". Each change of a lane's head, or of the jobs that wait behind
-- the head, leaves one in the same transaction.
CREATE TABLE dirty_lanes (
  id       bigint GENERATED ALWAYS AS IDENTITY,
  queue    text NOT NULL,
  key      text NOT NULL,
  -- The greatest priority of the jobs that were touched: claims look at the most urgent lanes
  -- first. The least integer marks a lane that a step passed by.
  priority integer NOT NULL DEFAULT 0,
  -- This order leads from lane to lane, however many markers each lane has.
  PRIMARY KEY (queue, priority, key, id)
) WITH (
  autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
  autovacuum_vacuum_cost_delay = 0
);
-- The most urgent markers first, among these the oldest first.
-- idiom: age index
CREATE INDEX dirty_lanes_age ON dirty_lanes ((queue || ''), (- priority::bigint), id);

-- One row per call that added jobs outside of a transaction of its caller. A client that lost the
-- answer asks again under the same id, and no job is added twice. `forget` drops receipts after
-- some minutes.
CREATE TABLE receipts (
  id       uuid PRIMARY KEY,
  added_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  job_ids  bigint[] NOT NULL,
  -- The outcome of each of these jobs, if they were offered; NULL if they were added.
  outcomes text[]
) WITH (
  autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
  autovacuum_vacuum_cost_delay = 0
);
ALTER TABLE receipts ALTER COLUMN job_ids SET STORAGE EXTERNAL;
CREATE INDEX receipts_age ON receipts (added_at);

-- One row: the settings that must be the same for all processes.
CREATE TABLE settings (
  singleton      boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  -- How long completed jobs are kept; zero keeps none.
  keep_completed interval NOT NULL DEFAULT '1 day'
                 CHECK (keep_completed BETWEEN interval '0' AND interval '1000 years'),
  -- The same for failed and crashed jobs.
  keep_failed    interval NOT NULL DEFAULT '30 days'
                 CHECK (keep_failed BETWEEN interval '0' AND interval '1000 years'),
  -- The same for jobs that nobody wanted any more.
  keep_dropped   interval NOT NULL DEFAULT '7 days'
                 CHECK (keep_dropped BETWEEN interval '0' AND interval '1000 years'),
  -- The same for the lines that handlers have logged.
  keep_logs      interval NOT NULL DEFAULT '7 days'
                 CHECK (keep_logs BETWEEN interval '0' AND interval '1000 years'),
  -- How long the figures of each minute are kept, and those of each hour.
  keep_minutes   interval NOT NULL DEFAULT '48 hours'
                 CHECK (keep_minutes BETWEEN interval '0' AND interval '1000 years'),
  keep_hours     interval NOT NULL DEFAULT '90 days'
                 CHECK (keep_hours BETWEEN interval '0' AND interval '1000 years'),
  -- How long workers that have ended are kept.
  keep_workers   interval NOT NULL DEFAULT '1 day'
                 CHECK (keep_workers BETWEEN interval '0' AND interval '1000 years'),
  -- Whether NOTIFY wakes workers. A transaction that has notified cannot be prepared for a
  -- two-phase commit.
  notify         boolean NOT NULL DEFAULT true
);
INSERT INTO settings DEFAULT VALUES;

-- The history: one row per finished job. Its partitions are first apart by how long they are kept,
-- then by day, so that old history goes by dropping tables.
CREATE TABLE finished_jobs (
  id                bigint NOT NULL,
  created_at        timestamptz NOT NULL,
  -- NULL if the job was cancelled or discarded outside of a lease, or expired, like `lease_id`.
  claimed_at        timestamptz,
  finished_at       timestamptz NOT NULL,
  priority          integer NOT NULL,
  -- The number of the last run; runs that were cut short do not count.
  attempt           integer NOT NULL,
  -- How long the last run took, in milliseconds; NULL if the run was cut short.
  ran_ms            integer,
  -- completed, failed, crashed, cancelled, expired or discarded. Other outcomes have no partition.
  outcome           text NOT NULL,
  queue             text NOT NULL,
  name              text NOT NULL,
  serialization_key text,
  payload           jsonb NOT NULL,
  error             text,
  -- The error with its fields, if the kind of job has declared it.
  failure           jsonb,
  -- The lease under which the job ended.
  lease_id          uuid,
  max_attempts      integer,
  unique_key        text,
  -- When the job was queued again, under the same id; NULL if it was not. Of all rows with one id,
  -- at most the newest has NULL.
  redriven_at       timestamptz
) PARTITION BY LIST (outcome);
CREATE TABLE completed_jobs PARTITION OF finished_jobs FOR VALUES IN ('completed')
  PARTITION BY RANGE (finished_at);
CREATE TABLE failed_jobs PARTITION OF finished_jobs FOR VALUES IN ('failed', 'crashed')
  PARTITION BY RANGE (finished_at);
CREATE TABLE dropped_jobs PARTITION OF finished_jobs
  FOR VALUES IN ('cancelled', 'expired', 'discarded')
  PARTITION BY RANGE (finished_at);
-- The indexes by which people find a job. Completed jobs are many, and end more or less in the
-- order of their ids: a few values for every 32 pages find one, and cost next to nothing to write.
-- Failed and dropped jobs are few.
CREATE INDEX completed_jobs_id ON completed_jobs
  USING brin (id int8_minmax_multi_ops) WITH (pages_per_range = 32);
CREATE INDEX failed_jobs_id ON failed_jobs (id);
CREATE INDEX dropped_jobs_id ON dropped_jobs (id);

-- The partitions of all days that have no partition of their own, so that no settlement fails for
-- want of one.
CREATE TABLE completed_jobs_other PARTITION OF completed_jobs DEFAULT;
CREATE TABLE failed_jobs_other PARTITION OF failed_jobs DEFAULT;
CREATE TABLE dropped_jobs_other PARTITION OF dropped_jobs DEFAULT;
-- `drop_other` deletes rows, and a redrive changes rows, which have no key. Without this identity
-- a publication FOR ALL TABLES would forbid that.
ALTER TABLE completed_jobs_other REPLICA IDENTITY FULL;
ALTER TABLE failed_jobs_other REPLICA IDENTITY FULL;
ALTER TABLE dropped_jobs_other REPLICA IDENTITY FULL;

-- One row per run that did not complete, so that the error of a later run hides no earlier one. The
-- rows are kept as long as failed jobs are, by days.
CREATE TABLE runs (
  job_id     bigint NOT NULL,
  -- The number of the run; runs that do not count as failures share theirs with the next one.
  attempt    integer NOT NULL,
  queue      text NOT NULL,
  name       text NOT NULL,
  worker_id  uuid NOT NULL,
  claimed_at timestamptz NOT NULL,
  ended_at   timestamptz NOT NULL,
  -- How long the run took, in milliseconds; NULL if nobody knows.
  ran_ms     integer,
  -- failed, blocked, retried, snoozed, cancelled or crashed.
  outcome    text NOT NULL,
  -- When the job was to run again, after a retry or a snooze.
  next_at    timestamptz,
  error      text
) PARTITION BY RANGE (ended_at);
-- A B-tree would cost each failing run a third more of what its row costs.
CREATE INDEX runs_job ON runs
  USING brin (job_id int8_minmax_multi_ops) WITH (pages_per_range = 32);
CREATE TABLE runs_other PARTITION OF runs DEFAULT;
ALTER TABLE runs_other REPLICA IDENTITY FULL;

-- One row per completed job whose kind has results, for some time. Of jobs that ended otherwise the
-- history has the errors.
CREATE TABLE results (
  job_id      bigint PRIMARY KEY,
  name        text NOT NULL,
  -- NULL is the value null, or with an error, that there is none.
  value       jsonb,
  -- Why there is no value, though the job has completed.
  error       text,
  finished_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  expires_at  timestamptz NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 5000);
CREATE INDEX results_expiry ON results (expires_at);

-- One row per job of which somebody wants to be told as soon as it has ended. A process
-- that goes on waiting writes the row again before its time is over; `forget` drops it then.
CREATE TABLE awaited (
  job_id bigint PRIMARY KEY,
  until  timestamptz NOT NULL
) WITH (
  fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000
);

-- One row per job whose run has reported progress: the newest report. It belongs to the lease of
-- the run. `forget` drops the rows of runs that have ended.
CREATE TABLE progress (
  job_id      bigint PRIMARY KEY,
  lease_id    uuid NOT NULL,
  -- The share of the work that is done.
  fraction    double precision NOT NULL CHECK (fraction BETWEEN 0 AND 1),
  -- Anything else that the handler says.
  data        jsonb,
  reported_at timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (
  fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000
);

-- One row per line that a handler of a kind with a `log` has logged, kept for some time by days.
CREATE TABLE log_lines (
  job_id     bigint NOT NULL,
  -- The number of the run, and when its job was claimed: runs that do not count as failures share
  -- their number with the next one.
  attempt    integer NOT NULL,
  claimed_at timestamptz NOT NULL,
  -- The number of the line in its run.
  n          integer NOT NULL,
  logged_at  timestamptz NOT NULL,
  level      text NOT NULL,
  line       text NOT NULL
) PARTITION BY RANGE (logged_at);
CREATE INDEX log_lines_job ON log_lines
  USING brin (job_id int8_minmax_multi_ops) WITH (pages_per_range = 32);
CREATE TABLE log_lines_other PARTITION OF log_lines DEFAULT;
ALTER TABLE log_lines_other REPLICA IDENTITY FULL;
