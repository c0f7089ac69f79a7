/**
 * The roles that keep figures, and those that see them.
 *
 * Tests `src/layers/postgres/PgRoles.ts`.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import { storeError } from "../../../src/layers/postgres/PgError.ts"
import * as PgPulses from "../../../src/layers/postgres/PgPulses.ts"
import type * as PgRoles from "../../../src/layers/postgres/PgRoles.ts"
import * as PgScheduler from "../../../src/layers/postgres/PgScheduler.ts"
import * as PgSeries from "../../../src/layers/postgres/PgSeries.ts"
import { Pulses } from "../../../src/services/Pulses.ts"
import { Scheduler } from "../../../src/services/Scheduler.ts"
import { Series } from "../../../src/services/Series.ts"
import * as Postgres from "../../support/Postgres.ts"
import * as Roles from "../../support/Roles.ts"
import { options } from "../Live.ts"

layer(Postgres.layer, options)("a role", (it) => {
  it.effect("of a worker keeps figures, and one of a reader sees them", () =>
    Effect.gen(function*() {
      const { as, schema, url } = yield* Roles.make
      const of = (role: PgRoles.Role) => PgClient.layer({ url: Redacted.make(url(role)) })
      const owner = yield* PgClient.PgClient
      const counts = [3, 0, 0, 0, 0, 0, 0, 0, 0]
      const empty = Array<number>(18).fill(0)
      yield* Pulses.use((pulses) =>
        pulses.add(crypto.randomUUID(), [{
          queue: "q",
          name: "n",
          counts,
          wait: empty,
          run: empty
        }])
      ).pipe(Effect.provide(PgPulses.layer({ schema }).pipe(Layer.provide(of("worker")))))
      yield* owner`UPDATE ${owner(`${schema}.pulses`)} SET at = at - interval '1 minute'`
      yield* owner`SELECT ${owner(`${schema}.enqueue`)}('task')`

      yield* Scheduler.use(({ forget, rollUp, sample }) => Effect.all([forget, rollUp, sample]))
        .pipe(
          Effect.provide(PgScheduler.layer({ schema }).pipe(Layer.provide(of("worker"))))
        )

      const to = new Date(Date.now() + 60_000)
      const from = new Date(to.getTime() - 600_000)
      for (const role of ["reader", "operator"] as const) {
        const [ends, depth] = yield* Series.use(({ series }) =>
          Effect.all([
            series({ of: "finished", from, to, step: "1 minute" }),
            series({ of: "depth", from, to, step: "1 minute" })
          ])
        ).pipe(Effect.provide(PgSeries.layer({ schema }).pipe(Layer.provide(of(role)))))
        assert.isTrue(ends.series[0]!.values.includes(3))
        assert.isTrue(depth.series[0]!.values.includes(1))
      }
      const producer = yield* as("producer")
      const asked = producer`SELECT ${producer(`${schema}.series_of`)}(
        'depth', NULL, NULL, now(), now() + interval '1 minute', '1 minute'
      )`
      assert.strictEqual(storeError("")(yield* Effect.flip(asked)).code, "42501")
    }))
})
