/**
 * Cancels the jobs of a customer who has left: those that wait, then the one that runs.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { PgClient } from "@effect/sql-pg"
import { Config, Deferred, Effect, Layer, Schema } from "effect"
import { enqueue, Job, PgSchema, QueueLive } from "pgq"

const Render = Job.make("render", { payload: Schema.Struct({ film: Schema.String }) })

const rolling = Deferred.makeUnsafe<void>()
const render = Effect.andThen(Deferred.succeed(rolling, undefined), Effect.never)

// #region handler
const RenderLive = Render.toLayer(({ film }) =>
  Effect.onError(render, (cause) => {
    const isUnwanted = Job.interruption(cause)?.why === "cancelled"
    return isUnwanted ? Effect.logInfo(`nobody wants ${film} any more`) : Effect.void
  })
)
// #endregion

const Queue = QueueLive.layer({ jobs: [Render], workers: 1 }).pipe(Layer.provide(RenderLive))

const main = Effect.gen(function*() {
  const key = "customer-7"
  const id = yield* enqueue(Render, { film: "Metropolis" }, { key })
  yield* Deferred.await(rolling)
  yield* enqueue(Render, { film: "Faust" }, { key })

  // #region cancel
  const counts = yield* Job.cancelAll({ name: Render, key, states: ["waiting"] })
  const answer = yield* Job.cancel(id, { reason: "customer left", wait: "30 seconds" })
  // #endregion
  yield* Effect.logInfo(`${counts.cancelled} waited; the one that ran is ${answer._tag}`)
})

PgSchema.migrate().pipe(
  Effect.andThen(Effect.provide(main, Queue)),
  Effect.provide(PgClient.layerConfig({ url: Config.Redacted("PGQ_URL") })),
  NodeRuntime.runMain
)
