/**
 * The reads of `pgq top`, which change nothing whatever they call.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import * as Looks from "../../src/cli/top/Looks.ts"
import { storeError } from "../../src/layers/postgres/PgError.ts"
import * as QueueLive from "../../src/layers/QueueLive.ts"
import { JobControl } from "../../src/services/JobControl.ts"
import * as Postgres from "../support/Postgres.ts"
import * as Pgq from "./Pgq.ts"

layer(Postgres.layer, { excludeTestServices: true, timeout: "60 seconds" })("a look", (it) => {
  it.effect("asks why in a transaction that can write nothing", () =>
    Effect.gen(function*() {
      const { name, table } = yield* Pgq.schema
      const sql = yield* PgClient.PgClient
      const client = QueueLive.client({ schema: name })
      const page = { kind: "why", of: { kind: "queue", queue: "mail" } } as const
      const writing = Layer.effect(
        JobControl,
        Effect.map(JobControl, (control) => ({
          ...control,
          whyQueue: () =>
            sql`INSERT INTO ${table("jobs")} (name) VALUES ('a')`.pipe(
              Effect.mapError(storeError("why")),
              Effect.as([])
            )
        }))
      ).pipe(Layer.provideMerge(client))

      const reads = yield* Effect.provide(Looks.detail(page), client)
      const error = yield* Effect.flip(Effect.provide(Looks.detail(page), writing))

      assert.deepStrictEqual(reads?.why?.reasons.map(({ code }) => code), ["empty"])
      assert.strictEqual(error.code, "25006")
    }))
})
