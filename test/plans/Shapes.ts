/**
 * The shapes of queue and statistics on which hot statements are tried, as the statements that make
 * the shapes.
 */
/** Adds `count` jobs to the queue `deep`. Their state and key may depend on their number, `n`. */
const jobs = (count: number, state: string, key: string, runAt = "now() - interval '1 hour'") => `
  INSERT INTO pgq.jobs (queue, name, state, serialization_key, run_at)
  SELECT 'deep', 'test', ${state}, ${key}, ${runAt}
  FROM generate_series(1, ${count}) AS n
`
export const mixed = (count: number) =>
  jobs(
    count,
    "(ARRAY['ready', 'ready', 'waiting', 'scheduled'])[n % 4 + 1]",
    "CASE WHEN n % 4 IN (1, 2) THEN 'lane ' || n / 4 END"
  )
const due = jobs(1000, "'scheduled'", "'due ' || n")
const million = 1_000_000

/** For each database, the shapes that it takes one after the other. */
export const databases: ReadonlyArray<Readonly<Record<string, ReadonlyArray<string>>>> = [
  {
    "a thousand jobs": [mixed(1000)],
    "a thousand jobs, analysed": ["ANALYZE"]
  },
  {
    "never analysed": [mixed(million)],
    "analysed when full, then emptied": [
      "ANALYZE",
      "DELETE FROM pgq.jobs WHERE id > 1000",
      "VACUUM pgq.jobs"
    ]
  },
  {
    "analysed when empty, then a million jobs": ["ANALYZE", mixed(million)],
    "analysed when empty, then a hundred thousand markers": [
      `INSERT INTO pgq.dirty_lanes (queue, key)
       SELECT 'deep', 'lane ' || n FROM generate_series(1, 100000) AS n`
    ]
  },
  {
    "one lane": [jobs(million, "CASE n WHEN 1 THEN 'ready' ELSE 'waiting' END", "'lane 2'"), due]
  },
  { "a million for tomorrow": [jobs(million, "'scheduled'", "NULL", "now() + interval '1 day'")] },
  {
    "a hundred thousand set aside": [
      jobs(100_000, "'scheduled'", "NULL", "'infinity'"),
      `INSERT INTO pgq.set_aside (job_id, queue, name)
       SELECT id, 'deep', CASE WHEN id % 100 = 0 THEN 'free' ELSE 'a' END FROM pgq.jobs`,
      "INSERT INTO pgq.pauses (queue, name) VALUES ('deep', 'a')"
    ]
  },
  { "a million lanes": [jobs(million, "'ready'", "'lane ' || n"), due] },
  {
    "all leased": [
      jobs(1000, "'ready'", "NULL"),
      `INSERT INTO pgq.leases (worker_id, queue, job_ids)
       SELECT gen_random_uuid(), 'deep', array_agg(id) FROM pgq.jobs GROUP BY id % 10`,
      jobs(100_000, "'waiting'", "'lane ' || n % 1000"),
      due
    ]
  }
]
