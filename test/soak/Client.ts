/**
 * Jobs that are added by pgq's own client outside of a transaction, which finds out by itself what
 * became of them when the answer is lost.
 */
import { PgClient } from "@effect/sql-pg"
import { Duration, Effect, Layer } from "effect"
import type { NewJob } from "../../src/domain/Job.ts"
import * as QueueLive from "../../src/layers/QueueLive.ts"
import { JobRepo } from "../../src/services/JobRepo.ts"
import type { EndEntry } from "./Ledger.ts"

/** How it ended, for the ledger. */
export const enqueue = (
  sql: PgClient.PgClient,
  jobs: ReadonlyArray<NewJob>
): Effect.Effect<EndEntry["what"]> =>
  JobRepo.use((repo) => repo.enqueue(jobs)).pipe(
    Effect.provide(
      Layer.provide(QueueLive.client(), Layer.succeed(PgClient.PgClient, sql))
    ),
    Effect.match({
      onSuccess: () => "ack",
      onFailure: ({ isUnknown }) => isUnknown === true ? "unknown" : "rollback"
    })
  )

export const newJob = (job: {
  readonly n: number
  readonly queue: string
  readonly key: string | null
  readonly priority: number
  readonly seconds: number | null
  readonly does: string
  readonly millis: number
  readonly tries: number | null
}): NewJob => ({
  queue: job.queue,
  name: job.does,
  payload: JSON.stringify({ n: job.n, millis: job.millis }),
  key: job.key ?? undefined,
  priority: job.priority,
  runAt: undefined,
  delay: job.seconds === null ? undefined : Duration.seconds(job.seconds),
  maxAttempts: job.tries ?? undefined
})
