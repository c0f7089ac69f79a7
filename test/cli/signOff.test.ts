/**
 * A worker that reports a clean stop has deleted its row, even if the server was unreachable for a
 * moment.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import * as Postgres from "../support/Postgres.ts"
import * as TcpProxy from "../support/TcpProxy.ts"
import * as Pgq from "./Pgq.ts"

layer(Postgres.layer, { excludeTestServices: true, timeout: "60 seconds" })(
  "a clean stop",
  (it) => {
    it.effect("signs off once the server can be reached again", () =>
      Effect.gen(function*() {
        const sql = yield* PgClient.PgClient
        const { flags, name, table } = yield* Pgq.schema
        const url = new URL(flags[1] ?? "")
        const proxy = yield* TcpProxy.make({
          path: `${url.searchParams.get("host")}/.s.PGSQL.5432`
        })
        const [user, password] = ["user", "password"].map((name) => url.searchParams.get(name))
        const through = `postgres://${user}:${password}@127.0.0.1:${proxy.port}${url.pathname}`
        const { write } = yield* Pgq.folder
        const script = write("jobs.mjs", "export const setupJobs = (q) => q.handle('x', () => {})")
        const queue = yield* Pgq.spawn(["start", "-c", through, "--schema", name, "-f", script])
        yield* queue.line(/working on/)

        yield* proxy.refuse
        yield* proxy.cut
        yield* queue.kill("SIGINT")
        yield* queue.line(/could not sign off/)
        yield* proxy.accept
        const { code } = yield* queue.exit

        assert.strictEqual(code, 0)
        assert.deepStrictEqual(yield* sql`SELECT pid FROM ${table("workers")}`, [])
      }))

    it.effect("follows from pgq stop --worker, which needs no pid file", () =>
      Effect.gen(function*() {
        const { flags } = yield* Pgq.schema
        const { write } = yield* Pgq.folder
        const script = write("jobs.mjs", "export const setupJobs = (q) => q.handle('x', () => {})")
        const queue = yield* Pgq.spawn(["start", "-f", script, ...flags])
        yield* queue.line(/working on/)

        const asked = yield* Pgq.run(["stop", "drain", "--worker", "pgq", ...flags])
        const { code } = yield* queue.exit
        const gone = yield* Pgq.run(["stop", "--worker", "pgq", ...flags])

        assert.match(asked.stdout, /^pgq \S+:\d+ asked to stop: drain\n$/)
        assert.strictEqual(code, 0)
        assert.deepStrictEqual(
          [gone.code, gone.stdout],
          [1, "no worker has the id, place or label pgq\n"]
        )
      }))
  }
)
