/**
 * Moves the waiting jobs of one queue of BullMQ into pgq. Redis and PostgreSQL share no transaction,
 * so a job is inserted first, with a note in the same transaction, and removed from Redis
 * afterwards. A run that ends between the two is completed by the next run, which finds the note.
 * docs/guides/moving.md says how to use it.
 *
 *   node bullmq.mjs QUEUE [--dry-run] [--undo] [--to QUEUE] [--key KEY] [--prefix bull] [--schema pgq]
 *
 * REDIS_URL and PGQ_URL name the servers. The script needs the packages bullmq, ioredis and pg.
 */
import { Queue } from "bullmq"
import { Redis } from "ioredis"
import { parseArgs } from "node:util"
import pg from "pg"

const { positionals: [name], values: options } = parseArgs({
  allowPositionals: true,
  options: {
    "dry-run": { type: "boolean", default: false },
    undo: { type: "boolean", default: false },
    to: { type: "string" },
    key: { type: "string" },
    prefix: { type: "string", default: "bull" },
    schema: { type: "string", default: "pgq" }
  }
})
if (name === undefined) {
  process.stderr.write("usage: node bullmq.mjs QUEUE, see the head of the script\n")
  process.exit(2)
}
const pageSize = 500
const jobsTable = `${pg.escapeIdentifier(options.schema)}.jobs`
const statesTable = `${pg.escapeIdentifier(options.schema)}.job_states`

const redis = new Redis(process.env.REDIS_URL ?? "redis://127.0.0.1:6379", {
  maxRetriesPerRequest: null
})
const queue = new Queue(name, { connection: redis, prefix: options.prefix })
const source = queue.toKey("")
const client = new pg.Client({ connectionString: process.env.PGQ_URL })
const report = new Map()
const count = (verdict) => report.set(verdict, (report.get(verdict) ?? 0) + 1)

/** Why a job must stay in Redis, if it must. */
const reasonToStay = (job) => {
  if (job.parentKey !== undefined) return "stays: it is the child of another job"
  if (job.repeatJobKey !== undefined) return "stays: a job scheduler made it"
  const bytes = Buffer.byteLength(job.name)
  if (bytes < 1 || bytes > 128) return "stays: its name does not fit"
  // Characters that jsonb does not take.
  if (/\\u(0000|d[89a-f])/i.test(JSON.stringify(job.data))) return "stays: its data does not fit"
  return undefined
}

/** The row of pgq for a job. In BullMQ 0 is the first priority, and a larger number comes later. */
const rowOf = async (job, state, n) => {
  const score = state === "delayed" ? await redis.zscore(queue.toKey("delayed"), job.id) : null
  return {
    n,
    job_id: job.id,
    added_at: job.timestamp,
    name: job.name,
    payload: job.data ?? {},
    priority: -(job.priority ?? 0),
    // BullMQ keeps the time of a delayed job in the upper bits of its score.
    run_at: score === null ? null : Math.floor(Number(score) / 4096),
    failures: job.attemptsMade,
    max_attempts: Math.max(job.opts.attempts ?? 1, job.attemptsMade + 1),
    error: job.failedReason?.slice(0, 2000),
    original: { name: job.name, data: job.data, opts: job.opts, attemptsMade: job.attemptsMade }
  }
}

const insertPage = `
  with page as (
    select * from jsonb_to_recordset($1) as job (
      n integer, job_id text, added_at bigint, name text, payload jsonb, priority integer,
      run_at bigint, failures integer, max_attempts integer, error text, original jsonb
    )
  ), fresh as materialized (
    select row_number() over (order by n) as place, page.*, to_timestamp(run_at / 1000.0) as due
    from page
    where octet_length(payload::text) <= 1048576 and not exists (
      select from moved_from_bullmq as moved
      where moved.source = $2 and moved.job_id = page.job_id and moved.added_at = page.added_at
    )
  ), inserted as (
    insert into ${jobsTable} (
      queue, name, payload, serialization_key, priority, run_at,
      failures, max_attempts, error, created_at
    )
    select $3, name, payload, $4, priority, case when due > now() then due end,
           failures, max_attempts, error, to_timestamp(added_at / 1000.0)
    from fresh order by place
    returning id
  ), numbered as (
    select id, row_number() over (order by id) as place from inserted
  ), noted as (
    insert into moved_from_bullmq (pgq_id, source, job_id, added_at, original)
    select id, $2, job_id, added_at, original from numbered join fresh using (place)
  )
  select (select count(*) from fresh) = (select count(*) from inserted) as is_whole
`

const findNotes = `
  select job_id from moved_from_bullmq as moved
  where source = $2 and exists (
    select from jsonb_to_recordset($1) as job (job_id text, added_at bigint)
    where job.job_id = moved.job_id and job.added_at = moved.added_at
  )
`

/** Inserts those of a page that no earlier run has inserted; the ids of all that are in pgq now. */
const insert = async (rows) => {
  const page = JSON.stringify(rows)
  await client.query("begin")
  const { rows: [{ is_whole: isWhole }] } = await client.query(insertPage, [
    page,
    source,
    options.to ?? name,
    options.key ?? null
  ])
  if (!isWhole) {
    await client.query("rollback")
    throw new Error("a trigger on the jobs of pgq keeps some of them out")
  }
  await client.query("commit")
  const noted = await client.query(findNotes, [page, source])
  return new Set(noted.rows.map((row) => row.job_id))
}

/** Removes a job that pgq has, unless a worker of BullMQ has begun it although the queue is paused. */
const remove = async (job) => {
  try {
    await job.remove({ removeChildren: false })
    return true
  } catch {
    return false
  }
}

/** Moves a page; tells how many of its jobs are still where they were. */
const movePage = async (jobs, state) => {
  const rows = []
  let staying = 0
  for (const [n, job] of jobs.entries()) {
    const reason = reasonToStay(job)
    if (reason === undefined) rows.push(await rowOf(job, state, n))
    else {
      staying++
      count(reason)
    }
  }
  if (options["dry-run"]) {
    for (const _ of rows) count("moves")
    return jobs.length
  }
  const inPgq = await insert(rows)
  for (const { job_id: id } of rows) {
    if (!inPgq.has(id)) count("stays: its data does not fit")
    else if (await remove(jobs.find((job) => job.id === id))) count("moves")
    else count("is in pgq, but a worker of BullMQ has it, too: was the queue resumed?")
  }
  const moved = rows.filter(({ job_id: id }) => inPgq.has(id)).length
  return staying + rows.length - moved
}

const movePass = async () => {
  report.clear()
  for (const state of ["paused", "wait", "prioritized", "delayed"]) {
    let start = 0
    while (true) {
      const jobs = await queue.getJobs([state], start, start + pageSize - 1, true)
      if (jobs.length === 0) break
      start += await movePage(jobs, state)
    }
  }
  return report.get("moves") ?? 0
}

const move = async () => {
  if (!options["dry-run"]) await queue.pause()
  // While a pass looks at one list, a job may come into another that the pass has seen.
  let moved = 0
  while (true) {
    const more = await movePass()
    moved += more
    if (more === 0 || options["dry-run"]) break
  }
  const counts = await queue.getJobCounts("active", "failed", "waiting-children")
  report.set("moves", moved)
  report.set("stays: it runs", counts.active)
  report.set("stays: it has failed for good", counts.failed)
  report.set("stays: it waits for its children", counts["waiting-children"])
}

/** Gives back the jobs that pgq has not begun. An id of its own keeps each from coming twice. */
const undo = async () => {
  await queue.pause()
  let last = "0"
  while (true) {
    await client.query("begin")
    const { rows } = await client.query(findUntouched, [source, last])
    if (rows.length === 0) break
    const ids = rows.map((row) => row.pgq_id)
    const { rows: leased } = await client.query(findLeased, [ids])
    const begun = new Set(leased.map((row) => row.id))
    const back = rows.filter((row) => !begun.has(row.pgq_id))
    if (!options["dry-run"]) await addBack(back)
    for (const _ of back) count("moves back")
    await client.query(options["dry-run"] ? "rollback" : "commit")
    last = rows.at(-1).pgq_id
  }
  await client.query("rollback")
}

// A claim passes by jobs that somebody has locked, so that no worker of pgq begins these. Leases
// are read after the locks are taken, by a statement with a snapshot of its own.
const findUntouched = `
  select moved.pgq_id, original, job.run_at from moved_from_bullmq as moved
  join ${jobsTable} as job on job.id = moved.pgq_id
  where source = $1 and moved.pgq_id > $2 and job.failures = (original ->> 'attemptsMade')::integer
  order by moved.pgq_id limit ${pageSize} for update of job skip locked
`

const findLeased = `select id from ${statesTable} where worker_id is not null and id = any ($1)`

const addBack = async (jobs) => {
  for (const { original, pgq_id: id, run_at: runAt } of jobs) {
    // A deduplicated job would be dropped where another has its id, and a delay counts from now.
    const { debounce: _, deduplication: __, timestamp: ___, ...opts } = original.opts
    const delay = Math.max(0, (runAt ?? new Date()).getTime() - Date.now())
    await queue.add(original.name, original.data, { ...opts, jobId: `pgq-${id}`, delay })
  }
  const ids = [jobs.map((job) => job.pgq_id)]
  await client.query(`delete from ${jobsTable} where id = any ($1)`, ids)
  await client.query("delete from moved_from_bullmq where pgq_id = any ($1)", ids)
}

const prepare = `
  create table if not exists moved_from_bullmq (
    pgq_id bigint primary key,
    moved_at timestamptz not null default now(),
    source text not null,
    job_id text not null,
    added_at bigint not null,
    original jsonb not null,
    unique (source, job_id, added_at)
  )
`

try {
  await client.connect()
  await client.query("set client_min_messages = warning")
  const { rows: [{ mine }] } = await client.query(
    "select pg_try_advisory_lock(hashtext('moved_from_bullmq')) as mine"
  )
  if (!mine) throw new Error("another run of this script is at work")
  await client.query(prepare)
  await (options.undo ? undo() : move())
  for (const [verdict, jobs] of report) {
    if (jobs > 0) process.stdout.write(`${name}: ${jobs} ${verdict}\n`)
  }
  if (options["dry-run"]) process.stdout.write("A dry run: nothing has moved.\n")
  else process.stdout.write(`${name} is paused in BullMQ, and stays so until you resume it.\n`)
} catch (error) {
  process.stderr.write(`bullmq.mjs: ${error.message}\n`)
  process.exitCode = 1
} finally {
  await client.end()
  await queue.close()
  redis.disconnect()
}
