/**
 * An application of one file: a queue with a lease of three seconds, whose one job computes for
 * eight. Its own thread cannot renew.
 *
 * node application.mjs URL QUEUE
 */
import { PgClient } from "@effect/sql-pg"
import { Effect, Layer, Redacted } from "effect"
import { Job, QueueLive, WorkerControl } from "pgq"

process.stderr.write("the application begins\n")
const [url, queue] = process.argv.slice(2)

const compute = () => {
  process.stderr.write("computing\n")
  const end = performance.now() + 8000
  while (performance.now() < end);
}
const Compute = Job.make("compute")
const Queue = QueueLive.layer({ jobs: [Compute], queues: [queue], lease: "3 seconds" }).pipe(
  Layer.provide(Compute.toLayer(compute)),
  Layer.provide(PgClient.layer({ url: Redacted.make(url) }))
)
void Effect.gen(function*() {
  const control = yield* WorkerControl
  yield* control.stop("drain")
  yield* control.ended
}).pipe(Effect.provide(Queue), Effect.runPromise)
