/**
 * How one worker asks for jobs: one claim for all its queues, another as soon as there is room, and
 * less and less often while there are none.
 */
import { Clock, Duration, Effect, Queue, Random, Semaphore } from "effect"
import type { StoreError } from "../../domain/Errors.ts"
import * as Turns from "../../domain/Turns.ts"
import { JobRepo } from "../../services/JobRepo.ts"
import { WorkerRegistry } from "../../services/WorkerRegistry.ts"
import * as LogFields from "./LogFields.ts"
import type { Runs } from "./Runs.ts"
import type { Settler } from "./Settler.ts"

export const make = Effect.fnUntraced(function*(options: {
  readonly worker: string
  readonly queues: ReadonlyArray<string>
  readonly runs: Runs
  readonly settler: Settler
  /** Says that there may be something to look for. */
  readonly changes: Queue.Dequeue<void>
  /** Makes this worker known to the store. */
  readonly join: Effect.Effect<void, StoreError>
}) {
  const { changes, join, queues, runs, settler, worker } = options
  const repo = yield* JobRepo
  const registry = yield* WorkerRegistry
  const clock = yield* Clock.Clock

  /** Whether producers can know that this worker sleeps: its last claim found nothing. */
  let sleep: "awake" | "falling" | "asleep" = "awake"
  /** Whether there were producers, when it fell asleep or later, who could not know of it. */
  let hasUnannounced = false
  /** Since the last wake-up. */
  let emptyRounds = 0
  /** How many pauses in a row such a producer's open transaction has cut short. */
  let shortPauses = 0
  /** How many more rounds begin with a look for leases whose claim was never answered. */
  let doubts = 0
  /** How often it was taken for dead and has joined again. */
  let rejoins = 0
  /** Some lane may refuse to be put in order, by a trigger of somebody else's. */
  let carefulUntil = -Infinity
  /** The queue that is asked first. */
  let turn = 0

  // A job that is leased but unknown here is handed back: the answer to its claim was lost, or a
  // settlement of its lease came too late, or twice. A claim in flight must not be beside it.
  const claiming = yield* Semaphore.make(1)
  const reconcile = Effect.gen(function*() {
    const { gone, released } = yield* registry.reconcile(worker, [
      ...runs.leases(),
      ...settler.leases()
    ])
    if (released > 0) {
      const jobs = LogFields.count({ length: released })
      yield* Effect.logWarning(`handed back ${jobs} that this worker had lost track of`).pipe(
        Effect.annotateLogs({ queues, count: released })
      )
    }
    const lost = runs.lose((run) => gone.includes(run.lease))
    if (lost.length > 0) {
      yield* Effect.logWarning(
        `broke off ${LogFields.wordsFor(lost)}: no longer leased to this worker`
      ).pipe(Effect.annotateLogs(LogFields.ofJobs(lost)))
    }
  })

  const round = Effect.gen(function*() {
    if (doubts > 0) {
      yield* reconcile
      doubts--
    }
    const rejoinsBefore = rejoins
    const inTurn = [...queues.slice(turn), ...queues.slice(0, turn)]
    const { isBehind, jobs } = yield* repo.claim({
      queues: inTurn,
      worker,
      ...runs.wants(),
      isCareful: clock.currentTimeMillisUnsafe() < carefulUntil
    })
    if (rejoins === rejoinsBefore) runs.add(jobs)
    // Others may have had these jobs since: those that are still leased to this worker go back
    // first.
    else doubts = Math.max(doubts, 1)
    turn = (turn + Turns.next(inTurn, jobs)) % queues.length
    if (jobs.length > 0 || isBehind) {
      sleep = "awake"
      emptyRounds = 0
    } else if (sleep === "awake") sleep = "falling"
    return { found: jobs.length, isBehind }
  })

  const rejoin = Effect.gen(function*() {
    // In one step with the count: jobs whose claim is not answered yet are not lost here, and must
    // not start.
    rejoins++
    sleep = "awake"
    const lost = runs.lose(() => true)
    yield* Effect.logWarning(
      `this worker was taken for dead, and joins again; broke off ${LogFields.wordsFor(lost)}`
    ).pipe(Effect.annotateLogs({ queues, ...LogFields.ofJobs(lost) }))
    yield* join
  })

  /**
   * After a claim that was not answered: it may have taken jobs, or told producers that this worker
   * sleeps.
   */
  const distrust = () => {
    doubts = 3
    sleep = "awake"
  }

  const afterFailure = (error: StoreError) => {
    if (error.code === unknownWorker) return Effect.ignore(rejoin)
    distrust()
    if (!error.isTransient) carefulUntil = clock.currentTimeMillisUnsafe() + carefulFor
    emptyRounds = Math.max(emptyRounds, 1)
    return Effect.logWarning(`could not ask for jobs: ${error.message}; asking again soon`).pipe(
      Effect.annotateLogs({ queues, ...LogFields.ofError(error) })
    )
  }

  const askForUnannounced = Effect.gen(function*() {
    hasUnannounced = yield* Effect.orElseSucceed(repo.hasUnannounced(queues), () => false)
  })

  return {
    reconcile: claiming.withPermit(reconcile),

    /** What to do when the store does not know this worker any more. */
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
    pause: Effect.fnUntraced(function*(longest: Duration.Input) {
      // Falling asleep is told to producers by a claim; those that were adding jobs at that moment
      // did not know. Another look finds what they had committed when they were asked for.
      if (sleep === "falling") {
        sleep = "asleep"
        yield* askForUnannounced
        return
      }
      const isQuiet = emptyRounds > 0 || !hasUnannounced
      // A tenth of the time that such a transaction has been open: one that takes long may stay
      // open long.
      shortPauses = isQuiet ? 0 : shortPauses + 1
      const millis = Math.min(
        isQuiet ? 200 * 2 ** Math.min(emptyRounds, 5) : Math.min(25 * 1.1 ** shortPauses, 1000),
        Duration.toMillis(longest)
      )
      const jittered = yield* Random.nextBetween(millis * 0.8, millis)
      const woken = yield* Effect.timeoutOption(Queue.take(changes), Duration.millis(jittered))
      emptyRounds = woken._tag === "Some" || !isQuiet ? 0 : emptyRounds + 1
      if (!isQuiet) yield* askForUnannounced
    })
  }
})

/** Milliseconds. Then a claim tries again to do without. */
const carefulFor = 60_000

/** What the store says to a claim by a worker that it does not know. */
const unknownWorker = "PGQ01"
