/**
 * Opens an embedded server as whoever runs this script, prints what it answers, and closes it.
 *
 *     node openAsUser.mjs DATA-DIR
 *
 * The sources are TypeScript, which Node 20 cannot read: the script is its own module hook.
 */
import { PgClient } from "@effect/sql-pg"
import amaro from "amaro"
import { Effect } from "effect"
import { readFile } from "node:fs/promises"
import { register } from "node:module"
import { isMainThread } from "node:worker_threads"

export const load = (url, context, nextLoad) =>
  url.endsWith(".ts")
    ? readFile(new URL(url), "utf8").then((text) => ({
      format: "module",
      shortCircuit: true,
      source: amaro.transformSync(text, { mode: "strip-only" }).code
    }))
    : nextLoad(url, context)

if (isMainThread) {
  register(import.meta.url)
  const { open } = await import("../../src/layers/EmbeddedPostgres.ts")
  const program = Effect.flatMap(open({ dataDir: process.argv[2] }), ({ url }) =>
    Effect.provide(
      Effect.flatMap(PgClient.PgClient, (sql) => sql`SELECT 1 AS one`),
      PgClient.layer({ url })
    ))
  const rows = await Effect.runPromise(Effect.scoped(program))
  process.stdout.write(JSON.stringify(rows))
}
