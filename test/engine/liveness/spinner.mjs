/**
 * A queue with a lease of three seconds, whose one job computes for eight: its thread cannot renew.
 *
 * node spinner.mjs URL QUEUE with-stand-in|without-stand-in|giving-up
 */
import { PgClient } from "@effect/sql-pg"
import { Effect, Layer, Redacted, Schema } from "effect"
import { syncBuiltinESMExports } from "node:module"
import threads from "node:worker_threads"

const [url, queue, standIn] = process.argv.slice(2)
if (standIn === "without-stand-in") {
  threads.Worker = class {
    unref() {}
    on() {}
    terminate() {}
  }
  syncBuiltinESMExports()
}
const { Job, QueueControl, QueueLive, RowLock } = await import("../../../dist/index.js")

const compute = () => {
  process.stderr.write("computing\n")
  const end = performance.now() + 8000
  while (performance.now() < end);
}
const Queue = QueueLive.layer({
  queues: [queue],
  lease: "3 seconds",
  hangLimit: standIn === "giving-up" ? "2 seconds" : undefined
}).pipe(
  Layer.provide(Job.make("compute", { payload: Schema.Unknown }).toLayer(compute)),
  Layer.provide(RowLock.layer),
  Layer.provide(PgClient.layer({ url: Redacted.make(url) }))
)
await Effect.gen(function*() {
  const control = yield* QueueControl
  yield* control.stop("drain")
  yield* control.ended
}).pipe(Effect.provide(Queue), Effect.runPromise)
