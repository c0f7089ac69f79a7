/**
 * Adds jobs with pgq's own client, outside of a transaction. When an answer is lost, the client
 * finds out by itself whether the jobs were added.
 */
import { PgClient } from "@effect/sql-pg"
import { Context, Duration, Effect, Layer, Redacted } from "effect"
import type { NewJob } from "../../src/domain/JobRecord.ts"
import * as QueueLive from "../../src/layers/QueueLive.ts"
import { JobRepo } from "../../src/services/JobRepo.ts"
import type { EndEntry } from "./Ledger.ts"

export type Client = Effect.Success<ReturnType<typeof connect>>

/** A client that lives as long as its scope, even if its connections end. */
export const connect = (url: string, applicationName: string, prepare: boolean) =>
  Layer.build(
    Layer.provide(
      QueueLive.client(),
      PgClient.layer({ url: Redacted.make(url), applicationName, prepare })
    )
  ).pipe(
    Effect.map((context) => {
      const repo = Context.get(context, JobRepo)
      /** Answers how the call ended, for the ledger. */
      return (jobs: ReadonlyArray<NewJob>): Effect.Effect<EndEntry["what"]> =>
        Effect.match(repo.enqueue(jobs), {
          onSuccess: () => "ack",
          onFailure: ({ isOutcomeUnknown }) => isOutcomeUnknown === true ? "unknown" : "rollback"
        })
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
  maxAttempts: job.tries ?? undefined,
  expiresAt: undefined,
  expiresIn: undefined
})
