/**
 * Starts workers on a test's database, and reads the jobs, leases and workers there.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, type Vitest } from "@effect/vitest"
import { Clock, Context, Effect, Layer, Scope } from "effect"
import * as PgWorkerRegistry from "../../src/layers/postgres/PgWorkerRegistry.ts"
import * as QueueLive from "../../src/layers/QueueLive.ts"
import type { JobRepo } from "../../src/services/JobRepo.ts"
import { WorkerControl } from "../../src/services/WorkerControl.ts"
import { eventually } from "../Given.ts"
import * as LogLines from "../support/LogLines.ts"
import * as PgQueue from "../support/PgQueue.ts"
import type { TestDatabase } from "../support/Postgres.ts"
import * as SomeHandlers from "../support/SomeHandlers.ts"

/** A migrated database with the services of a producer and the registry of workers. */
export const producer = Layer.merge(
  QueueLive.client(),
  PgWorkerRegistry.layer({ schema: PgQueue.schema })
).pipe(Layer.provideMerge(PgQueue.database))

export const options = { excludeTestServices: true, timeout: "1 minute" } as const

export type It = Vitest.MethodsNonLive<JobRepo | PgClient.PgClient | TestDatabase>

/** Starts a worker that ends with the test, or with the given scope. */
export const start = Effect.fnUntraced(function*(
  handlers: Layer.Layer<never>,
  options: QueueLive.Options & {
    readonly lock?: Layer.Layer<never>
    readonly scope?: Scope.Scope
    /** Receives the worker's log lines. */
    readonly lines?: Array<LogLines.LogLine>
  }
) {
  // Many tests let jobs fail on purpose, so the log lines are dropped by default.
  const { lines = [], lock = Layer.empty, scope = yield* Effect.scope, ...queue } = options
  const { jobs, layer } = yield* Scope.provide(SomeHandlers.of(handlers), scope)
  const context = yield* Layer.buildWithScope(
    QueueLive.layer({ grace: "1 second", ...queue, jobs }).pipe(
      Layer.provide(layer),
      Layer.provide(lock),
      Layer.provide(LogLines.into(lines))
    ),
    scope
  )
  return Context.get(context, WorkerControl)
})

/** Waits until all workers of the queue are asleep. */
export const asleep = (queue: string) =>
  eventually(Effect.gen(function*() {
    const sql = yield* PgClient.PgClient
    const workers = yield* sql<{ asleep: boolean }>`
      SELECT asleep FROM pgq.workers WHERE ${queue} = ANY (queues)
    `
    assert.isNotEmpty(workers)
    assert.isTrue(workers.every(({ asleep }) => asleep))
  }))

/** The finished jobs of a queue in the order they finished. */
export const finished = Effect.fnUntraced(function*(queue: string) {
  const sql = yield* PgClient.PgClient
  return yield* sql<Finished>`
    SELECT id, name, outcome, attempt, error, lease_id::text, claimed_at, finished_at
    FROM pgq.finished_jobs WHERE queue = ${queue} ORDER BY finished_at, id
  `
})

/** Waits until exactly `count` jobs of a queue have finished. */
export const finishedAll = (queue: string, count: number) =>
  eventually(Effect.tap(finished(queue), (jobs) =>
    Effect.sync(() => {
      assert.lengthOf(jobs, count)
    })))

/** The jobs of a queue that have not finished, as the view `job_states` shows them. */
export const unfinished = Effect.fnUntraced(function*(queue: string) {
  const sql = yield* PgClient.PgClient
  return yield* sql<Unfinished>`
    SELECT id, name, state, failures, unhandled_count, crash_count, run_at, error
    FROM pgq.job_states WHERE queue = ${queue} ORDER BY id
  `
})

/** The number of leased jobs of a queue, and the number of its workers. */
export const held = Effect.fnUntraced(function*(queue: string) {
  const sql = yield* PgClient.PgClient
  const [row] = yield* sql<{ leased: number; workers: number }>`
    SELECT (SELECT coalesce(sum(cardinality(job_ids)), 0)::integer FROM pgq.leases
            WHERE queue = ${queue}) AS leased,
           (SELECT count(*)::integer FROM pgq.workers WHERE ${queue} = ANY (queues)) AS workers
  `
  return row!
})

/** Monotonic milliseconds. */
export const millis = Effect.map(Clock.monotonicTimeNanos, (nanos) => Number(nanos / 1000n) / 1000)

export const median = (values: ReadonlyArray<number>): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!

export interface Finished {
  readonly id: bigint
  readonly name: string
  readonly outcome: "completed" | "failed" | "crashed" | "cancelled"
  readonly attempt: number
  readonly error: string | null
  readonly lease_id: string
  readonly claimed_at: Date
  readonly finished_at: Date
}

export interface Unfinished {
  readonly id: bigint
  readonly name: string
  readonly state: string
  readonly failures: number
  readonly unhandled_count: number
  readonly crash_count: number
  readonly run_at: Date | null
  readonly error: string | null
}
