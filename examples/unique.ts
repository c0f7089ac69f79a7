/**
 * Keeps jobs that mean the same from piling up.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { PgClient } from "@effect/sql-pg"
import { Config, Effect, Schema } from "effect"
import { enqueue, enqueueAll, Job, offer, offerAll, PgSchema, QueueLive } from "pgq"

// #region unique
const SyncUser = Job.make("sync-user", {
  payload: Schema.Struct({ userId: Schema.String, reason: Schema.String }),
  unique: { by: "userId", mode: "replace" }
})
// #endregion

// #region reject
const LoadFile = Job.make("load-file", {
  payload: Schema.Struct({ file: Schema.String }),
  unique: { mode: "reject", within: "1 hour" }
})
// #endregion

// #region debounce
const Reindex = Job.make("reindex", {
  payload: Schema.Struct({ repo: Schema.String, commit: Schema.String }),
  debounce: { by: "repo", wait: "5 seconds", maxWait: "1 minute" }
})
// #endregion

// #region throttle
const Digest = Job.make("digest", {
  payload: Schema.Struct({ userId: Schema.String, day: Schema.String }),
  throttle: { by: "userId", every: "1 hour", trailing: true }
})
// #endregion

const main = Effect.gen(function*() {
  // #region offer
  const id = yield* enqueue(SyncUser, { userId: "u-7", reason: "login" })
  const again = yield* offer(SyncUser, { userId: "u-7", reason: "new address" })
  yield* Effect.logInfo(`${again.outcome}, ${again.id === id ? "the same job" : "another job"}`)
  // #endregion

  // #region offer-all
  const answers = yield* offerAll(SyncUser, [
    { payload: { userId: "u-7", reason: "import" } },
    { payload: { userId: "u-8", reason: "import" } },
    { payload: { userId: "u-8", reason: "import, second page" } },
    { payload: { userId: "u-8", reason: "audit" }, uniqueKey: "audit" },
    { payload: { userId: "u-8", reason: "by hand" }, uniqueKey: false }
  ])
  yield* Effect.logInfo(answers.map(({ outcome }) => outcome).join(", "))
  // #endregion

  // #region duplicate
  yield* enqueue(LoadFile, { file: "a.csv" })
  yield* enqueue(LoadFile, { file: "a.csv" }).pipe(
    Effect.catchTag("DuplicateJob", ({ message }) => Effect.logInfo(message))
  )
  // #endregion

  yield* enqueueAll(Reindex, [
    { payload: { repo: "pgq", commit: "1" } },
    { payload: { repo: "pgq", commit: "2" } }
  ])
  const digest = yield* offer(Digest, { userId: "u-7", day: "Monday" })
  yield* Effect.logInfo(`the digest is ${digest.outcome}`)
})

PgSchema.migrate().pipe(
  Effect.andThen(Effect.provide(main, QueueLive.client())),
  Effect.provide(PgClient.layerConfig({ url: Config.Redacted("PGQ_URL") })),
  NodeRuntime.runMain
)
