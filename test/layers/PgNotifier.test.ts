/**
 * A notifier that listens again tells workers to look at everything, because it may have missed
 * wake-ups.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Context, Effect, Layer, Logger, Queue, Stream } from "effect"
import * as PgNotifier from "../../src/layers/postgres/PgNotifier.ts"
import { Notifier } from "../../src/services/Notifier.ts"
import { eventually } from "../Given.ts"
import * as PgQueue from "../support/PgQueue.ts"

layer(PgQueue.layer, { excludeTestServices: true, timeout: "1 minute" })("a notifier", (it) => {
  it.effect("says to look at everything whenever it listens again", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const { wakes } = yield* Notifier
      const heard = yield* Stream.toQueue(wakes, { capacity: "unbounded" })
      const listeners = sql<{ pid: number }>`
        SELECT pid FROM pg_stat_activity
        WHERE datname = current_database() AND query LIKE 'LISTEN%'
      `
      yield* eventually(
        Effect.map(listeners, (found) => assert.lengthOf(found, 1))
      )
      // The wake-ups that the notifier sends when it begins come before this marker.
      yield* sql`SELECT pgq.notify_wake('jobs:marker')`
      yield* Effect.repeat(Queue.take(heard), { until: ({ _tag }) => _tag === "Jobs" })

      yield* sql`
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND query LIKE 'LISTEN%'
      `
      const next = yield* Effect.timeout(Queue.take(heard), "10 seconds")

      assert.deepStrictEqual(next, { _tag: "Everything" })
    }))

  it.effect("listens although it has met a defect once", () =>
    Effect.gen(function*() {
      const client = yield* PgClient.PgClient
      let looks = 0
      const config = {
        ...client.config,
        get connectTimeout() {
          return looks++ === 0 ? JSON.parse("this is no JSON") : client.config.connectTimeout
        }
      }
      const broken: PgClient.PgClient = Object.create(client, { config: { value: config } })
      const context = yield* Layer.build(
        PgNotifier.layer({ schema: PgQueue.schema }).pipe(
          Layer.provide(Layer.succeed(PgClient.PgClient, broken)),
          Layer.provide(Logger.layer([]))
        )
      )
      const heard = yield* Stream.toQueue(Context.get(context, Notifier).wakes, {
        capacity: "unbounded"
      })

      yield* eventually(Effect.sync(() => assert.isAtLeast(looks, 2)))
      yield* client`SELECT pgq.notify_wake('jobs:marker')`.pipe(
        Effect.delay("50 millis"),
        Effect.repeat({ times: 20 }),
        Effect.raceFirst(
          Effect.repeat(Queue.take(heard), { until: ({ _tag }) => _tag === "Jobs" })
        ),
        Effect.tap((wake) => Effect.sync(() => assert.deepInclude(wake, { queue: "marker" })))
      )
    }))

  it.effect("listens only where there is a connection for the work, too", () =>
    Effect.gen(function*() {
      const client = yield* PgClient.PgClient
      let isFull = true
      let refusals = 0
      const full: PgClient.PgClient = Object.create(client, {
        config: { value: { ...client.config, applicationName: "crowded" } },
        reserve: {
          value: Effect.gen(function*() {
            return isFull ? yield* Effect.fail(++refusals) : yield* client.reserve
          })
        }
      })
      const listeners = client`
        SELECT FROM pg_stat_activity WHERE application_name = 'crowded listener'
      `
      yield* Layer.build(
        Layer.provide(
          PgNotifier.layer({ schema: PgQueue.schema }),
          Layer.succeed(PgClient.PgClient, full)
        )
      )

      yield* eventually(Effect.sync(() => assert.isAtLeast(refusals, 3)))
      const whileFull = yield* listeners
      isFull = false

      yield* eventually(Effect.map(listeners, (found) => assert.lengthOf(found, 1)))
      assert.lengthOf(whileFull, 0)
    }))
})
