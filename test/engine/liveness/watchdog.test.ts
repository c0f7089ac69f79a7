/**
 * Worker processes whose own thread is too busy to renew.
 *
 * Tests `src/layers/postgres/watchdog/Watchdog.ts`.
 */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { fileURLToPath } from "node:url"
import * as Pgq from "../../cli/Pgq.ts"
import { queueName } from "../../Given.ts"
import { TestDatabase } from "../../support/Postgres.ts"
import * as Session from "../../support/Session.ts"
import { options, producer, unfinished } from "../Live.ts"

const spinner = fileURLToPath(new URL("spinner.mjs", import.meta.url))

/**
 * Runs a handler that computes for nearly three leases, and rescues every 20 ms meanwhile. Answers
 * how many jobs were rescued, and which jobs are left.
 */
const rescuedWhileComputing = Effect.fnUntraced(function*(watchdog: string) {
  const { url } = yield* TestDatabase
  const { sql } = yield* Session.open
  const queue = yield* queueName
  yield* sql`INSERT INTO pgq.jobs (queue, name) VALUES (${queue}, 'compute')`
  const process = yield* Pgq.spawn([], {
    through: [globalThis.process.execPath, spinner, url, queue, watchdog]
  })
  yield* process.line(/computing/)
  const rescued = yield* sql<{ n: number }>`SELECT pgq.note_late(), pgq.rescue() AS n`.pipe(
    Effect.map(([row]) => row!.n),
    Effect.delay("20 millis"),
    Effect.repeat({ until: (n) => n > 0 }),
    Effect.raceFirst(Effect.as(process.exit, 0))
  )
  return { rescued, process, jobs: yield* unfinished(queue) }
})

layer(producer, options)("a handler that computes for longer than a lease", (it) => {
  it.effect("is not taken for dead", () =>
    Effect.gen(function*() {
      const { jobs, rescued } = yield* rescuedWhileComputing("with-watchdog")

      assert.strictEqual(rescued, 0)
      assert.deepStrictEqual(jobs, [])
    }))

  it.effect("is, where nobody stands in", () =>
    Effect.gen(function*() {
      const { rescued } = yield* rescuedWhileComputing("without-watchdog")

      assert.strictEqual(rescued, 1)
    }))

  it.effect("is given up after a limit, and goes on in a process that is not pgq's own", () =>
    Effect.gen(function*() {
      const { process, rescued } = yield* rescuedWhileComputing("giving-up")

      assert.strictEqual(rescued, 1)
      assert.match(process.stderr(), /others get its jobs now, and may run them beside it/)
      assert.isTrue(globalThis.process.kill(process.pid, 0))
    }))
})
