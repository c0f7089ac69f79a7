/**
 * A tour of what else people expect of a job: one that stands for others, one that is cancelled,
 * one whose error says when to try again, and one whose result somebody waits for.
 */
import { Effect, Layer, Schema } from "effect"
import { enqueue, Job, offer, OnError, QueueLive, WorkerControl } from "pgq"
import * as Table from "./Table.ts"

/** At most one unfinished job a folder. The newest payload counts. */
const Watch = Job.make("watch", {
  payload: Schema.Struct({ folder: Schema.String, change: Schema.Int }),
  success: Schema.Int,
  unique: { by: "folder", mode: "replace" }
})

const Render = Job.make("render", { payload: Schema.Struct({ pages: Schema.Int }) })

class Busy extends Schema.TaggedError<Busy>()("Busy", { seconds: Schema.Finite }) {}

/** The error of a run says when the job is tried again. No attempt is used. */
const Fetch = Job.make("fetch", {
  payload: Schema.Struct({ url: Schema.String }),
  success: Schema.Struct({ runs: Schema.Int, attempt: Schema.Int }),
  error: Busy,
  onError: { Busy: ({ seconds }) => OnError.snooze(`${seconds} seconds`) }
})

const Add = Job.make("add", {
  payload: Schema.Struct({ a: Schema.Finite, b: Schema.Finite }),
  success: Schema.Finite
})

const handlers = Layer.suspend(() => {
  let runs = 0
  return Layer.mergeAll(
    Watch.toLayer(({ change }) => change),
    Render.toLayer(() => Effect.never),
    Fetch.toLayer((_, { attempt }) =>
      ++runs < 3 ? new Busy({ seconds: 0.2 }) : Effect.succeed({ runs, attempt })
    ),
    Add.toLayer(({ a, b }) => a + b)
  )
})

const limit = { timeout: "30 seconds" } as const

/** Three changes of one folder, long before a worker looks at it: one job. */
const unique = Effect.fnUntraced(function*(queue: string) {
  const told: Array<string> = []
  let id = 0n
  for (const change of [1, 2, 3]) {
    const offered = yield* offer(Watch, { folder: "src", change }, { queue, delay: "300 millis" })
    told.push(offered.outcome)
    id = offered.id
  }
  const change = yield* Job.await(Watch, id, limit)
  return ["unique", `offered three times: ${told.join(", ")}; one job ran, with change ${change}`]
})

const cancelled = Effect.fnUntraced(function*(queue: string) {
  const id = yield* enqueue(Render, { pages: 1000 }, { queue })
  const { status } = yield* WorkerControl
  const isRunning = Effect.map(status, ({ running }) => running.some((job) => job.id === id))
  yield* Effect.repeat(Effect.delay(isRunning, "10 millis"), { until: (is) => is })
  const answer = yield* Job.cancel(id, { reason: "not wanted any more", wait: "10 seconds" })
  return [
    "cancelled",
    `a run that would never end was interrupted; its job is ${answer._tag.toLowerCase()}`
  ]
})

const retried = Effect.fnUntraced(function*(queue: string) {
  const { attempt, runs } = yield* Job.run(Fetch, { url: "http://busy" }, { queue, ...limit })
  return [
    "typed error",
    `its error Busy said when to try again: done in run ${runs}, which is attempt ${attempt}`
  ]
})

const awaited = Effect.fnUntraced(function*(queue: string) {
  const sum = yield* Job.run(Add, { a: 1, b: 2 }, { queue, ...limit })
  return ["awaited", `1 + 2 = ${sum}, from the worker`]
})

/** Takes the tour, and answers what happened, as a table. */
export const take = (schema: string, queue: string) =>
  Effect.forEach([unique, cancelled, retried, awaited], (stop) => stop(queue), {
    concurrency: "unbounded"
  }).pipe(
    Effect.map((rows) => Table.ofStops(rows)),
    Effect.provide(
      QueueLive.layer({
        jobs: [Watch, Render, Fetch, Add],
        schema,
        queues: [queue],
        workers: 4,
        grace: "5 seconds"
      }).pipe(Layer.provide(handlers))
    )
  )
