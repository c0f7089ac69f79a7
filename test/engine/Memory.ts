/**
 * A worker on a queue in memory, for tests that lead the clock.
 */
import { Context, Duration, Effect, Layer, Logger, Schema, Scope } from "effect"
import * as Handler from "../../src/layers/job/Handler.ts"
import * as Job from "../../src/layers/job/Job.ts"
import * as Worker from "../../src/layers/worker/Worker.ts"
import { enqueueAll } from "../../src/services/Enqueue.ts"
import { Handlers } from "../../src/services/Handlers.ts"
import { JobAdmin } from "../../src/services/JobAdmin.ts"
import { JobRepo } from "../../src/services/JobRepo.ts"
import { Notifier } from "../../src/services/Notifier.ts"
import { WorkerControl } from "../../src/services/WorkerControl.ts"
import { WorkerRegistry } from "../../src/services/WorkerRegistry.ts"
import { claim, workerOf } from "../Given.ts"
import * as MovingClock from "../support/MovingClock.ts"
import * as SomeHandlers from "../support/SomeHandlers.ts"

/** Starts a worker with a grace of 30 seconds that ends with the test, or with the given scope. */
export const start = Effect.fnUntraced(function*(
  handlers: Layer.Layer<never>,
  options: {
    readonly workers?: number
    readonly scope?: Scope.Scope
    /** Takes what it logs. */
    readonly lines?: Array<string>
    /** Stands between the worker and the store. */
    readonly repo?: (repo: JobRepo["Service"]) => JobRepo["Service"]
    readonly notifier?: (notifier: Notifier["Service"]) => Notifier["Service"]
    readonly registry?: (registry: WorkerRegistry["Service"]) => WorkerRegistry["Service"]
  } = {}
) {
  const { lines, workers = 2 } = options
  const scope = options.scope ?? (yield* MovingClock.scope())
  const { jobs, layer } = yield* Scope.provide(SomeHandlers.of(handlers), scope)
  const { notifier = same, registry = same, repo = same } = options
  const worker = Worker.layer({
    grace: Duration.seconds(30),
    worker: {
      id: crypto.randomUUID(),
      label: "test",
      host: "localhost",
      pid: process.pid,
      queues: ["default"],
      concurrency: workers,
      lease: Duration.seconds(15)
    }
  })
  const context = yield* Layer.buildWithScope(
    worker.pipe(
      Layer.provide(Layer.effect(Handlers, Handler.of(jobs))),
      Layer.provide(layer),
      Layer.provide(Layer.effect(JobRepo, Effect.map(JobRepo, repo))),
      Layer.provide(Layer.effect(Notifier, Effect.map(Notifier, notifier))),
      Layer.provide(Layer.effect(WorkerRegistry, Effect.map(WorkerRegistry, registry))),
      Layer.provide(Logger.layer([Logger.make(({ logLevel, message }) => {
        lines?.push(`${logLevel} ${String(message)}`)
      })]))
    ),
    scope
  )
  return Context.get(context, WorkerControl)
})

const same = <A>(service: A): A => service

export const Task = Job.make("task", { payload: Schema.Finite })

/** Adds tasks that are numbered from 0. */
export const tasks = (count: number) =>
  enqueueAll(Task, Array.from({ length: count }, (_, payload) => ({ payload })))

/** The jobs of the one queue, counted. */
export const counts = Effect.map(JobAdmin.use((admin) => admin.counts), ([queue]) => queue!)

/** The payloads of the jobs that somebody else can claim now, each with the attempt it would be. */
export const claimable = Effect.gen(function*() {
  const worker = yield* workerOf("default")
  const jobs = yield* claim({ queue: "default", worker, perLaneMax: 10 })
  return jobs.map(({ attempt, payload }) => [Number(payload), attempt])
})
