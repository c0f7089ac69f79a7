/**
 * The role of those who only read sees all that a search finds.
 *
 * Tests `src/layers/postgres/PgRoles.ts`.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Context, Effect, Layer, Redacted } from "effect"
import * as PgInsight from "../../../src/layers/postgres/PgInsight.ts"
import { Insight } from "../../../src/services/Insight.ts"
import * as Postgres from "../../support/Postgres.ts"
import * as Roles from "../../support/Roles.ts"

const clientOf = (url: string) => PgClient.layer({ url: Redacted.make(url) })

layer(Postgres.layer, { excludeTestServices: true, timeout: "1 minute" })("a role", (it) => {
  it.effect("of a reader searches jobs, their payloads and the history", () =>
    Effect.gen(function*() {
      const { schema, url } = yield* Roles.make
      const insight = Context.get(
        yield* Layer.build(
          PgInsight.layer({ schema }).pipe(Layer.provide(clientOf(url("reader"))))
        ),
        Insight
      )
      const sql = yield* PgClient.PgClient
      yield* sql`SELECT ${sql(`${schema}.enqueue`)}('task', '{"to": "ada"}', key => 'k')`
      yield* sql`
        INSERT INTO ${
        sql(`${schema}.finished_jobs`)
      } (id, created_at, finished_at, priority, attempt,
                                                     outcome, queue, name, payload)
        VALUES (7, now(), now(), 0, 1, 'completed', 'default', 'task', '{"to": "ada"}')
      `

      for (const query of ["", "payload.to:ada", "text:ada", "key:k", "worker:*", "state:failed"]) {
        const { items, scanned } = yield* insight.jobs({ query })
        assert.isTrue(scanned.isComplete)
        assert.lengthOf(items, { "key:k": 1, "worker:*": 0, "state:failed": 0 }[query] ?? 2, query)
      }
    }))
})
