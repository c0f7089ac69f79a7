/**
 * `pgq metrics`, and the page of metrics of `pgq api`, on a database of its own.
 *
 * Tests `src/cli/api/MetricsServer.ts` and `src/http/MetricsPage.ts`.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import * as Socket from "../http/Socket.ts"
import * as ExpositionFormat from "../observe/ExpositionFormat.ts"
import { valueOf } from "../observe/Samples.ts"
import * as Postgres from "../support/Postgres.ts"
import * as Pgq from "./Pgq.ts"

/** A running server that listens on some port. */
const started = Effect.fnUntraced(function*(
  args: ReadonlyArray<string>,
  env: Readonly<Record<string, string>> = {}
) {
  const server = yield* Pgq.spawn([...args, "--listen", "127.0.0.1:0"], { env })
  const port = yield* Pgq.eventually(
    "address",
    () => /^http:\/\/127\.0\.0\.1:(\d+)\/.*\n/.exec(server.stdout())?.[1]
  )
  return { ...server, ask: Socket.at(Number(port)) }
})

const ready = { messaging_destination_name: "mail", pgq_state: "ready" }

layer(Postgres.layer, { excludeTestServices: true, timeout: "60 seconds" })("pgq metrics", (it) => {
  it.effect("serves the metrics of the schema to whoever calls it by its name or an address", () =>
    Effect.gen(function*() {
      const { flags, name } = yield* Pgq.schema
      const sql = yield* PgClient.PgClient
      yield* sql`INSERT INTO ${sql(`${name}.jobs`)} (queue, name) VALUES ('mail', 'greet')`
      const { ask, exit, kill, stdout } = yield* started([
        "metrics",
        "--host",
        "Metrics.test",
        ...flags
      ])

      const { headers, status, text } = yield* ask("/metrics")
      assert.strictEqual(status, 200, text)
      assert.match(stdout(), /\/metrics\n$/)
      assert.strictEqual(headers["content-type"], "text/plain; version=0.0.4; charset=utf-8")
      assert.strictEqual(headers["cache-control"], "no-store")
      const families = ExpositionFormat.parse(text)
      assert.strictEqual(valueOf(families, "pgq_queue_jobs", ready), 1)
      assert.isUndefined(valueOf(families, "pgq_look_errors_total"))

      const statusOf = (headers: Readonly<Record<string, string>>) =>
        Effect.map(ask("/metrics", { headers }), ({ status }) => status)
      const statuses = yield* Effect.forEach(
        ["metrics.test", "10.0.0.7:7472", "[fd00::7]:7472", "evil.test", "1.evil.test", "127.1"],
        (host) => statusOf({ host })
      )
      assert.deepStrictEqual(statuses, [200, 200, 200, 421, 421, 421])
      assert.strictEqual(yield* statusOf({ origin: "http://evil.test" }), 421)
      for (const path of ["/", "/api/v1/session", "/metrics/"]) {
        assert.strictEqual((yield* ask(path)).status, 404, path)
      }
      const sessions = yield* sql`
        SELECT FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = 'pgq metrics'
      `
      assert.isNotEmpty(sessions)
      yield* kill("SIGTERM")
      assert.strictEqual((yield* exit).code, 143)
    }))

  it.effect("are a page of pgq api, too, for those who may read", () =>
    Effect.gen(function*() {
      const { flags } = yield* Pgq.schema
      const env = { PGQ_API_TOKEN_READ: "peep" }
      const { ask } = yield* started(["api", "--auth", "bearer", ...flags], env)
      const authorization = "Bearer peep"

      const { headers, status, text } = yield* ask("/metrics", { headers: { authorization } })
      const head = yield* ask("/metrics", { method: "HEAD", headers: { authorization } })

      assert.deepStrictEqual([status, head.status, head.text], [200, 200, ""])
      assert.strictEqual(headers["content-type"], "text/plain; version=0.0.4; charset=utf-8")
      assert.strictEqual(valueOf(ExpositionFormat.parse(text), "pgq_queues_more"), 0)
      assert.strictEqual((yield* ask("/metrics")).status, 401)
    }))
})
