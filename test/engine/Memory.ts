/**
 * A worker on a queue in memory, for tests that lead the clock.
 */
import { Context, Duration, Effect, Layer, Logger, type Scope } from "effect"
import { handlersIn } from "../../src/layers/Job.ts"
import * as RowLock from "../../src/layers/RowLock.ts"
import * as Worker from "../../src/layers/Worker.ts"
import { Handlers } from "../../src/services/Handlers.ts"
import { JobRepo } from "../../src/services/JobRepo.ts"
import { QueueControl } from "../../src/services/QueueControl.ts"

/** Starts a worker with a grace of 30 seconds that ends with the test, or with the given scope. */
export const start = Effect.fnUntraced(function*(
  handlers: Layer.Layer<never>,
  options: {
    readonly workers?: number
    readonly scope?: Scope.Scope
    /** Stands between the worker and the store. */
    readonly repo?: (repo: JobRepo["Service"]) => JobRepo["Service"]
  } = {}
) {
  const { repo = (repo) => repo, scope, workers = 2 } = options
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
      Layer.provide(Layer.provide(found, handlers)),
      Layer.provide(RowLock.layer),
      Layer.provide(Layer.effect(JobRepo, Effect.map(JobRepo, repo))),
      Layer.provide(Logger.layer([]))
    ),
    scope ?? (yield* Effect.scope)
  )
  return Context.get(context, QueueControl)
})

const found = Layer.effect(
  Handlers,
  Effect.map(Effect.context<never>(), (context) => {
    const handlers = handlersIn(context)
    return {
      find: (name: string) => handlers.find((handler) => handler.name === name),
      names: handlers.map(({ name }) => name)
    }
  })
)
