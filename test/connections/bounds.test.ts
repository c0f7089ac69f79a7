/**
 * pgq gives up in time whatever it asks of a database that does not answer.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, it } from "@effect/vitest"
import { Context, Duration, Effect, Layer, Option, Redacted } from "effect"
import { Settlement } from "../../src/domain/Settlement.ts"
import { bounds } from "../../src/layers/effects/Deadline.ts"
import * as RowLock from "../../src/layers/locks/RowLock.ts"
import * as PgJobAdmin from "../../src/layers/postgres/PgJobAdmin.ts"
import * as PgJobRepo from "../../src/layers/postgres/PgJobRepo.ts"
import * as PgScheduler from "../../src/layers/postgres/PgScheduler.ts"
import * as PgSchema from "../../src/layers/postgres/PgSchema.ts"
import * as PgWorkerRegistry from "../../src/layers/postgres/PgWorkerRegistry.ts"
import * as PollNotifier from "../../src/layers/postgres/PollNotifier.ts"
import { JobAdmin } from "../../src/services/JobAdmin.ts"
import { JobRepo } from "../../src/services/JobRepo.ts"
import { Notifier } from "../../src/services/Notifier.ts"
import { Scheduler } from "../../src/services/Scheduler.ts"
import { WorkerRegistry } from "../../src/services/WorkerRegistry.ts"
import { jobOf } from "../Given.ts"
import * as BusyWorker from "./BusyWorker.ts"

const schema = "pgq"
const id = crypto.randomUUID()
const settled = { id: 1n, lease: id, settlement: Settlement.Completed() }

/** Every question of a service. A question that is not named here does not compile. */
type Questions<Service> = { readonly [Name in keyof Service]: Effect.Effect<unknown, unknown> }

const ofRepo = (repo: JobRepo["Service"]): Questions<JobRepo["Service"]> => ({
  enqueue: repo.enqueue([jobOf("queue"), jobOf("queue")]),
  offer: repo.offer([jobOf("queue"), jobOf("queue")]),
  claim: repo.claim({ queues: ["queue"], worker: id, limit: 1, slots: 1, perLaneMax: 0 }),
  settle: repo.settle([settled]),
  hasUnstarted: repo.hasUnstarted(["queue"])
})

const ofNotifier = (
  notifier: Notifier["Service"]
): Questions<Omit<Notifier["Service"], "wakes">> => ({
  mayHaveMissed: notifier.mayHaveMissed(["queue"])
})

const ofAdmin = (admin: JobAdmin["Service"]): Questions<JobAdmin["Service"]> => ({
  counts: admin.counts,
  failed: admin.failed({ limit: 1 }),
  workers: admin.workers,
  stopWorker: admin.stopWorker(id, "finish")
})

const ofScheduler = (scheduler: Scheduler["Service"]): Questions<Scheduler["Service"]> => ({
  promote: scheduler.promote,
  expire: scheduler.expire,
  rescue: scheduler.rescue,
  heal: scheduler.heal,
  unpause: scheduler.unpause,
  forget: scheduler.forget,
  rollUp: scheduler.rollUp,
  sample: scheduler.sample,
  prune: scheduler.prune
})

const ofRegistry = (
  registry: WorkerRegistry["Service"]
): Questions<WorkerRegistry["Service"]> => ({
  join: registry.join({
    id,
    label: "",
    host: "",
    pid: 1,
    queues: ["queue"],
    mode: "row-lock",
    concurrency: 1,
    names: ["test"],
    lease: Duration.seconds(15)
  }),
  renew: registry.renew(id),
  cancelRequests: registry.cancelRequests(id),
  pauses: registry.pauses(["queue"]),
  reconcile: registry.reconcile(id, []),
  leave: registry.leave(id),
  reportDead: registry.reportDead(id)
})

const services = Layer.mergeAll(
  PgJobRepo.layer({ schema }),
  PollNotifier.layer({ schema }),
  PgJobAdmin.layer({ schema }),
  PgScheduler.layer({ schema }),
  PgWorkerRegistry.layer({ schema })
).pipe(Layer.provide(RowLock.layer))

/**
 * A question has the time of one statement. `enqueue`, which asks for half a minute, and `prune`,
 * which asks twice, have the time of three.
 */
const limitOf = (name: string) =>
  Duration.sum(Duration.times(bounds.statement, ["enqueue", "prune"].includes(name) ? 3 : 1), slack)
const slack = Duration.seconds(4)

it.live(
  "every question is given up in time, whether it may be interrupted or not",
  () =>
    Effect.gen(function*() {
      const { proxy, through } = yield* BusyWorker.proxied
      const client = yield* Layer.build(
        PgClient.layer({ url: Redacted.make(through), maxConnections: 60 })
      )
      const questions = yield* Effect.gen(function*() {
        return {
          ...ofRepo(yield* JobRepo),
          ...ofNotifier(yield* Notifier),
          ...ofAdmin(yield* JobAdmin),
          ...ofScheduler(yield* Scheduler),
          ...ofRegistry(yield* WorkerRegistry),
          check: Effect.provideContext(PgSchema.check({ schema }), client)
        }
      }).pipe(Effect.provide(Layer.provide(services, Layer.succeedContext(client))))
      const asked = Object.entries(questions).flatMap(([name, ask]) => [
        { name, ask },
        { name, ask: Effect.uninterruptible(ask) }
      ])
      // Each question has a connection, so that none fails for want of one.
      const sql = Context.get(client, PgClient.PgClient)
      yield* Effect.forEach(asked, () => sql`SELECT pg_sleep(1)`, { concurrency: "unbounded" })
      assert.isAtLeast(yield* proxy.connections, asked.length)
      yield* proxy.swallow

      const late = yield* Effect.filter(
        asked,
        ({ ask, name }) =>
          Effect.map(
            Effect.timeoutOption(Effect.exit(ask), limitOf(name)),
            Option.isNone
          ),
        { concurrency: "unbounded" }
      )

      assert.deepStrictEqual(late.map(({ name }) => name), [])
    }).pipe(Effect.scoped),
  120_000
)
