/**
 * A worker with a run that never ends, and one that ends a second later. The first one is stuck at
 * once, and the process is killed for it.
 *
 * node stuck.mjs URL QUEUE
 */
import { PgClient } from "@effect/sql-pg"
import { Effect, Layer, Logger, Redacted } from "effect"
import { Job, QueueLive } from "../../../dist/index.js"

const [url, queue] = process.argv.slice(2)

const Stuck = Job.make("stuck", { timeout: "100 millis" })
const Quick = Job.make("quick")
const Handlers = Layer.merge(
  Stuck.toLayer(() => new Promise(() => {})),
  Quick.toLayer(() => Effect.sleep("2 seconds"))
)
const Queue = QueueLive.layer({
  jobs: [Stuck, Quick],
  queues: [queue],
  stuckAfter: "1 second",
  onStuck: "kill"
}).pipe(
  Layer.provide(Handlers),
  Layer.provide(PgClient.layer({ url: Redacted.make(url) }))
)
const toStderr = Logger.layer([
  Logger.make(({ message }) => process.stderr.write(`${message}\n`))
])
await Layer.launch(Queue).pipe(Effect.provide(toStderr), Effect.runPromise)
