/**
 * A worker that claims and runs one job when a test says so, and does nothing by itself.
 */
import { Duration, Effect, type Scope } from "effect"
import { type ClaimLost, StoreError } from "../../domain/Errors.ts"
import type { ClaimedJob } from "../../domain/JobRecord.ts"
import * as Lanes from "../../domain/Lanes.ts"
import { notWanted, Settlement } from "../../domain/Settlement.ts"
import { failureReportsOf } from "../../services/Handlers.ts"
import type { Kit } from "./Kit.ts"
import * as SingleRuns from "./SingleRuns.ts"

export type TestWorker = Effect.Success<ReturnType<typeof make>>

/** Registers a worker. It leaves when the scope closes; its jobs go back. */
export const make = Effect.fnUntraced(function*(kit: Kit) {
  const id = crypto.randomUUID()
  const { registry } = kit
  const joining = registry.join({
    id,
    label: "test",
    host: "test",
    pid: process.pid,
    queues: [],
    mode: kit.mode,
    concurrency: 1,
    names: kit.handlers.names,
    failureReports: failureReportsOf(kit.handlers),
    lease: Duration.days(1)
  })
  yield* Effect.acquireRelease(joining, () => Effect.ignore(registry.leave(id)))
  const run = yield* SingleRuns.make(kit)
  return {
    /** Claims the next job of these queues, or of all; `undefined` if none is ready. */
    claim: claim(kit, id),
    run,
    settle: settle(kit, id),
    /** Gives jobs back that have not run. */
    release: (jobs: ReadonlyArray<ClaimedJob>) =>
      Effect.asVoid(kit.repo.settle(jobs.map((job) => ({
        ...job,
        settlement: Settlement.Released()
      })))),
    /** The worker dies with all its jobs. */
    die: registry.reportDead(id)
  }
})

/** Lets no other job run meanwhile. */
export const withWorker = <A, E, R>(
  kit: Kit,
  use: (worker: TestWorker) => Effect.Effect<A, E, R>
): Effect.Effect<A, E | StoreError, Exclude<R, Scope.Scope>> =>
  kit.turn.withPermit(Effect.scoped(Effect.flatMap(make(kit), use)))

const claim = (kit: Kit, worker: string) =>
  Effect.fnUntraced(function*(
    queues?: ReadonlyArray<string>
  ): Effect.fn.Return<ClaimedJob | undefined, StoreError> {
    yield* Effect.repeat(kit.scheduler.expire, { while: ({ isBehind }) => isBehind })
    yield* Effect.repeat(kit.scheduler.promote, { while: ({ isBehind }) => isBehind })
    for (const queue of yield* inTurn(kit, queues)) {
      const options = { queues: [queue], worker, limit: 1, slots: 1, perLaneMax: 0 }
      const { jobs } = yield* Effect.repeat(kit.repo.claim(options), {
        while: ({ isBehind, jobs }) => isBehind && jobs.length === 0
      })
      if (jobs[0] !== undefined) return jobs[0]
    }
    return undefined
  })

/** The queues that may have ready jobs, the one with the most urgent job first. */
const inTurn = Effect.fnUntraced(function*(
  { queued }: Kit,
  wanted: ReadonlyArray<string> | undefined
) {
  const queues = (yield* queued.queues)
    .filter((queue) => wanted === undefined || wanted.includes(queue))
  if (queues.length < 2) return queues
  const { jobs } = yield* queued.behind(0n)
  const heads = queues.flatMap((queue) =>
    Lanes.claimable(jobs.filter((job) => job.queue === queue)).slice(0, 1)
  )
  return heads.toSorted(Lanes.byTurn).map(({ queue }) => queue)
})

/** Records the end of a run. Answers the settlement: a job that was cancelled does not go back. */
const settle = ({ registry, repo }: Kit, worker: string) =>
  Effect.fnUntraced(function*(
    ended: SingleRuns.TestEnded
  ): Effect.fn.Return<Settlement, ClaimLost | StoreError> {
    if (ended.isRecorded === true) return ended.settlement
    const isCompleted = ended.settlement._tag === "Completed"
    const cancelled = isCompleted ? [] : yield* registry.cancelRequests(worker)
    const settlement = cancelled.some(({ id }) => id === ended.id) ? notWanted : ended.settlement
    const { lost, rowLocked } = yield* repo.settle([{ ...ended, settlement }])
    if (lost[0] !== undefined) return yield* lost[0]
    if (rowLocked.length === 0) return settlement
    return yield* new StoreError({
      operation: "settle",
      isTransient: true,
      detail: `another transaction locks job ${ended.id}`,
      cause: undefined
    })
  })
