/**
 * The dashboard over the jobs that have just run: `npm start -- --stay` keeps it open.
 */
import { PgClient } from "@effect/sql-pg"
import { Effect, Redacted } from "effect"
import { spawn } from "node:child_process"
import { fileURLToPath } from "node:url"

const pgq = fileURLToPath(import.meta.resolve("pgq/package.json")).replace(
  "package.json",
  "dist/cli/bin.js"
)

/** What a person types to see the jobs in a browser. */
export const hint = "\nin a browser: npm start -- --stay\n"

/** Prints the address of the dashboard, and serves it until somebody stops it. */
export const open = Effect.fnUntraced(function*(schema: string) {
  const { config } = yield* PgClient.PgClient
  process.stdout.write("\nin a browser, until you press Ctrl-C:\n")
  yield* Effect.callback<void>((resume) => {
    const child = spawn(process.execPath, [pgq, "dashboard", "--schema", schema], {
      // The address of the database holds a password, which other users see in arguments.
      env: { ...process.env, PGQ_URL: config.url === undefined ? "" : Redacted.value(config.url) },
      stdio: ["ignore", "inherit", "inherit"]
    })
    child.once("close", () => resume(Effect.void))
    return Effect.sync(() => void child.kill())
  })
})
