/**
 * Watches a job while it runs, and reads its log.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { PgClient } from "@effect/sql-pg"
import { Config, Effect, Layer, Schema, Stream } from "effect"
import { enqueue, Job, PgSchema, QueueLive } from "pgq"

// #region kind
const Import = Job.make("import", {
  payload: Schema.Struct({ rows: Schema.Int }),
  log: { level: "Info", lines: 100 }
})

const ImportLive = Import.toLayer(({ rows }, job) =>
  Effect.gen(function*() {
    for (let row = 1; row <= rows; row++) {
      yield* Effect.sleep("20 millis")
      job.progress(row / rows, { row })
    }
    yield* Effect.logInfo(`imported ${rows} rows`)
  })
)
// #endregion

const Queue = QueueLive.layer({ jobs: [Import] }).pipe(Layer.provide(ImportLive))

const main = Effect.gen(function*() {
  // #region observe
  const id = yield* enqueue(Import, { rows: 200 })

  yield* Job.observe(Import, id).pipe(
    Stream.runForEach(({ progress, state }) =>
      Effect.logInfo(`${state} ${Math.round(100 * (progress?.fraction ?? 0))} %`)
    )
  )

  for (const { line } of yield* Job.logs(id)) yield* Effect.logInfo(`its log says: ${line}`)
  // #endregion
})

PgSchema.migrate().pipe(
  Effect.andThen(Effect.provide(main, Queue)),
  Effect.provide(PgClient.layerConfig({ url: Config.Redacted("PGQ_URL") })),
  NodeRuntime.runMain
)
