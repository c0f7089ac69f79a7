/**
 * One job of a test's queue: found, claimed and run, and not yet settled.
 */
import { Effect } from "effect"
import type { StoreError } from "../../domain/Errors.ts"
import type { ClaimedJob } from "../../domain/JobRecord.ts"
import { textOf } from "../../domain/QueuedJob.ts"
import { JobMissing } from "../../domain/TestErrors.ts"
import * as Jobs from "./Jobs.ts"
import type { Kit } from "./Kit.ts"
import type { UnsettledRun } from "./Runs.ts"
import type { TestEnded } from "./SingleRuns.ts"
import type { TestWorker } from "./TestWorker.ts"

interface Attempt {
  readonly run: UnsettledRun
  /** For the store. */
  readonly ended: TestEnded
}

/** Runs a claimed job. */
export const make = Effect.fnUntraced(function*(
  kit: Kit,
  worker: TestWorker,
  job: ClaimedJob
): Effect.fn.Return<Attempt, StoreError> {
  const last = yield* kit.queued.lastId
  const { ended, exit } = yield* worker.run(job)
  const enqueued = yield* Jobs.behind(last)(kit)
  return { run: { job: Jobs.ofClaimed(job), exit, enqueued }, ended }
})

interface Wanted {
  readonly isMeant: (job: ClaimedJob) => boolean
  /** The message if no such job is ready. */
  readonly missing: string
}

/** The next job of a kind, or of any. */
export const next = (kind: { readonly name: string } | undefined): Wanted => ({
  isMeant: ({ name }) => kind === undefined || name === kind.name,
  missing: kind === undefined ? "no job is ready" : `no job of "${kind.name}" is ready`
})

/** Claims the first ready job that is meant. The others go back before it runs. */
export const claim = Effect.fnUntraced(function*(
  kit: Kit,
  worker: TestWorker,
  { isMeant, missing }: Wanted
): Effect.fn.Return<ClaimedJob, JobMissing | StoreError> {
  const others: Array<ClaimedJob> = []
  let job = yield* worker.claim()
  for (; job !== undefined && !isMeant(job); job = yield* worker.claim()) others.push(job)
  if (others.length > 0) yield* worker.release(others)
  if (job !== undefined) return job
  const found = yield* Jobs.behind(0n)(kit)
  return yield* new JobMissing({ wanted: missing, found: found.map(textOf) })
})
