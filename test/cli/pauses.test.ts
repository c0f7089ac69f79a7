/**
 * `pgq pause`, `pgq resume` and `pgq pauses`, on a schema of its own.
 */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import * as Postgres from "../support/Postgres.ts"
import * as Pgq from "./Pgq.ts"

layer(Postgres.layer, { excludeTestServices: true, timeout: "60 seconds" })("pausing", (it) => {
  it.effect("pauses a queue and a name, shows the pauses, and resumes", () =>
    Effect.gen(function*() {
      const { flags } = yield* Pgq.schema
      yield* Pgq.run(["enqueue", "a", "--queue", "mail", ...flags])

      const queue = yield* Pgq.run(
        ["pause", "mail", "--for", "1h", "--reason", "down", "--cancel-running", ...flags]
      )
      const again = yield* Pgq.run(["pause", "mail", "--json", ...flags])
      const name = yield* Pgq.run(["pause", "*", "--name", "b", ...flags])
      const table = yield* Pgq.run(["pauses", ...flags])
      const json = yield* Pgq.run(["pauses", "--json", ...flags])
      const status = yield* Pgq.run(["status", ...flags])
      const resumed = yield* Pgq.run(["resume", "mail", ...flags])
      const resumedName = yield* Pgq.run(["resume", "*", "--name", "b", ...flags])
      const none = yield* Pgq.run(["resume", "mail", ...flags])

      assert.deepStrictEqual(
        [queue, name, resumed, resumedName, none].map(({ code, stdout }) => [code, stdout.trim()]),
        [
          [0, "mail paused"],
          [0, "* b paused"],
          [0, "mail resumed"],
          [0, "* b resumed"],
          [0, "mail not paused"]
        ]
      )
      assert.deepStrictEqual(JSON.parse(again.stdout), {
        queue: "mail",
        name: null,
        answer: "already paused"
      })
      assert.match(table.stdout, /^queue  name  since .* by .* until .* reason\n\*      b /)
      assert.match(table.stdout, /^mail         \d{4}-.*Z  \S+ +\d{4}-.*Z  down$/m)
      const [first, second] = JSON.parse(json.stdout)
      assert.containsSubset(first, { queue: "*", name: "b", until: null, cancelsRunning: false })
      assert.containsSubset(second, { queue: "mail", name: null, cancelsRunning: true })
      assert.match(status.stdout, /^mail  +\S+(?:  +0){6}  +1$/m)
    }))

  it.effect("sets the objective of a queue, which its status shows", () =>
    Effect.gen(function*() {
      const { flags } = yield* Pgq.schema
      yield* Pgq.run(["enqueue", "a", "--queue", "mail", ...flags])

      const set = yield* Pgq.run(["objective", "mail", "5m", ...flags])
      const table = yield* Pgq.run(["objectives", ...flags])
      const status = yield* Pgq.run(["status", ...flags])
      const cleared = yield* Pgq.run(["objective", "mail", "--clear", "--json", ...flags])
      const neither = yield* Pgq.run(["objective", "mail", ...flags])

      assert.deepStrictEqual([set.code, set.stdout], [0, "mail objective set\n"])
      assert.match(table.stdout, /^queue +objective\nmail +5m 0s$/m)
      assert.match(status.stdout, /^mail +\S+ of 5m 0s /m)
      assert.deepStrictEqual(JSON.parse(cleared.stdout), { queue: "mail", answer: "cleared" })
      assert.notStrictEqual(neither.code, 0)
      assert.match(neither.stderr, /say a time such as 5m, or --clear/)
    }))

  it.effect("refuses to pause all there is without --yes, and times that are none", () =>
    Effect.gen(function*() {
      const { flags } = yield* Pgq.schema
      const all = yield* Pgq.run(["pause", "*", ...flags])
      const never = yield* Pgq.run(["pause", "mail", "--for", "0s", ...flags])
      const done = yield* Pgq.run(["pause", "*", "--yes", ...flags])

      assert.match(all.stderr, /to pause all jobs of all queues, add --yes/)
      assert.match(never.stderr, /the time of the pause is not a duration of up to 36500 days/)
      assert.notInclude([all.code, never.code], 0)
      assert.deepStrictEqual([done.code, done.stdout], [0, "* paused\n"])
    }))
})
