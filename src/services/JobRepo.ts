/**
 * Where jobs live. Producers enqueue, workers claim and settle.
 */
import { Context, type Effect } from "effect"
import type { ClaimLost, StoreError } from "../domain/Errors.ts"
import type { ClaimedJob, NewJob } from "../domain/JobRecord.ts"
import type { Settlement } from "../domain/Settlement.ts"
import type { Offered, OfferedJob, OfferOutcome } from "../domain/Unique.ts"

/**
 * Where jobs live. Producers enqueue, workers claim and settle. An application names it where it
 * says what its own functions need; `enqueue` and `QueueLive.layer` call its methods.
 *
 * @example
 * ```ts
 * import type { Effect } from "effect"
 * import { enqueue, Job, type JobRepo } from "pgq"
 *
 * const Tick = Job.make("tick")
 *
 * const begin: Effect.Effect<bigint, unknown, JobRepo> = enqueue(Tick)
 *
 * export const program = begin
 * ```
 */
export class JobRepo extends Context.Service<JobRepo, {
  /**
   * Adds jobs, all or none, and answers with their ids in the order given. Joins the caller's
   * transaction where there is one.
   */
  readonly enqueue: (
    jobs: ReadonlyArray<NewJob>
  ) => Effect.Effect<ReadonlyArray<bigint>, StoreError>

  /**
   * Adds jobs, or finds those that stand for them, and answers for each in the order given. Joins
   * the caller's transaction where there is one. A call that `isWhole` changes nothing if it
   * rejects one of the jobs, and answers for the rejected ones alone.
   */
  readonly offer: (
    jobs: ReadonlyArray<OfferedJob>,
    options?: { readonly isWhole?: boolean }
  ) => Effect.Effect<ReadonlyArray<Offered<OfferOutcome | "rejected">>, StoreError>

  /**
   * Takes up to `limit` ready jobs, most urgent first; a job with a key may bring up to
   * `perLaneMax` more of its lane, which must run in order, one at a time. Of several queues, each
   * that has jobs gives its share; where that is uneven, those named first give more. At most
   * `slots` are suspects: jobs that were in a lease whose worker died. Each of these has a lease of
   * its own. The answer is in the order to start in. It is bounded in bytes: from some job on,
   * large payloads are left out.
   */
  readonly claim: (options: {
    readonly queues: ReadonlyArray<string>
    readonly worker: string
    readonly limit: number
    readonly slots: number
    readonly perLaneMax: number
    /**
     * Set after a refused claim: then a lane that cannot be put in order keeps no other lane from
     * it.
     */
    readonly isCareful?: boolean
    /**
     * Whether to look for jobs everywhere if none is found in the likeliest places, even where that
     * takes long. Defaults to true.
     */
    readonly isThorough?: boolean
    /**
     * Whether producers need not wake a worker that is marked asleep and finds jobs by this claim.
     * Defaults to true.
     */
    readonly isBusy?: boolean
  }) => Effect.Effect<Claimed, StoreError>

  /**
   * Records how runs ended. A settlement that is sent twice changes nothing the second time. With
   * `isRepeat`, an earlier call without an answer may have recorded some: a job that is in the
   * queue no more counts as recorded.
   */
  readonly settle: (
    settled: ReadonlyArray<Settled>,
    options?: { readonly isRepeat?: boolean }
  ) => Effect.Effect<Settling, StoreError>

  /**
   * Whether a job of these queues waits for a worker: ready, or behind its key, but not delayed.
   */
  readonly hasUnstarted: (queues: ReadonlyArray<string>) => Effect.Effect<boolean, StoreError>

  /** The attributes of the store in spans. Defaults to none. */
  readonly spanAttributes?: Readonly<Record<string, unknown>> | undefined
}>()("pgq/services/JobRepo") {}

/** The jobs of one claim. */
export interface Claimed {
  readonly jobs: ReadonlyArray<ClaimedJob>
  /** Another claim at once may find jobs that this one passed by. */
  readonly isBehind: boolean
  /** Jobs may be ready where the claim did not look: make a thorough claim soon. */
  readonly hasPassedBy?: boolean
  /** All jobs that could be claimed were: more of them come with a wake-up. Defaults to false. */
  readonly hasFoundAll?: boolean
}

/** The settlements of one call that were not recorded. */
export interface Settling {
  /** Jobs that had left their lease: nothing of them was changed. */
  readonly lost: ReadonlyArray<ClaimLost>
  /**
   * Jobs that stay in their lease, to be settled later: another transaction locks their row, or the
   * row of another job of their run.
   */
  readonly rowLocked: ReadonlyArray<bigint>
  /** Whether a claim may find a job that no claim could find before. */
  readonly hasMadeReady: boolean
}

/** The end of one run, to be recorded. */
export interface Settled {
  readonly id: bigint
  readonly lease: string
  /**
   * The key of the job's lane, if it has one: the runs of a lane in one lease are recorded in
   * order.
   */
  readonly key?: string | undefined
  readonly settlement: Settlement
  /** How long the run took, in milliseconds; `undefined` if it did not begin. */
  readonly ranFor?: number | undefined
}
