/**
 * Runs jobs and waits for what they come to: a value, or the error of their kind.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { PgClient } from "@effect/sql-pg"
import { Config, Effect, Layer, Schema } from "effect"
import { enqueue, Job, OnError, PgSchema, QueueLive } from "pgq"

// #region kind
class Declined extends Schema.TaggedError<Declined>()("Declined", { cents: Schema.Int }) {}

const Charge = Job.make("charge", {
  payload: Schema.Struct({ cents: Schema.Int }),
  success: Schema.Struct({ receipt: Schema.String }),
  error: Declined,
  onError: { Declined: OnError.fail }
})

const ChargeLive = Charge.toLayer(({ cents }) =>
  cents > 1000 ? new Declined({ cents }) : Effect.succeed({ receipt: `paid ${cents}` })
)
// #endregion

const Queue = QueueLive.layer({ jobs: [Charge] }).pipe(Layer.provide(ChargeLive))

const main = Effect.gen(function*() {
  // #region await
  const id = yield* enqueue(Charge, { cents: 500 })
  const { receipt } = yield* Job.await(Charge, id, { timeout: "30 seconds" })

  const declined = yield* Job.run(Charge, { cents: 5000 }, { timeout: "1 minute" }).pipe(
    Effect.catchTag("Declined", ({ cents }) => Effect.succeed({ receipt: `not paid ${cents}` }))
  )
  // #endregion
  yield* Effect.logInfo(`${receipt}, ${declined.receipt}`)
})

PgSchema.migrate().pipe(
  Effect.andThen(Effect.provide(main, Queue)),
  Effect.provide(PgClient.layerConfig({ url: Config.Redacted("PGQ_URL") })),
  NodeRuntime.runMain
)
