/**
 * The claims of a worker: one claim for all its queues, the next as soon as a slot is free, and
 * rarer claims while there are no jobs.
 */
import { Clock, Effect, Semaphore } from "effect"
import type { StoreError } from "../../domain/Errors.ts"
import * as Idle from "../../domain/Idle.ts"
import * as Turns from "../../domain/Turns.ts"
import { JobRepo } from "../../services/JobRepo.ts"
import * as EventLog from "../effects/EventLog.ts"
import type { Changes } from "./Changes.ts"
import type { JobRunner } from "./JobRunner.ts"
import * as LogFields from "./LogFields.ts"
import * as Pauses from "./Pauses.ts"
import * as Reconciliation from "./Reconciliation.ts"
import type { Settler } from "./Settler.ts"

export const make = Effect.fnUntraced(function*(options: Options) {
  const { join, queues, runs } = options
  const { isCareful, takeCare } = yield* makeCare
  const pauses = yield* Pauses.make(options)
  const { makeDue, reconcile, reconcileIfDue } = yield* Reconciliation.make(options)
  const claimInTurn = yield* makeClaimInTurn(options)
  /** A claim in flight must not overlap a reconciliation. */
  const claiming = yield* Semaphore.make(1)
  /** How often the worker was reported dead and has registered again. */
  let rejoins = 0

  const round = Effect.gen(function*() {
    yield* reconcileIfDue
    const rejoinsBefore = rejoins
    const how = pauses.nextClaim()
    const claimed = yield* claimInTurn({ isCareful: isCareful(), ...how })
    if (rejoins !== rejoinsBefore) {
      // Other workers may have had these jobs since. Jobs that are still leased to this worker go
      // back first. A mark that this claim has left went with the worker's old row.
      makeDue(1)
      return { hasFound: true, mayFindMore: true }
    }
    runs.add(claimed.jobs)
    return learn(pauses, how, claimed)
  })

  const rejoin = Effect.gen(function*() {
    // No `yield*` between these lines: a claim in flight sees the new `rejoins` and drops its jobs.
    rejoins++
    pauses.learn(Idle.distrusted)
    yield* sayRejoining(queues, runs.lose(() => true))
    yield* join
  })

  /** A claim without an answer may have leased jobs, or may have marked this worker asleep. */
  const distrust = (): void => {
    makeDue(3)
    pauses.learn(Idle.distrusted)
  }

  const afterFailure = makeAfterFailure({ distrust, pauses, queues, rejoin, takeCare })

  return {
    reconcile: claiming.withPermit(reconcile),

    /** Waits for the claim that is under way, if there is one. */
    claimed: claiming.withPermit(Effect.void),

    /** A pause has ended: producers that saw it have not woken this worker. */
    distrustSleep: (): void => pauses.learn(Idle.distrusted),

    /** Registers again after the store has reported this worker dead, and interrupts its runs. */
    rejoin,

    /**
     * Claims from all queues, beginning with another queue each time. Answers whether there were
     * jobs, and whether a claim at once may find more; or nothing if the claim failed.
     */
    round: claiming.withPermit(round).pipe(
      Effect.tapDefect(() => Effect.sync(distrust)),
      Effect.catch((error) => Effect.as(afterFailure(error), undefined))
    ),

    /** Pauses after the last claim until a change, or for `longest`. */
    pause: pauses.pause
  }
})

export interface Options {
  readonly worker: string
  readonly queues: ReadonlyArray<string>
  readonly runs: JobRunner
  readonly settler: Settler
  readonly changes: Changes
  /** Registers this worker in the store. */
  readonly join: Effect.Effect<void, StoreError>
}

type Claim = Parameters<JobRepo["Service"]["claim"]>[0]
type Claimed = Effect.Success<ReturnType<JobRepo["Service"]["claim"]>>

const makeAfterFailure = ({ distrust, pauses, queues, rejoin, takeCare }: {
  readonly distrust: () => void
  readonly pauses: Effect.Success<ReturnType<typeof Pauses.make>>
  readonly queues: ReadonlyArray<string>
  readonly rejoin: Effect.Effect<void, StoreError>
  readonly takeCare: () => void
}) =>
(error: StoreError) => {
  if (error.code === unknownWorker) return Effect.ignore(rejoin)
  distrust()
  pauses.learn(Idle.afterFailure)
  if (!error.isTransient) takeCare()
  return sayFailed(queues, error)
}

/** Answers whether the claim found jobs, and whether a claim at once may find more. */
const learn = (
  pauses: Effect.Success<ReturnType<typeof Pauses.make>>,
  how: ReturnType<typeof pauses.nextClaim>,
  claimed: Claimed
) => {
  const isEmpty = claimed.jobs.length === 0 && !claimed.isBehind
  pauses.learn((idle) => Idle.afterClaim(idle, { ...how, ...claimed, isEmpty }))
  const hasFoundAll = claimed.hasFoundAll === true && pauses.hearsOfAll()
  return { hasFound: !isEmpty, mayFindMore: !isEmpty && !hasFoundAll }
}

const makeClaimInTurn = Effect.fnUntraced(function*({ changes, queues, runs, worker }: Options) {
  const repo = yield* JobRepo
  /** The queue that the next claim asks first. */
  let turn = 0
  return Effect.fnUntraced(function*(how: Pick<Claim, "isCareful" | "isThorough" | "isBusy">) {
    changes.forget()
    const inTurn = [...queues.slice(turn), ...queues.slice(0, turn)]
    const claimed = yield* repo.claim({ queues: inTurn, worker, ...runs.wants(), ...how })
    turn = (turn + Turns.next(inTurn, claimed.jobs)) % queues.length
    return claimed
  })
})

const sayRejoining = (
  queues: ReadonlyArray<string>,
  lost: ReadonlyArray<LogFields.LoggedJob>
): Effect.Effect<void> =>
  EventLog.warning("worker.reported-dead", {
    text: "this worker was reported dead, and registers again; " +
      `interrupted ${LogFields.wordsFor(lost)}`,
    fields: { queues, ...LogFields.ofJobs(lost) }
  })

const sayFailed = (queues: ReadonlyArray<string>, error: StoreError): Effect.Effect<void> =>
  EventLog.warning("claim.failed", {
    text: `claim failed: ${error.message}; claiming again soon`,
    fields: { queues, ...LogFields.ofError(error) }
  })

/**
 * Whether claims are careful. After a claim was refused they are for some time: a trigger of the
 * application may keep a lane from being put in order.
 */
const makeCare = Effect.map(Clock.Clock, (clock) => {
  let carefulUntil = -Infinity
  return {
    isCareful: () => clock.currentTimeMillisUnsafe() < carefulUntil,
    takeCare: (): void => {
      carefulUntil = clock.currentTimeMillisUnsafe() + carefulFor
    }
  }
})

/** Milliseconds. After this time a claim tries the faster way again. */
const carefulFor = 60_000

/** The error code of the store for a worker that is not registered. */
const unknownWorker = "PGQ01"
