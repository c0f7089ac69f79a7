/**
 * A server whose queue of notifications is full, because a listener does not read.
 */
import { PgClient, PgConnection } from "@effect/sql-pg"
import { assert, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { storeError } from "../../src/layers/postgres/PgError.ts"
import { clientOf, serverWith } from "./BusyWorker.ts"

it.live("a full queue of notifications may be over later", () =>
  Effect.gen(function*() {
    const { url } = yield* serverWith({ max_notify_queue_pages: "64" })
    const connection = yield* PgConnection.make({ url: Redacted.make(url) })
    const listener = yield* connection.pin
    for (const statement of ["LISTEN anything", "BEGIN", "SELECT 1"]) {
      yield* listener.query(statement, [])
    }

    const error = yield* Effect.flip(
      PgClient.PgClient.use((sql) =>
        Effect.forever(sql`SELECT pg_notify('anything', repeat('x', 7000) || random())`)
      ).pipe(Effect.provide(clientOf(url)))
    )

    const { code, isTransient } = storeError("settle")(error)
    assert.deepStrictEqual({ code, isTransient }, { code: "54000", isTransient: true })
  }), 60_000)
