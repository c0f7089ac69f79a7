/**
 * The seats from which a history drives a queue: three producers, three workers and a control seat.
 * Each has a connection of its own, which can be killed.
 */
import { PgClient } from "@effect/sql-pg"
import { Context, Effect, Layer } from "effect"
import * as AdvisoryLock from "../../src/layers/locks/AdvisoryLock.ts"
import * as RowLock from "../../src/layers/locks/RowLock.ts"
import * as PgJobControl from "../../src/layers/postgres/PgJobControl.ts"
import * as PgJobRepo from "../../src/layers/postgres/PgJobRepo.ts"
import * as PgScheduler from "../../src/layers/postgres/PgScheduler.ts"
import * as PgWorkerRegistry from "../../src/layers/postgres/PgWorkerRegistry.ts"
import * as PollNotifier from "../../src/layers/postgres/PollNotifier.ts"
import { JobControl } from "../../src/services/JobControl.ts"
import { JobRepo } from "../../src/services/JobRepo.ts"
import { Notifier } from "../../src/services/Notifier.ts"
import { Scheduler } from "../../src/services/Scheduler.ts"
import { WorkerRegistry } from "../../src/services/WorkerRegistry.ts"
import * as PgQueue from "../support/PgQueue.ts"
import * as Session from "../support/Session.ts"
import * as Points from "./Points.ts"

export type Seat = Effect.Success<ReturnType<typeof seat>>

export class Seats extends Context.Service<Seats, {
  readonly control: Seat
  readonly producers: ReadonlyArray<Seat>
  readonly claimers: ReadonlyArray<Seat & { readonly isExclusive: boolean }>
  /** For transactions that complete jobs. */
  readonly runners: ReadonlyArray<Seat>
}>()("pgq/test/Seats") {}

const services = (lock: Layer.Layer<never>) =>
  Layer.mergeAll(
    PgJobControl.layer({ schema: PgQueue.schema }),
    PgJobRepo.layer({ schema: PgQueue.schema }),
    PgScheduler.layer({ schema: PgQueue.schema }),
    PgWorkerRegistry.layer({ schema: PgQueue.schema }),
    PollNotifier.layer({ schema: PgQueue.schema })
  ).pipe(Layer.provide(lock))

/** The services that every history runs on. */
export type Services = Layer.Success<typeof layer>

const connect = Effect.fnUntraced(function*(lock: Layer.Layer<never>) {
  const session = yield* Session.open
  const client = Layer.succeed(PgClient.PgClient, session.sql)
  const context = yield* Layer.build(Layer.provide(services(lock), client))
  const [row] = yield* session.sql<{ pid: number }>`SELECT pg_backend_pid() AS pid`
  return {
    session,
    pid: row!.pid,
    control: Context.get(context, JobControl),
    repo: Context.get(context, JobRepo),
    scheduler: Context.get(context, Scheduler),
    registry: Context.get(context, WorkerRegistry),
    notifier: Context.get(context, Notifier)
  }
})

/** A connection with pgq's services, which `kill` replaces. */
const seat = Effect.fnUntraced(function*(lock: Layer.Layer<never> = RowLock.layer) {
  const context = yield* Effect.context<Effect.Services<ReturnType<typeof connect>>>()
  let now = yield* connect(lock)
  return {
    now: () => now,
    /** Ends the backend of this connection, waits until its locks are gone, and connects again. */
    kill: Effect.fnUntraced(function*(by: PgClient.PgClient) {
      yield* by`SELECT pg_terminate_backend(${now.pid}, 10000)`
      now = yield* Effect.provideContext(connect(lock), context)
    })
  }
})

const make = Effect.gen(function*() {
  const producers = yield* Effect.all([seat(), seat(), seat()])
  // A producer never waits for another step. One that waits for a lock fails.
  yield* Effect.forEach(
    producers,
    (producer) => producer.now().session.sql`SET lock_timeout = '5s'`
  )
  const exclusive = AdvisoryLock.layer({ key: [7, 9] })
  return Seats.of({
    control: yield* seat(),
    producers,
    runners: yield* Effect.all([seat(), seat()]),
    claimers: [
      { ...yield* seat(), isExclusive: false },
      { ...yield* seat(), isExclusive: false },
      { ...yield* seat(exclusive), isExclusive: true }
    ]
  })
})

/** A fresh database, whose claims can be paused, and its seats. */
export const layer = Layer.effect(Seats, Effect.andThen(Points.install, make)).pipe(
  Layer.provideMerge(PgQueue.database)
)
