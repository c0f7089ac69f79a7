/**
 * The end of a process with a stuck run.
 *
 * Tests `src/layers/worker/StuckRuns.ts`.
 */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { fileURLToPath } from "node:url"
import * as Pgq from "../../cli/Pgq.ts"
import { queueName } from "../../Given.ts"
import { TestDatabase } from "../../support/Postgres.ts"
import * as Session from "../../support/Session.ts"
import { finished, options, producer, unfinished } from "../Live.ts"

const program = fileURLToPath(new URL("stuck.mjs", import.meta.url))

layer(producer, options)("a process with a stuck run", (it) => {
  it.effect("is killed when its other runs are settled, where that was asked for", () =>
    Effect.gen(function*() {
      const { url } = yield* TestDatabase
      const { sql } = yield* Session.open
      const queue = yield* queueName
      yield* sql`
        INSERT INTO pgq.jobs (queue, name) VALUES (${queue}, 'stuck'), (${queue}, 'quick')
      `

      const process = yield* Pgq.spawn([], {
        through: [globalThis.process.execPath, program, url, queue]
      })
      yield* process.line(/is stuck: the process is killed when its other jobs are settled/)
      yield* sql`INSERT INTO pgq.jobs (queue, name) VALUES (${queue}, 'late')`
      const { signal } = yield* process.exit

      assert.strictEqual(signal, "SIGKILL")
      const names = (yield* finished(queue)).map(({ name, outcome }) => [name, outcome])
      assert.deepStrictEqual(names, [["quick", "completed"]])
      const left = (yield* unfinished(queue)).map(({ name, state }) => [name, state])
      assert.deepStrictEqual(left, [["stuck", "running"], ["late", "ready"]])
    }))
})
