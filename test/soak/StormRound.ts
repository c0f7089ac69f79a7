/**
 * One round of the storm: a worker, some faults, a recovery in most rounds, the worker's close, and
 * a check of its jobs.
 */
import { PgClient } from "@effect/sql-pg"
import { Effect, Exit, Layer, Logger, Redacted, Schedule, Schema, Scope } from "effect"
import * as Job from "../../src/layers/job/Job.ts"
import * as QueueLive from "../../src/layers/QueueLive.ts"
import * as TcpProxy from "../support/TcpProxy.ts"
import type * as Dice from "./Dice.ts"
import * as Server from "./Server.ts"

/** The feats that have a time limit. */
export type Feat = "recover" | "listen" | "close"

export type Timed = <A, E, R>(
  feat: Feat,
  effect: Effect.Effect<A, E, R>
) => Effect.Effect<void, never, R>

export const run = Effect.fnUntraced(function*(options: {
  readonly server: Server.Server
  /** A client that is connected to the server without a proxy. */
  readonly sql: PgClient.PgClient
  /** The name of the queue and of the worker's connections. */
  readonly name: string
  readonly dice: Dice.Dice
  readonly onFault: (fault: string) => void
  readonly timed: Timed
  readonly violated: (what: string) => void
}) {
  const { dice, name, onFault, server, sql, timed, violated } = options
  const proxy = yield* TcpProxy.make({ path: server.socket.path })
  const pool = dice.pick([1, 2, 10]) ?? 1
  let added = 0
  const add = (jobs: number) =>
    Effect.suspend(() => {
      const first = added + 1
      added += jobs
      return sql`
        INSERT INTO pgq.jobs (queue, name, payload, serialization_key)
        SELECT ${name}, 'storm', to_jsonb(n), CASE WHEN n % 4 > 0 THEN 'key ' || n % 4 END
        FROM generate_series(${first}::integer, ${added}::integer) AS n
      `
    })

  yield* add(30)
  const scope = yield* Effect.acquireRelease(Scope.make(), Scope.close)
  yield* Scope.provide(worker({ name, pool, url: Server.overTcp(server, proxy.port) }), scope)
  for (let left = dice.between(1, 8); left > 0; left--) {
    yield* Effect.sleep(dice.gap(300))
    const fault = dice.weigh(weights)
    onFault(fault)
    yield* strike(proxy, fault, dice)
    yield* add(dice.between(0, 20))
  }
  if (dice.chance(0.6)) {
    yield* dice.chance(0.5) ? proxy.heal : proxy.mend
    yield* add(10)
    yield* Effect.all([
      timed("recover", isDone(sql, name)),
      timed("listen", isHeard(sql, name))
    ], { concurrency: "unbounded" })
  }
  yield* timed("close", Scope.close(scope, Exit.void))

  // A worker without faults does the jobs that are left.
  yield* Effect.scoped(
    Effect.andThen(
      worker({ name, pool, url: server.url }),
      timed("recover", isDone(sql, name))
    )
  )
  const [found] = yield* sql<{ jobs: number; ends: number; leases: number }>`
    SELECT count(DISTINCT id)::integer AS jobs, count(*)::integer AS ends,
           (SELECT count(*)::integer FROM pgq.leases WHERE queue = ${name}) AS leases
    FROM pgq.finished_jobs WHERE queue = ${name} AND outcome = 'completed'
  `
  if (found?.jobs !== added || found.ends !== added || found.leases !== 0) {
    violated(`${added} jobs were added: ${JSON.stringify(found)}`)
  }
})

const Task = Job.make("storm", { payload: Schema.Finite })

const worker = ({ name, pool, url }: {
  readonly name: string
  readonly pool: number
  readonly url: string
}) =>
  Layer.build(
    QueueLive.layer({
      jobs: [Task],
      queues: [name],
      workers: 4,
      lease: "3 seconds",
      grace: "3 seconds"
    }).pipe(
      Layer.provide(Task.toLayer((n) => Effect.sleep(n % 20))),
      Layer.provide(
        PgClient.layer({ url: Redacted.make(url), applicationName: name, maxConnections: pool })
      ),
      Layer.provide(Logger.layer([])),
      Layer.fresh
    )
  )

const weights = {
  cut: 3,
  cutAfter: 3,
  refuse: 2,
  blackhole: 2,
  swallow: 3,
  swallowAt: 4,
  heal: 2,
  mend: 2
}

/** The texts at which a connection falls silent. */
const words = ["claim", "settle", "promote", "rescue", "prune_", "LISTEN", "SET lease_until"]

const strike = (
  proxy: TcpProxy.TcpProxy,
  fault: keyof typeof weights,
  dice: Dice.Dice
): Effect.Effect<void> => {
  switch (fault) {
    case "cutAfter":
      return Effect.andThen(
        proxy.cutAfter({
          [dice.chance(0.5) ? "fromServer" : "fromClient"]: dice.between(1, 5000)
        }),
        proxy.cut
      )
    case "refuse":
      return Effect.andThen(proxy.refuse, proxy.cut)
    case "swallowAt":
      return proxy.swallowAt(dice.pick(words) ?? "claim")
    default:
      return proxy[fault]
  }
}

const until = (question: Effect.Effect<boolean, unknown>) =>
  Effect.repeat(question, { until: (is) => is, schedule: Schedule.spaced("50 millis") })

const isDone = (sql: PgClient.PgClient, name: string) =>
  until(
    Effect.map(sql`SELECT FROM pgq.jobs WHERE queue = ${name} LIMIT 1`, (jobs) => jobs.length === 0)
  )

/**
 * Waits until the listener gives a sign of life. An older sign does not count, because the server
 * does not know of a connection that has fallen silent.
 */
const isHeard = Effect.fnUntraced(function*(sql: PgClient.PgClient, name: string) {
  const [start] = yield* sql<{ at: string }>`SELECT clock_timestamp()::text AS at`
  const sign = sql`
    SELECT FROM pg_stat_activity
    WHERE application_name = ${`${name} listener`} AND query ~ '^(LISTEN|SELECT 1)'
      AND state = 'idle' AND state_change > ${start!.at}::timestamptz
  `
  return yield* until(Effect.map(sign, (rows) => rows.length > 0))
})
