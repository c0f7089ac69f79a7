/**
 * The starting points of the tests of the contract suites. Each test has a queue of its own, so the
 * tests can share a database.
 */
import { Duration, Effect, Schedule } from "effect"
import type { ClaimedJob, EnqueueOptions, NewJob } from "../src/domain/JobRecord.ts"
import { Settlement } from "../src/domain/Settlement.ts"
import type { Ended } from "../src/layers/worker/Outbox.ts"
import { JobRepo } from "../src/services/JobRepo.ts"
import { type NewWorker, WorkerRegistry } from "../src/services/WorkerRegistry.ts"

export const queueName: Effect.Effect<string> = Effect.sync(() => crypto.randomUUID())

/** A job for `queue`, with defaults for all that `options` leaves out. */
export const jobOf = (queue: string, options: Options = {}): NewJob => ({
  queue,
  name: options.name ?? "greet",
  payload: options.payload ?? "{}",
  key: options.key,
  priority: options.priority ?? 0,
  runAt: options.runAt,
  delay: options.delay,
  maxAttempts: options.maxAttempts,
  expiresAt: options.expiresAt,
  expiresIn: options.expiresIn,
  traceparent: options.traceparent
})

type Options = Omit<EnqueueOptions, "delay" | "expiresIn"> & {
  readonly expiresIn?: Duration.Duration | undefined
  readonly delay?: Duration.Duration | undefined
  readonly name?: string | undefined
  readonly payload?: string | undefined
  readonly traceparent?: string | undefined
}

export const enqueue = (queue: string, ...jobs: ReadonlyArray<Options>) =>
  JobRepo.use((repo) => repo.enqueue(jobs.map((job) => jobOf(queue, job))))

/** Registers a worker and answers with its id. The worker's lease lasts ten minutes by default. */
export const workerOf = Effect.fnUntraced(function*(
  queue: string,
  lease: Duration.Input = "10 minutes"
) {
  const registry = yield* WorkerRegistry
  const worker = newWorker(queue, lease)
  yield* registry.join(worker)
  return worker.id
})

/** A worker that has not registered yet. */
export const newWorker = (queue: string, lease: Duration.Input = "10 minutes"): NewWorker => ({
  id: crypto.randomUUID(),
  label: "test",
  host: "localhost",
  pid: process.pid,
  queues: [queue],
  mode: "row-lock",
  concurrency: 1,
  names: ["test"],
  lease: Duration.fromInputUnsafe(lease)
})

export const claim = ({ queue, ...options }: {
  readonly queue: string
  readonly worker: string
  readonly limit?: number
  readonly slots?: number
  readonly perLaneMax?: number
}) =>
  JobRepo.use((repo) =>
    Effect.map(
      repo.claim({ queues: [queue], limit: 10, slots: 10, perLaneMax: 0, ...options }),
      ({ jobs }) => jobs
    )
  )

/**
 * Settles all these jobs in the same way. Answers with the ids of jobs that had left their lease.
 */
export const settle = (
  jobs: ReadonlyArray<ClaimedJob>,
  settlement: Settlement,
  options?: { readonly isRepeat?: boolean }
) =>
  JobRepo.use((repo) => repo.settle(jobs.map((job) => settled(job, settlement)), options)).pipe(
    Effect.map(({ lost }) => lost.map(({ id }) => id))
  )

export const settled = (job: ClaimedJob, settlement: Settlement): Ended => ({ ...job, settlement })

/** Claims and completes one job after the other until no job is ready. Answers with their names. */
export const runAll = Effect.fnUntraced(
  function*(options: { readonly queue: string; readonly worker: string }) {
    const names: Array<string> = []
    let jobs: ReadonlyArray<ClaimedJob>
    do {
      jobs = yield* claim({ ...options, limit: 1 })
      yield* settle(jobs, Settlement.Completed())
      names.push(...jobs.map(({ name }) => name))
    } while (jobs.length > 0)
    return names
  }
)

/** Repeats the assertion until it holds, for ten seconds at most. */
export const eventually = <A, E, R>(assertion: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  assertion.pipe(
    Effect.sandbox,
    Effect.retry(Schedule.upTo(Schedule.spaced("20 millis"), { duration: "10 seconds" })),
    Effect.catch((cause) => Effect.failCause(cause))
  )
