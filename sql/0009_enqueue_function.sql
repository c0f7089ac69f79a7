-- The function `enqueue`, for triggers, other languages and psql: one INSERT. It returns the job's
-- id, or NULL where a user's trigger has kept the job out. PostgreSQL parses the body of add_job
-- here, once. So these functions need no search path of their own, and the user's triggers on jobs
-- see the search path of their session.

EXECUTE $create$
CREATE FUNCTION add_job(
  name text, payload jsonb, key text, priority bigint, run_at timestamptz, queue text,
  max_attempts bigint, expires_at timestamptz, traceparent text
) RETURNS bigint LANGUAGE sql
BEGIN ATOMIC
  INSERT INTO jobs (
    name, payload, serialization_key, priority, run_at, queue, max_attempts, expires_at, traceparent
  )
  VALUES (add_job.name, add_job.payload, add_job.key, add_job.priority::integer, add_job.run_at,
          add_job.queue, add_job.max_attempts::integer, add_job.expires_at, add_job.traceparent)
  RETURNING id;
END
$create$;

-- A key may be of any type, a payload jsonb, json or text. PostgreSQL allows no parsed body for a
-- function with an argument of any type, so these bodies are text, and name the schema.
DECLARE
  payload text;
BEGIN
  FOREACH payload IN ARRAY ARRAY['jsonb DEFAULT ''{}''', 'json', 'text'] LOOP
    EXECUTE format($create$
      CREATE FUNCTION enqueue(
        name text,
        payload %s,
        key anycompatible DEFAULT NULL::text,
        priority bigint DEFAULT 0,
        run_at timestamptz DEFAULT NULL,
        queue text DEFAULT 'default',
        max_attempts bigint DEFAULT NULL,
        expires_at timestamptz DEFAULT NULL,
        traceparent text DEFAULT NULL
      ) RETURNS bigint LANGUAGE sql AS $body$
        SELECT %I.add_job($1, $2::pg_catalog.jsonb, $3::pg_catalog.text, $4, $5, $6, $7, $8, $9)
      $body$
    $create$, payload, current_schema());
  END LOOP;
END;
