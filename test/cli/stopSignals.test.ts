/**
 * The contract of the stop signals, for random sequences of signals at random moments.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Effect, Random } from "effect"
import * as Postgres from "../support/Postgres.ts"
import * as Pgq from "./Pgq.ts"

const script = `
import { Effect } from "effect"
export const setupJobs = (queue) => {
  queue.handle("short", () => Effect.sleep(5))
  queue.handle("slow", () => Effect.onInterrupt(Effect.sleep(300), () => Effect.sleep(50)))
}
`

const signals = ["SIGHUP", "SIGINT", "SIGTERM"] as const
const codes = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 }
const rounds = Number(process.env["PGQ_TEST_ROUNDS"] ?? 6)

/** The exit codes that these signals may cause. Signals sent at once may be heard in any order. */
const allowed = (sent: ReadonlyArray<typeof signals[number]>): ReadonlyArray<number> => {
  const hardest = Math.max(...sent.map((signal) => signals.indexOf(signal)))
  const steps = signals.length - hardest + 1
  return sent.length < steps ? [0] : [0, ...sent.map((signal) => codes[signal])]
}

layer(Postgres.layer, { excludeTestServices: true, timeout: "60 seconds" })(
  "stop signals",
  (it) => {
    it.effect.each([0, 2])(
      "keeps its promise whatever is sent when, with -q %i",
      (processes) =>
        Effect.gen(function*() {
          const { flags, table } = yield* Pgq.schema
          const sql = yield* PgClient.PgClient
          const { path, write } = yield* Pgq.folder
          write("jobs.mjs", script)
          yield* sql`
        INSERT INTO ${table("jobs")} (name, payload, serialization_key)
        SELECT CASE WHEN n % 5 = 0 THEN 'slow' ELSE 'short' END, '{}',
               CASE WHEN n % 3 = 0 THEN 'k' || n % 7 END
        FROM generate_series(1, 400) AS n`
          const args = ["start", ...flags, "-f", "jobs.mjs", "--grace", "2s"]

          for (let round = 0; round < rounds; round++) {
            const queue = yield* Pgq.spawn(processes === 0 ? args : [...args, "-q", "2"], {
              cwd: path,
              ipc: true
            })
            yield* queue.message("latched")
            const sent: Array<typeof signals[number]> = []
            const count = yield* Random.nextIntBetween(1, 4)
            for (let n = 0; n < count; n++) {
              yield* Effect.sleep(yield* Random.nextIntBetween(0, n === 0 ? 1500 : 120))
              const signal = signals[yield* Random.nextIntBetween(0, 2)]!
              sent.push(signal)
              yield* queue.kill(signal)
            }

            const { code, stderr } = yield* queue.exit
            // Without `-q`, a process of an earlier round that exited at once has left a lease that
            // is yet to run out. Only the leases of this round's process count then.
            const leases = yield* sql`
          SELECT FROM ${table("leases")} JOIN ${
              table("workers")
            } AS workers ON worker_id = workers.id
          WHERE workers.pid = ${queue.pid} OR ${processes > 0}`
            const what = `${sent.join(" ")}, exit ${code}:\n${stderr}`
            assert.include(allowed(sent), code ?? -1, what)
            if (code === 0) assert.strictEqual(leases.length, 0, what)
          }
        }),
      600_000
    )
  }
)
