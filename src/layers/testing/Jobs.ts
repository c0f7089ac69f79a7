/**
 * The jobs that are queued, as a test sees them.
 */
import { Duration, Effect, type Schema } from "effect"
import type { JobKind } from "../../domain/JobKind.ts"
import type { ClaimedJob } from "../../domain/JobRecord.ts"
import { isDelayed } from "../../domain/LaneJob.ts"
import * as Lanes from "../../domain/Lanes.ts"
import type { QueuedJob } from "../../domain/QueuedJob.ts"
import * as PayloadCodec from "../../services/PayloadCodec.ts"
import type { Queued, Snapshot } from "../../services/QueuedJobs.ts"
import type { Kit } from "./Kit.ts"

/** The jobs with a greater id, the most urgent ones first. */
export const behind = (id: bigint) => ({ queued }: Kit) => Effect.map(queued.behind(id), ofSnapshot)

const ofSnapshot = ({ jobs, now }: Snapshot): ReadonlyArray<QueuedJob<unknown>> =>
  jobs.toSorted(Lanes.byTurn).map((job) => ({
    ...fieldsOf(job),
    attempt: job.failures + 1,
    delay: isDelayed(job) ? Duration.millis(Math.max(job.dueAt - now, 0)) : Duration.zero
  }))

export const ofClaimed = (job: ClaimedJob): QueuedJob<unknown> => ({
  ...fieldsOf(job),
  attempt: job.attempt,
  delay: Duration.zero
})

const fieldsOf = (job: Pick<ClaimedJob | Queued, Shared>) => ({
  id: job.id,
  queue: job.queue,
  name: job.name,
  payload: parsed(job.payload ?? "null"),
  key: job.key,
  priority: job.priority,
  maxAttempts: job.maxAttempts
})

type Shared = "id" | "queue" | "name" | "payload" | "key" | "priority" | "maxAttempts"

const parsed = (json: string): unknown => JSON.parse(json)

export const decoded = <Payload extends Schema.Top>(kind: JobKind<string, Payload>) => {
  const decode = PayloadCodec.decoder(kind)
  return (job: QueuedJob<unknown>) =>
    Effect.map(decode(job.payload), (payload) => ({ ...job, payload }))
}
