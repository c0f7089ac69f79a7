/**
 * The job script of the soak's workers: handlers that write what they do into the ledger of their
 * process. The script runs beside a copy of the build, in a folder of its own.
 */
import { Effect, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { enqueue, Job, type JobQueue, type RunningJob } from "pgq"
import * as FollowUp from "./FollowUp.ts"
import * as Ledger from "./Ledger.ts"

const Payload = Schema.Struct({ n: Schema.Finite, millis: Schema.Finite })

const policy = { payload: Payload, backoffBase: "20 millis", backoffCap: "500 millis" } as const

const kind = <const Name extends string>(name: Job.Named<Name>) => Job.make(name, policy)

/** A process may be frozen for longer than its lease, and still come to its COMMIT. */
const transactional = <const Name extends string>(name: Job.Named<Name>) =>
  Job.make(name, { ...policy, transactional: { timeout: "25 seconds" } })

const Value = kind("value")

export const setupJobs = (queue: JobQueue, folder: string) => {
  const write = Ledger.open(folder, `worker-${process.pid}`)

  write({ what: "born", at: Ledger.now(), pid: process.pid })
  let runs = 0

  /** Writes the start of a run. Answers a function that writes the end of the run. */
  const begin = (n: number, { attempt }: RunningJob) => {
    const run = ++runs
    const note = (what: Ledger.RunEntry["what"]) =>
      write({ what, at: Ledger.now(), pid: process.pid, run, n, attempt })
    note("start")
    return note
  }

  const noted = <A, E, R>(n: number, job: RunningJob, body: Effect.Effect<A, E, R>) =>
    Effect.suspend(() => {
      const note = begin(n, job)
      return body.pipe(
        Effect.tap(() => Effect.sync(() => note("end"))),
        Effect.tapError(() => Effect.sync(() => note("fail"))),
        Effect.tapDefect(() => Effect.sync(() => note("fail"))),
        Effect.onInterrupt(() => Effect.sync(() => note("abort")))
      )
    })

  queue.handle(Value, ({ n }, job) => begin(n, job)("end"))

  queue.handle(kind("spin"), ({ millis, n }, job) => {
    const note = begin(n, job)
    const end = Ledger.now() + millis
    while (Ledger.now() < end);
    note("end")
  })

  queue.handle(kind("sleep"), ({ millis, n }, job) => noted(n, job, Effect.sleep(millis)))

  queue.handle(kind("promise"), ({ millis, n }, job) => {
    const note = begin(n, job)
    return new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        note("end")
        resolve()
      }, millis)
      job.signal.addEventListener("abort", () => {
        clearTimeout(timer)
        note("abort")
        reject(job.signal.reason)
      }, { once: true })
    })
  })

  // Fails in the first run, or in the first two runs.
  queue.handle(kind("flaky"), ({ millis, n }, job) =>
    noted(
      n,
      job,
      Effect.andThen(
        Effect.sleep(millis),
        job.attempt <= 1 + n % 2 ? Effect.fail("not yet") : Effect.void
      )
    ))

  queue.handle(kind("doomed"), ({ n }, job) => noted(n, job, Effect.fail("never")))

  queue.handle("effect", (payload, job) =>
    Effect.gen(function*() {
      const { n } = yield* Schema.decodeUnknownEffect(Payload)(payload)
      const sql = yield* SqlClient.SqlClient
      yield* noted(n, job, sql`INSERT INTO soak.effects (n, pid) VALUES (${n}, ${process.pid})`)
    }))

  handleTransactional(queue, noted)
}

type Noted = <A, E, R>(
  n: number,
  job: RunningJob,
  body: Effect.Effect<A, E, R>
) => Effect.Effect<A, E, R>

const handleTransactional = (queue: JobQueue, noted: Noted) => {
  // Every fourth job fails in the first run.
  queue.handle(transactional("transact"), (payload, job) =>
    noted(
      payload.n,
      job,
      Effect.andThen(
        transact(payload, job),
        job.attempt === 1 && payload.n % 4 === 0 ? Effect.fail("not yet") : Effect.void
      )
    ))

  queue.handle(
    transactional("vain"),
    (payload, job) =>
      noted(payload.n, job, Effect.andThen(transact(payload, job), Effect.fail("never")))
  )
}

/** Writes a row, and adds the follow-up job. */
const transact = Effect.fnUntraced(
  function*({ millis, n }: typeof Payload.Type, { attempt }: RunningJob) {
    const sql = yield* SqlClient.SqlClient
    yield* sql`
      INSERT INTO soak.transacted (n, pid, attempt) VALUES (${n}, ${process.pid}, ${attempt})
    `
    const { key, n: next, queue } = FollowUp.of(n)
    yield* enqueue(Value, { n: next, millis: 0 }, { queue, key: key ?? undefined })
    yield* Effect.sleep(millis)
  }
)
