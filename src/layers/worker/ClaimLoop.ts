/**
 * How one worker asks for jobs: one claim for all its queues, another as soon as there is room, and
 * less and less often while there are none.
 */
import { Clock, Effect, type Queue, Semaphore } from "effect"
import type { StoreError } from "../../domain/Errors.ts"
import * as Idle from "../../domain/Idle.ts"
import * as Turns from "../../domain/Turns.ts"
import { JobRepo } from "../../services/JobRepo.ts"
import * as EventLog from "../effects/EventLog.ts"
import type { JobRunner } from "./JobRunner.ts"
import * as LogFields from "./LogFields.ts"
import * as Pauses from "./Pauses.ts"
import * as Reconciliation from "./Reconciliation.ts"
import type { Settler } from "./Settler.ts"

export const make = Effect.fnUntraced(function*(options: Options) {
  const { join, queues, runs } = options
  const clock = yield* Clock.Clock
  const pauses = yield* Pauses.make(options)
  const { makeDue, reconcile, reconcileIfDue } = yield* Reconciliation.make(options)
  const claimInTurn = yield* makeClaimInTurn(options)
  /** A claim in flight must not be beside a reconciliation. */
  const claiming = yield* Semaphore.make(1)
  /** How often it was taken for dead and has joined again. */
  let rejoins = 0
  /** Some lane may refuse to be put in order, by a trigger of somebody else's. */
  let carefulUntil = -Infinity

  const round = Effect.gen(function*() {
    yield* reconcileIfDue
    const rejoinsBefore = rejoins
    const isCareful = clock.currentTimeMillisUnsafe() < carefulUntil
    const { isBehind, jobs } = yield* claimInTurn(isCareful)
    if (rejoins === rejoinsBefore) runs.add(jobs)
    // Others may have had them since: those that are still leased to this worker go back first.
    else makeDue(1)
    pauses.learn((idle) => Idle.afterClaim(idle, { isEmpty: jobs.length === 0 && !isBehind }))
    return { found: jobs.length, isBehind }
  })

  const rejoin = Effect.gen(function*() {
    // In one step with the count: jobs whose claim is not answered yet are not lost here, and must
    // not start.
    rejoins++
    pauses.learn(Idle.distrusted)
    yield* sayRejoining(queues, runs.lose(() => true))
    yield* join
  })

  /** A claim without an answer may have taken jobs, or told producers that this worker sleeps. */
  const distrust = (): void => {
    makeDue(3)
    pauses.learn(Idle.distrusted)
  }

  const afterFailure = (error: StoreError) => {
    if (error.code === unknownWorker) return Effect.ignore(rejoin)
    distrust()
    pauses.learn(Idle.afterFailure)
    if (!error.isTransient) carefulUntil = clock.currentTimeMillisUnsafe() + carefulFor
    return sayFailed(queues, error)
  }

  return {
    reconcile: claiming.withPermit(reconcile),

    /** Joins again, after the store has forgotten this worker, and breaks off its jobs. */
    rejoin,

    /**
     * Asks for jobs of all queues, beginning with another one each time. Answers with how many came
     * and whether to ask again at once, or nothing when the store could not be asked.
     */
    round: claiming.withPermit(round).pipe(
      Effect.tapDefect(() => Effect.sync(distrust)),
      Effect.catch((error) => Effect.as(afterFailure(error), undefined))
    ),

    /** Waits after an empty round: for a change, or `longest`. */
    pause: pauses.pause
  }
})

export interface Options {
  readonly worker: string
  readonly queues: ReadonlyArray<string>
  readonly runs: JobRunner
  readonly settler: Settler
  /** Says that there may be something to look for. */
  readonly changes: Queue.Dequeue<void>
  /** Makes this worker known to the store. */
  readonly join: Effect.Effect<void, StoreError>
}

const makeClaimInTurn = Effect.fnUntraced(function*({ queues, runs, worker }: Options) {
  const repo = yield* JobRepo
  /** The queue that is asked first. */
  let turn = 0
  return Effect.fnUntraced(function*(isCareful: boolean) {
    const inTurn = [...queues.slice(turn), ...queues.slice(0, turn)]
    const claimed = yield* repo.claim({ queues: inTurn, worker, ...runs.wants(), isCareful })
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

/** Milliseconds. Then a claim tries again to do without. */
const carefulFor = 60_000

/** The store's code of refusal for a worker that it does not know. */
const unknownWorker = "PGQ01"
