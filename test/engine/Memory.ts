/**
 * A worker on the in-memory store, for tests that move the clock.
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
import { Pulses } from "../../src/services/Pulses.ts"
import { RunReports } from "../../src/services/RunReports.ts"
import { WorkerControl } from "../../src/services/WorkerControl.ts"
import { WorkerRegistry } from "../../src/services/WorkerRegistry.ts"
import { claim, workerOf } from "../Given.ts"
import * as MovingClock from "../support/MovingClock.ts"
import * as SomeHandlers from "../support/SomeHandlers.ts"

/** Starts a worker that ends with the test, or with the given scope. Its grace is 30 seconds. */
export const start = Effect.fnUntraced(function*(
  handlers: Layer.Layer<never>,
  options: {
    readonly workers?: number
    /** Defaults to 30 seconds. */
    readonly stuckAfter?: Duration.Duration
    readonly traces?: Worker.Options["traces"]
    readonly scope?: Scope.Scope
    /** Receives the worker's log lines. */
    readonly lines?: Array<string>
    /** Wraps the `JobRepo` that the worker uses. */
    readonly repo?: (repo: JobRepo["Service"]) => JobRepo["Service"]
    readonly notifier?: (notifier: Notifier["Service"]) => Notifier["Service"]
    readonly registry?: (registry: WorkerRegistry["Service"]) => WorkerRegistry["Service"]
    readonly pulses?: (pulses: Pulses["Service"]) => Pulses["Service"]
    readonly reports?: (reports: RunReports["Service"]) => RunReports["Service"]
  } = {}
) {
  const { lines, workers = 2 } = options
  const scope = options.scope ?? (yield* MovingClock.scope())
  const { jobs, layer } = yield* Scope.provide(SomeHandlers.of(handlers), scope)
  const { notifier = same, pulses = same, registry = same, repo = same, reports = same } = options
  const worker = Worker.layer({
    grace: Duration.seconds(30),
    stuck: { after: options.stuckAfter ?? Duration.seconds(30), isFatal: false },
    traces: options.traces,
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
      Layer.provide(Layer.effect(Pulses, Effect.map(Pulses, pulses))),
      Layer.provide(Layer.effect(RunReports, Effect.map(RunReports, reports))),
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

/** Adds tasks whose payloads count up from 0. */
export const tasks = (count: number) =>
  enqueueAll(Task, Array.from({ length: count }, (_, payload) => ({ payload })))

/** The job counts of the only queue. */
export const counts = Effect.map(JobAdmin.use((admin) => admin.counts), ([queue]) => queue!)

/** Claims jobs for another worker. Answers the payload and the attempt of each job. */
export const claimable = Effect.gen(function*() {
  const worker = yield* workerOf("default")
  const jobs = yield* claim({ queue: "default", worker, perLaneMax: 10 })
  return jobs.map(({ attempt, payload }) => [Number(payload), attempt])
})
