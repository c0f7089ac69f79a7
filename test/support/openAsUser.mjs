/**
 * Opens an embedded server as an ordinary user, prints what it answers, and closes it.
 *
 *     node openAsUser.mjs DATA-DIR BINARIES UID
 *
 * It is root who loads the modules: the user may not be able to read the folder they lie in.
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
  const { open } = await import("../../src/layers/embedded/EmbeddedPostgres.ts")
  const [dataDir, binaries, id] = process.argv.slice(2)
  process.chdir(dataDir)
  process.setgroups([])
  process.setgid(Number(id))
  process.setuid(Number(id))
  const program = Effect.flatMap(open({ dataDir, binaries }), ({ url }) =>
    Effect.provide(
      Effect.flatMap(PgClient.PgClient, (sql) => sql`SELECT 1 AS one`),
      PgClient.layer({ url })
    ))
  const rows = await Effect.runPromise(Effect.scoped(program))
  process.stdout.write(JSON.stringify(rows))
}
