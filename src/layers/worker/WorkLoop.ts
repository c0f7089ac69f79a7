/**
 * The loop of a worker: it claims as long as there is room, and waits for changes, until the worker
 * is to end.
 */
import { Effect } from "effect"
import { nextStep } from "../../domain/StopMode.ts"
import { JobRepo } from "../../services/JobRepo.ts"
import type * as Changes from "./Changes.ts"
import type * as ClaimLoop from "./ClaimLoop.ts"
import type * as Heartbeat from "./Heartbeat.ts"
import type * as JobRunner from "./JobRunner.ts"
import type { LoopWatch } from "./LoopWatch.ts"
import type * as Shutdown from "./Shutdown.ts"

export interface Parts {
  readonly worker: { readonly queues: ReadonlyArray<string> }
  readonly runs: Pick<JobRunner.JobRunner, "count" | "wants">
  readonly claims: Pick<Effect.Success<ReturnType<typeof ClaimLoop.make>>, "pause" | "round">
  readonly heartbeat: Pick<Heartbeat.Heartbeat, "isTrusted">
  readonly shutdown: Pick<Shutdown.Shutdown, "graceLeft" | "mode">
  readonly changes: Pick<Changes.Changes, "next">
  readonly watch: LoopWatch
}

/** Claims again and again until nothing is left to do. */
export const work = Effect.fnUntraced(
  function*({ changes, claims, heartbeat, runs, shutdown, watch, worker }: Parts) {
    const repo = yield* JobRepo
    let hasUnstarted = true
    const change = watch.waiting(changes.next)
    while (true) {
      watch.turn()
      const mode = shutdown.mode()
      const step = nextStep({ mode, running: runs.count(), hasUnstarted })
      if (step === "end") return
      if (step === "wait") {
        const left = shutdown.graceLeft()
        if (left <= 0) return
        yield* left === Infinity ? change : Effect.timeoutOption(change, left)
        continue
      }
      // A job that is claimed now could not start.
      if (runs.wants().limit === 0 || !heartbeat.isTrusted()) {
        yield* change
        continue
      }
      const round = yield* claims.round
      hasUnstarted ||= round?.hasFound === true
      // The claim has forgotten a wake-up that came before it began.
      if (shutdown.mode() !== mode) continue
      const isDraining = mode === "drain"
      if (round?.mayFindMore === true || (isDraining && round?.hasFound === true)) continue
      if (isDraining && round?.hasFound === false && runs.count() === 0) {
        hasUnstarted = yield* Effect.orElseSucceed(repo.hasUnstarted(worker.queues), () => true)
        if (!hasUnstarted) continue
      }
      const longest = isDraining ? "200 millis" : "5 seconds"
      yield* watch.waiting(claims.pause({ isDraining, longest }))
    }
  }
)
