/**
 * Runs one claimed job at a time, with the job runner of a worker. The end of each run is answered
 * in the place of being settled.
 */
import { Deferred, Duration, Effect, Exit, References, type Scope } from "effect"
import type { ClaimedJob } from "../../domain/JobRecord.ts"
import { HandlerMissing } from "../../domain/TestErrors.ts"
import { Handlers } from "../../services/Handlers.ts"
import { RunReports } from "../../services/RunReports.ts"
import { Transactions } from "../../services/Transactions.ts"
import * as JobRunner from "../worker/JobRunner.ts"
import type { Ended } from "../worker/Outbox.ts"
import * as RunRecorder from "../worker/RunRecorder.ts"
import type { Settler } from "../worker/Settler.ts"
import { Tallies } from "../worker/Tallies.ts"

/** The end of a run, not yet settled. */
export interface SingleRun {
  readonly exit: Exit.Exit<unknown, unknown>
  readonly ended: TestEnded
}

export interface TestEnded extends Ended {
  /** Whether a transaction of the run has completed the job: then nothing is to be settled. */
  readonly isRecorded?: boolean
}

export const make = Effect.fnUntraced(function*({ handlers, reports, transactions }: {
  readonly handlers: Handlers["Service"]
  readonly reports: RunReports["Service"]
  readonly transactions: Transactions["Service"]
}): Effect.fn.Return<(job: ClaimedJob) => Effect.Effect<SingleRun>, never, Scope.Scope> {
  let current = yield* Deferred.make<SingleRun>()
  let exit: Exit.Exit<unknown, unknown> | undefined
  const settler: Settler = {
    add: (ended) => {
      // Without an exit the handler was not called.
      const missing = Exit.fail(new HandlerMissing({ name: ended.name }))
      Deferred.doneUnsafe(current, Exit.succeed({ exit: exit ?? missing, ended }))
    },
    addRecorded: (ended) => {
      const run = { exit: exit ?? Exit.void, ended: { ...ended, isRecorded: true } }
      Deferred.doneUnsafe(current, Exit.succeed(run))
    },
    size: () => 0,
    jobs: () => [],
    leases: () => [],
    drained: Effect.void
  }
  const tallies = new Tallies([])
  const recorder = yield* RunRecorder.make(settler, tallies)
  const runs = yield* JobRunner.make({
    concurrency: 1,
    settler,
    tallies,
    recorder: {
      ...recorder,
      of: (run, ended) => {
        exit = ended.exit
        return recorder.of(run, ended)
      },
      completed: (run, ended) => {
        exit = ended
        return recorder.completed(run, ended)
      }
    },
    logAnnotations: yield* References.CurrentLogAnnotations,
    stuckAfter: Duration.minutes(1),
    isTrusted: () => true,
    onRoom: () => {}
  }).pipe(
    Effect.provideService(Handlers, handlers),
    Effect.provideService(RunReports, reports),
    Effect.provideService(Transactions, transactions)
  )

  return Effect.fnUntraced(function*(job) {
    const ended = current = yield* Deferred.make<SingleRun>()
    exit = undefined
    runs.add([job])
    return yield* Effect.onInterrupt(Deferred.await(ended), () => {
      runs.cancel()
      return Deferred.await(ended)
    })
  })
})
