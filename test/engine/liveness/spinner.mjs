/**
 * A queue with a lease of three seconds, whose one job computes for eight: its thread cannot renew.
 *
 * node spinner.mjs URL QUEUE with-watchdog|without-watchdog|giving-up
 */
import { PgClient } from "@effect/sql-pg"
import { Effect, Layer, Redacted } from "effect"
import { syncBuiltinESMExports } from "node:module"
import threads from "node:worker_threads"

const [url, queue, watchdog] = process.argv.slice(2)
if (watchdog === "without-watchdog") {
  threads.Worker = class {
    unref() {}
    on() {}
    terminate() {}
  }
  syncBuiltinESMExports()
}
const { Job, WorkerControl, QueueLive } = await import("../../../dist/index.js")

const compute = () => {
  process.stderr.write("computing\n")
  const end = performance.now() + 8000
  while (performance.now() < end);
}
const Compute = Job.make("compute")
const Queue = QueueLive.layer({
  jobs: [Compute],
  queues: [queue],
  lease: "3 seconds",
  hangLimit: watchdog === "giving-up" ? "2 seconds" : undefined
}).pipe(
  Layer.provide(Compute.toLayer(compute)),
  Layer.provide(PgClient.layer({ url: Redacted.make(url) }))
)
await Effect.gen(function*() {
  const control = yield* WorkerControl
  yield* control.stop("drain")
  yield* control.ended
}).pipe(Effect.provide(Queue), Effect.runPromise)
